"""Budgets over a real socket: whatever happens, what the server charges stays within them."""

import asyncio
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers.faults import (
    Act,
    Asked,
    Ends,
    FaultServer,
    Later,
    Reset,
    Says,
    Silent,
    Status,
    ask,
    session,
)

import moaql
from moaql.bank.base import Entry
from moaql.bank.memory import MemoryBank
from moaql.providers.base import Request
from moaql.run.batch import Done, answer_all
from moaql.run.budget import DEFAULT_LONGEST, Budget
from moaql.run.caller import Caller
from moaql.run.limits import Limit, Limits
from moaql.run.question import Question
from moaql.run.transport import HttpTransport

CALL = (100 * 1 + 10 * 2) / 1e6
"""What an answer of these servers costs: 100 tokens in at $1, and 10 out at $2, a million."""


def worst(question: str, max_tokens: int = DEFAULT_LONGEST) -> float:
    """The most that a first question can cost: a token a byte, some for the message, and the longest answer."""
    return ((len(question.encode()) + 16) * 1 + max_tokens * 2) / 1e6


# The property


@st.composite
def bad_days(draw: st.DrawFn) -> list[Act]:
    """What a server does in turn, some of it charged for, some not."""
    fine = st.builds(
        lambda seconds, share: Later(seconds, Says("text " * 5, (share, share))),
        st.sampled_from([0.0, 0.003]),
        st.integers(1, 100),
    )
    fault = st.sampled_from(
        [Reset(), Ends(), Status(500), Status(429, b"", {"retry-after": "0"}), Status(200, b"{}"), Silent()]
    )
    acts: list[Act] = draw(st.lists(st.one_of(fine, fine, fault), min_size=1, max_size=12))
    return [*acts, Says("fine")]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    acts=bad_days(),
    prices=st.tuples(st.integers(0, 10_000), st.integers(1, 10_000)).map(
        lambda cents: (cents[0] / 100, cents[1] / 100)
    ),
    dollars=st.floats(1e-6, 0.1),
    concurrency=st.integers(1, 8),
    pipeline=st.sampled_from(
        [
            "a x6 temperature=1 -> vote tie=first",
            "layer [a, b]x2 temperature=1 -> agg a",
            "layer [a x3, b x3] temperature=1 quorum=2 -> agg b",
            "a x8 temperature=1 -> vote tie=first early=true",
        ]
    ),
    max_tokens=st.sampled_from([1, 50, 400]),
    counts=st.booleans(),
)
def test_no_budget_is_ever_exceeded(
    acts: list[Act],
    prices: tuple[float, float],
    dollars: float,
    concurrency: int,
    pipeline: str,
    max_tokens: int,
    counts: bool,
) -> None:
    """Whatever prices, lengths, faults and concurrency: what was charged is at most what was counted, and that the budget.

    The server reads a token a byte and writes as many as it is allowed at worst, and it charges for what it began to answer, also
    where the client has gone, the connection is lost, or it does not say what it counted.
    """

    def play(asked: Asked) -> Act:
        act = acts[min(len(server.asked) - 1, len(acts) - 1)]
        read = sum(len(each["content"].encode()) for each in asked.body["messages"])
        waits = act if isinstance(act, Later) else Later(0, act)
        says = waits.act
        share = says.usage[1] if isinstance(says, Says) and says.usage else 100
        bill = (read, max(1, asked.body["max_tokens"] * share // 100))
        bills.append(bill if isinstance(says, Says | Reset | Ends) else (0, 0))
        if isinstance(says, Says):
            return Later(waits.seconds, Says(says.text, bill if counts else None))
        return waits

    bills: list[tuple[int, int]] = []
    with FaultServer(a=play, b=play) as server:
        program = server.program(
            pipeline,
            f"price_in={prices[0]!r} price_out={prices[1]!r} api_key_env=none max_tokens={max_tokens} timeout=100ms",
        )
        graph = moaql.parse(program).topology().graph
        budgets: list[Budget] = []

        async def run() -> None:
            async with session(
                budget=dollars, wait=0.001, stall=0.1, limits=Limits(default=Limit(concurrency))
            ) as caller:
                budgets.append(caller.budget)
                questions = [Question(f"question {number}") for number in range(4)]
                with suppress(moaql.BudgetReached):
                    await answer_all(graph, questions, caller, at_once=3, on_done=lambda done: None)

        asyncio.run(run())
    (budget,) = budgets
    charged = sum((read * prices[0] + written * prices[1]) / 1e6 for read, written in bills)
    assert charged <= (budget.paid + budget.uncertain) * (1 + 1e-9) + 1e-12
    assert budget.paid + budget.uncertain <= dollars * (1 + 1e-9) + 1e-12
    assert budget.reserved == 0
    assert min(budget.paid, budget.uncertain) >= 0


def test_an_estimate_is_no_more_than_the_limit_of_tokens() -> None:
    """A text of which the server counts no tokens may look longer than it can have been."""
    with FaultServer(a=Says("x" * 700, None)) as server:
        answer = ask(server, "a max_tokens=100", "Q", budget=1.01 * worst("Q", 100))
    assert answer.completion_tokens == 100
    assert answer.paid is not None
    assert answer.paid < worst("Q", 100)


# What a budget means for a run


def test_nothing_is_sent_that_might_not_fit() -> None:
    with FaultServer(a="fine") as server:
        with pytest.raises(moaql.BudgetReached) as reached:
            ask(server, "a", "What is it?", budget=worst("What is it?") * 0.99)
        assert server.asked == []
        assert ask(server, "a", "What is it?", budget=worst("What is it?") * 1.01).paid == pytest.approx(CALL)
    assert reached.value.exit_code == 4
    assert "the next call of `openai/a` may cost $0.016411" in reached.value.message
    assert "Raise the budget" in reached.value.next_step


def test_a_limit_of_tokens_is_sent_with_a_budget_only() -> None:
    with FaultServer(a="fine", b="fine") as server:
        ask(server, "layer [a, b]", models={"b": "max_tokens=50"})
        ask(server, "layer [a, b]", models={"b": "max_tokens=50"}, budget=1)
    assert [each.body.get("max_tokens") for each in server.of("a")] == [None, DEFAULT_LONGEST]
    assert [each.body.get("max_tokens") for each in server.of("b")] == [50, 50]


def test_an_answer_that_the_limit_did_not_cut_is_the_answer_without_a_budget_too(tmp_path: Path) -> None:
    bank = str(tmp_path / "bank.db")
    with FaultServer(a="fine", cut=[Says("cut o", finish="length"), "whole"]) as server:
        ask(server, "a", bank=bank, budget=1)
        assert ask(server, "a", bank=bank).paid == 0
        assert ask(server, "cut", bank=bank, budget=1).text == "cut o"
        assert ask(server, "cut", bank=bank, budget=1).paid == 0
        assert ask(server, "cut", bank=bank).text == "whole"
    assert len(server.of("a")) == 1
    assert len(server.of("cut")) == 2


def test_calls_wait_for_those_in_flight_and_go_on_when_these_are_settled() -> None:
    """A budget of one worst case lets six calls through, one after the other, since each costs much less."""
    with FaultServer(a=Later(0.02, Says("fine", (1, 1)))) as server:
        answer = ask(server, "a x6 temperature=1 max_tokens=100", "Q", budget=worst("Q", 100) + 5 * 3e-6)
        assert server.most_at_once == 1
    assert len(answer.outputs) == 6
    assert answer.paid == pytest.approx(6 * 3e-6)


def test_banked_answers_cost_nothing(tmp_path: Path) -> None:
    bank = str(tmp_path / "bank.db")
    with FaultServer(a="fine") as server:
        ask(server, "a x5 temperature=1 max_tokens=100", bank=bank)
        again = ask(server, "a x5 temperature=1 max_tokens=100", bank=bank, budget=1e-9)
    assert (again.paid, len(server.asked)) == (0, 5)


def test_a_model_without_a_price_is_refused_before_anything_is_sent() -> None:
    """Also where it is asked last, perhaps, or only when another fails."""
    free = "api_key_env=none"
    for pipeline in (
        "b",
        "layer [a] -> agg b",
        "layer [a, a] -> when agreement == 1 { vote } else { agg b }",
        "model any = a or b\ntopology t = any",
    ):
        with FaultServer(a="one", b="two") as server:
            with pytest.raises(moaql.UsageError, match="`openai/b` has no known price") as refused:
                ask(server, pipeline, settings=free, models={"a": "price_in=$1 price_out=$2"}, budget=1)
            assert server.asked == []
        assert refused.value.exit_code == 2
    with FaultServer(b="two") as server:
        answer = ask(server, "b", settings=free)
    assert (answer.cost, answer.paid) == (None, None)  # unknown, not $0


def test_what_broke_off_stays_counted() -> None:
    with FaultServer(a=[Reset(), "fine"]) as server:
        once = worst("Q", 100)
        with pytest.raises(moaql.BudgetReached) as reached:
            ask(server, "a max_tokens=100", "Q", budget=1.5 * once)
        assert len(server.asked) == 1
        assert f"up to ${once:.6f} went to calls that broke off" in reached.value.message
    with FaultServer(a=[Reset(), "fine"]) as server:
        assert ask(server, "a max_tokens=100", "Q", budget=2.1 * once).text == "fine"


def test_what_was_refused_is_not_counted() -> None:
    with FaultServer(a=[Status(429), Status(503), "fine"]) as server:
        assert ask(server, "a max_tokens=100", "Q", budget=1.1 * worst("Q", 100)).text == "fine"


def test_a_cancelled_call_stays_counted() -> None:
    async def run() -> tuple[float, float, float]:
        with FaultServer(a="one", slow=Silent(), c="merged") as server:
            topology = moaql.parse(server.program("layer [a, slow] quorum=1 max_tokens=100 -> agg c")).topology()
            async with session(budget=1.0) as caller:
                answer = await topology.arun("Q", session=caller)
            budget = caller.budget
            assert answer.paid == pytest.approx(budget.paid)
            return budget.paid, budget.uncertain, budget.reserved

    paid, uncertain, reserved = asyncio.run(run())
    assert paid == pytest.approx(2 * CALL)
    assert uncertain == pytest.approx(worst("Q", 100))
    assert reserved == 0


def test_a_call_that_never_left_is_not_counted() -> None:
    """Cancelled while it waited for its turn."""

    async def run() -> tuple[float, int]:
        with FaultServer(hanging=Silent()) as server:
            graph = moaql.parse(server.program("hanging x3 temperature=1 max_tokens=100")).topology()
            async with session(budget=1.0, limits=Limits(default=Limit(1))) as caller:
                task = asyncio.create_task(graph.arun("Q", session=caller))
                await asyncio.to_thread(server.wait, lambda: bool(server.asked))
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            return caller.budget.uncertain, len(server.asked)

    uncertain, sent = asyncio.run(run())
    assert sent == 1
    assert uncertain == pytest.approx(worst("Q", 100))


def test_a_batch_that_reaches_its_budget_goes_on_with_a_bigger_one_and_pays_the_rest_only(tmp_path: Path) -> None:
    bank = str(tmp_path / "bank.db")
    questions = [Question(f"question {number:02}") for number in range(20)]
    with FaultServer(a=Later(0.005, "one"), c="merged") as server:
        program = server.program(
            "layer [a x2] temperature=1 -> agg c", "api_key_env=none seed=1 max_tokens=20 price_in=1 price_out=2"
        )
        graph = moaql.parse(program).topology().graph

        async def batch(dollars: float) -> tuple[list[Done], bool]:
            done: list[Done] = []
            async with session(bank, budget=dollars) as caller:
                try:
                    await answer_all(graph, questions, caller, at_once=4, on_done=done.append)
                except moaql.BudgetReached:
                    return done, True
            return done, False

        done, reached = asyncio.run(batch(0.004))
        assert reached
        assert 0 < len(done) < 20
        assert server.charged() <= 0.004
        done, reached = asyncio.run(batch(1.0))
        assert not reached
        assert len(done) == 20
        keys = [each.key for each in server.asked]
    assert len(keys) == len(set(keys)) == 60
    assert sum(each.answer.paid for each in done if each.answer) < 60 * CALL * 0.9


def test_a_batch_that_reaches_its_budget_ends_what_still_fits() -> None:
    """The first holds nearly all of the budget. When it is done, the second does not fit any more, and the third does."""
    questions = [Question("one"), Question("x" * 1000), Question("three")]
    with FaultServer(a=Later(0.1, Says("fine", (1, 1)))) as server:
        graph = moaql.parse(server.program("a max_tokens=100")).topology().graph

        async def batch() -> list[Done]:
            done: list[Done] = []
            async with session(budget=worst("three", 100) + 4e-6) as caller:
                with pytest.raises(moaql.BudgetReached):
                    await answer_all(graph, questions, caller, on_done=done.append)
                assert caller.budget.uncertain == 0
            return done

        assert [each.position for each in asyncio.run(batch())] == [0, 2]


# The ledger itself


def test_sums_that_drift_do_not_leave_calls_waiting_for_ever() -> None:
    """Dollars are fractions, and sums of many have errors; with nothing in flight, nothing is reserved."""

    async def spend() -> None:
        budget = Budget(1000.0)
        parts = [math.pi * 1000 / 7 / (number + 1) ** 2 for number in range(1000)]
        for _ in range(50):
            open_ones = [await budget.reserve(each, "m") for each in parts]
            for each in open_ones:
                budget.release(each)
        assert budget.left == 1000.0
        with pytest.raises(moaql.BudgetReached):
            await asyncio.wait_for(budget.reserve(1000.1, "m"), 1)

    asyncio.run(spend())


def test_waiting_is_given_up_without_a_trace() -> None:
    async def give_up() -> None:
        budget = Budget(1.0)
        held = await budget.reserve(0.9, "m")
        waiting = asyncio.create_task(budget.reserve(0.5, "m"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        budget.settle(held, 0.1)
        assert budget.left == pytest.approx(0.9)

    asyncio.run(give_up())


class _SlowToFind(MemoryBank):
    """A bank at the other end of a network: an answer that is stored while it looks is not found."""

    def __init__(self) -> None:
        super().__init__()
        self._waits = [0.0, 0.3]

    async def find(self, key: bytes) -> Entry | None:
        found = await super().find(key)
        await asyncio.sleep(self._waits.pop(0) if self._waits else 0.0)
        return found


def test_a_call_that_lands_while_the_bank_is_asked_is_not_paid_again() -> None:
    async def both() -> list[float | None]:
        with FaultServer(a="fine") as server:
            bank = _SlowToFind()
            connection: tuple[tuple[str, Any], ...] = (("base_url", f"http://127.0.0.1:{server.port}/v1"),)
            request = Request("openai", "a", (("user", "Q"),), connection=connection)
            async with HttpTransport() as transport:
                caller = Caller(bank, transport)
                answers = await asyncio.gather(*(caller.ask(request, (1.0, 2.0)) for _ in range(2)))
                await caller.close()
            assert len(server.asked) == 1
            return [each.paid for each in answers]

    assert sorted(asyncio.run(both())) == [0, pytest.approx(CALL)]
