"""Calls that several wait for: who pays, who hears, and what becomes of them when one leaves or the session closes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from run.scripted import Cut, Failure, Later, Script

import moaql
from moaql.bank.memory import MemoryBank
from moaql.providers.base import Request
from moaql.run.budget import Budget
from moaql.run.caller import Caller
from moaql.run.events import CallFinished, Event, RunFinished
from moaql.run.limits import Gatekeeper, Limit
from moaql.run.transport import HttpTransport

CONNECTION = (("api_key_env", None), ("base_url", "http://models.test/v1"))
REQUEST = Request("openai", "a", (("user", "Q"),), connection=CONNECTION)
PRICE = (1.0, 2.0)
COST = 120e-6


async def words(request: httpx.Request) -> httpx.Response:
    """One word each 20 ms."""

    async def lines() -> AsyncIterator[bytes]:
        for word in ("one ", "two ", "three"):
            chunk = {"choices": [{"delta": {"content": word}}]}
            yield f"data: {json.dumps(chunk)}\n\n".encode()
            await asyncio.sleep(0.02)
        end = {
            "choices": [{"delta": {}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10},
        }
        yield f"data: {json.dumps(end)}\n\ndata: [DONE]\n\n".encode()

    return httpx.Response(200, content=lines())


@asynccontextmanager
async def speaking(**given: Any) -> AsyncIterator[Caller]:
    caller = Caller(MemoryBank(), transport := HttpTransport(inner=httpx.MockTransport(words)), **given)
    try:
        yield caller
    finally:
        await caller.close()
        await transport.aclose()


def test_who_stays_takes_the_bill_of_who_leaves() -> None:
    script = Script(a=Later(0.1, "one"))
    topology = script.topology("a")

    async def leave() -> tuple[moaql.Answer, float]:
        async with moaql.open_session(moaql.Options(**script.options())) as session:
            first, second = (asyncio.create_task(topology.arun("Q", session=session)) for _ in range(2))
            await asyncio.sleep(0.05)
            first.cancel()
            return await second, session.budget.paid

    answer, paid = asyncio.run(leave())
    assert script.models == ["a"]
    assert answer.paid == pytest.approx(paid) == pytest.approx(COST)


def test_who_left_hears_no_more_words() -> None:
    """Another model may be speaking to them by now."""

    async def leave() -> tuple[list[str], str]:
        heard: list[str] = []
        async with speaking() as caller:
            first = asyncio.create_task(caller.ask(REQUEST, PRICE, on_text=heard.append))
            await asyncio.sleep(0.01)
            second = asyncio.create_task(caller.ask(REQUEST, PRICE))
            await asyncio.sleep(0)
            first.cancel()
            return heard, (await second).response.text

    assert asyncio.run(leave()) == (["one "], "one two three")


def test_who_cannot_hear_does_not_end_the_call_of_others() -> None:
    def broken(piece: str) -> None:
        raise RuntimeError("the display is gone")

    async def listen() -> tuple[Any, Any, int]:
        async with speaking() as caller:
            asking = [caller.ask(REQUEST, PRICE, on_text=broken), caller.ask(REQUEST, PRICE)]
            first, second = await asyncio.gather(*asking, return_exceptions=True)
            return first, second, sum(each.entries for each in await caller.bank.count())

    first, second, banked = asyncio.run(listen())
    assert str(first) == "the display is gone"
    assert second.response.text == "one two three"
    assert banked == 1


def test_a_call_of_another_program_has_the_price_of_this_one() -> None:
    async def ask() -> list[float | None]:
        async with speaking() as caller:
            asking = [caller.ask(REQUEST, price, on_text=len) for price in (PRICE, (10.0, 20.0))]
            return [each.cost for each in await asyncio.gather(*asking)]

    assert asyncio.run(ask()) == [pytest.approx(COST), pytest.approx(10 * COST)]


def test_closing_the_session_ends_runs_that_wait_with_an_error() -> None:
    script = Script(a=Later(5, "late"), b=Later(5, "late"), c="done")

    async def close() -> None:
        async with moaql.open_session(moaql.Options(**script.options())) as session:
            task = asyncio.create_task(script.topology("layer [a, b] -> agg c").arun("Q", session=session))
            await asyncio.sleep(0.05)
        async with asyncio.timeout(2):
            with pytest.raises(moaql.UsageError, match="the session was closed while a run waited"):
                await task
        with pytest.raises(moaql.UsageError, match="the session is closed"):
            await script.topology("a").arun("Q", session=session)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(close())


def test_an_answer_that_a_budget_cut_is_found_again_offline() -> None:
    script = Script(a=Cut("half of it"))

    async def twice() -> tuple[moaql.Answer, moaql.Answer]:
        topology, bank = script.topology("a"), MemoryBank()
        async with HttpTransport(inner=script.options()["transport"]) as transport:
            first = await topology.arun("Q", session=Caller(bank, transport, budget=Budget(1.0)))
            again = Caller(bank, transport, budget=Budget(1.0), offline=True)
            return first, await topology.arun("Q", session=again)

    first, again = asyncio.run(twice())
    assert (again.text, again.paid) == (first.text, 0)
    assert len(script.asked) == 1


def test_calls_that_are_given_up_use_up_nobodys_minute() -> None:
    async def wait() -> float:
        gate = Gatekeeper(Limit(50, per_minute=600))  # one each 0.1 s
        await gate.enter()
        waiting = [asyncio.create_task(gate.enter()) for _ in range(40)]
        await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        started = time.perf_counter()
        await gate.enter()
        return time.perf_counter() - started

    assert asyncio.run(wait()) < 1


def test_what_a_failed_model_had_begun_to_think_is_no_part_of_the_next_ones_answer() -> None:
    async def half(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["model"] == "b":
            return await words(request)
        chunk = {"choices": [{"delta": {"content": "<think>let us see</think><thi"}}]}
        return httpx.Response(200, content=f"data: {json.dumps(chunk)}\n\n".encode())

    script = Script(a="", b="")
    topology = script.topology("model any = a or b\ntopology t = any")

    async def listen() -> list[str]:
        transport = httpx.MockTransport(half)
        return [piece async for piece in topology.stream("Q", **script.options(transport=transport))]

    assert "".join(asyncio.run(listen())) == "one two three"


def test_a_stream_has_the_white_space_that_its_answer_has() -> None:
    script = Script(a="\n<think>hm</think>\n\nIt is 4. \n\n", b=" It is 4.\n")

    async def listen(model: str) -> str:
        return "".join([piece async for piece in script.topology(model).stream("Q", **script.options())])

    assert asyncio.run(listen("a")) == script.run("a").text == "It is 4."
    assert asyncio.run(listen("b")) == script.run("b").text == " It is 4.\n"


@pytest.mark.parametrize(
    "pipeline",
    [
        "a -> when confidence judge=slow >= 0 { b } else { c }",
        "slow -> agg lost fallback=b",
        "layer [slow, a, b] -> vote early=true confidence=1",
    ],
    ids=["gate", "fallback", "vote"],
)
def test_latency_is_that_of_what_had_to_wait_for_a_decision(pipeline: str) -> None:
    """A branch begins when its gate has decided, a spare when the others are lost, and a third voter when two disagree."""
    script = Script(a="one", b=Later(0.1, "two"), c="three", slow=Later(0.15, "0.9"), lost=Failure(500))
    answer = script.run(pipeline)
    assert script.models[-1] == "b"
    assert 0.25 <= answer.latency_s <= answer.elapsed_s


def test_what_a_broken_listener_says_is_what_the_run_ends_with() -> None:
    told: list[Event] = []

    def broken(event: Event) -> None:
        told.append(event)
        if isinstance(event, CallFinished):
            raise RuntimeError("the trace is full")
        if isinstance(event, RunFinished):
            raise RuntimeError("still full")

    script = Script(a="one", b="two", c="three")
    with pytest.raises(RuntimeError, match="the trace is full"):
        script.run("layer [a, b] -> agg c", listeners=(broken,))
    assert isinstance(told[-1], RunFinished)
    assert script.of("c") == []
