"""Laws of a run, on programs that nobody wrote and models that answer at random, but always the same to the same request."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from graph.test_fingerprint_properties import MODELS, law, programs, stage
from hypothesis import assume, given
from hypothesis import strategies as st
from run.worlds import World, nothing_is_left, session

import moaql
from moaql.bank.memory import MemoryBank
from moaql.graph.nodes import IF, Call, Gate, Reduce
from moaql.graph.plan import plan
from moaql.language import nodes as n
from moaql.language.printer import print_module
from moaql.records import replace
from moaql.run.events import CallFinished, Event
from tests.language.strategies import HERE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from moaql.api.program import Topology

MOST_CALLS = 24
"""A program that may make more is not tried: its runs take long, and show nothing else."""
PATIENCE = 20.0
"""Seconds after which a run hangs."""
QUESTION = moaql.Question("How many?", id="1", fields={"topic": "maths", "kind": "maths"})
CONNECTION = 'base_url="http://models.test/v1" api_key_env=none price_in=0.25 price_out=2 max_tokens=20 seed=1'


def played(program: n.Module) -> str:
    """The program with its models in our world."""
    text = print_module(program)
    text = re.sub(
        r'"sim/(\w+)"', r'"openai/\1"', 'model spare = "sim/spare"\n' + text.replace('or "sim/spare"', "or spare")
    )
    text = re.sub(r" price_in=\S+ price_out=\S+", "", text)
    return re.sub(r"^(model .*)$", rf"\1 {CONNECTION}", text, flags=re.MULTILINE)


def is_small(topology: Topology) -> bool:
    return sum(1 for _ in topology.graph.calls) <= MOST_CALLS


def operations(topology: Topology) -> set[str]:
    """What its reductions do; a vote that may stop before all are heard is an `early vote`."""
    reductions = [node for node in topology.graph.nodes.values() if isinstance(node, Reduce)]
    early = [each for each in reductions if dict(each.parameters).get("early") is not None]
    return {f"early {each.operation}" if each in early else each.operation for each in reductions}


def is_settled(topology: Topology) -> bool:
    """Whether what it asks does not depend on who answers first."""
    return not {"quorum", "early vote"} & operations(topology)


def has_uneven_sides(topology: Topology) -> bool:
    """Whether one side of a decision gives more candidates than another."""
    choices = [
        node for node in topology.graph.nodes.values() if isinstance(node, Reduce) and node.operation == "choose"
    ]
    roles = [[role for role, _ in each.inputs if role.startswith(IF)] for each in choices]
    labels = [topology.graph.nodes[each.inputs[0][1].node].labels for each in choices]  # type: ignore[union-attr]
    return any(len({given.count(IF + label) for label in said}) > 1 for given, said in zip(roles, labels, strict=True))


topologies = programs().map(lambda each: moaql.parse(played(each)).topology("main")).filter(is_small)
settled = topologies.filter(is_settled)
shares = st.sampled_from([0.1, 0.3, 0.7])


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(PATIENCE):
            await work()

    asyncio.run(within_time())


async def ended(answering: Awaitable[moaql.Answer]) -> moaql.Answer | moaql.MoaqlError:
    """The answer, or the error that moaql raises on purpose; any other is a failure of the test."""
    try:
        return await answering
    except moaql.MoaqlError as error:
        return error


def answer_of(result: moaql.Answer | moaql.MoaqlError, topology: Topology) -> moaql.Answer:
    """The answer. Where a quorum goes on without the first candidates, a `take` behind it may be left with none."""
    assume(isinstance(result, moaql.Answer) or "quorum" not in operations(topology))
    assert isinstance(result, moaql.Answer), result
    return result


def outcome(ended: moaql.Answer | moaql.MoaqlError) -> Any:
    """What the user sees of it, without times, ids and what was paid."""
    if isinstance(ended, moaql.MoaqlError):
        return type(ended), str(ended)
    texts = [(each.node, each.text, each.model_id) for each in ended.said]
    outputs = [(each.node, each.text) for each in ended.outputs]
    losses = sorted((each.node, each.reason) for each in ended.losses)
    return ended.text, outputs, texts, losses, sorted(ended.notes), ended.decisions, ended.cost


def made(events: list[Event], *, lost: bool = False) -> list[str]:
    """The calls that were answered, or that were lost."""
    return [each.node.id for each in events if isinstance(each, CallFinished) and (each.candidate is None) == lost]


class TestEveryRun:
    @law(25)
    @given(topologies, shares, st.integers(1, 3))
    def test_ends_with_an_answer_or_an_error_and_leaves_nothing(
        self, topology: Topology, failing: float, attempts: int
    ) -> None:
        async def work() -> None:
            world = World(failing)
            async with session(world, attempts=attempts) as caller:
                result = await ended(topology.arun(QUESTION, session=caller))
                await nothing_is_left(world)
                assert caller.budget.reserved == 0
                assert isinstance(result, moaql.Answer | moaql.NoCandidates)

        run(work)

    @law(25)
    @given(topologies, shares)
    def test_names_each_call_that_was_lost_and_no_other(self, topology: Topology, failing: float) -> None:
        async def work() -> None:
            events: list[Event] = []
            async with session(World(failing)) as caller:
                result = await ended(topology.arun(QUESTION, session=caller, listeners=(events.append,)))
            if isinstance(result, moaql.Answer):
                named = [each.node for each in result.losses if isinstance(topology.graph.nodes[each.node], Call)]
                assert sorted(named) == sorted(made(events, lost=True))
                assert sorted(each.node for each in result.said) == sorted(made(events))
                assert not {each.node for each in result.said} & set(named)

        run(work)

    @law(25)
    @given(topologies)
    def test_makes_as_many_calls_as_were_planned(self, topology: Topology) -> None:
        async def work() -> None:
            world, graph = World(), topology.graph
            async with session(world) as caller:
                result = answer_of(await ended(topology.arun(QUESTION, session=caller)), topology)
            bounds = plan(graph).calls
            assert len(result.said) <= bounds.high
            # What a quorum cancels was planned, and says nothing; nobody is asked about the third candidate of a side that has two.
            assert len(result.said) >= bounds.low or "quorum" in operations(topology) or has_uneven_sides(topology)
            assert result.decisions.keys() <= {each.id for each in graph.nodes.values() if isinstance(each, Gate)}
            for body in world.asked:
                assert not re.search(r"\{\w+[^{}\n]*\}", str(body["messages"]).replace("{'role'", "")), body

        run(work)

    @law(25)
    @given(topologies)
    def test_draws_the_bill_of_what_was_said(self, topology: Topology) -> None:
        async def work() -> None:
            async with session(World()) as caller:
                result = answer_of(await ended(topology.arun(QUESTION, session=caller)), topology)
                assert result.cost == pytest.approx(sum(each.cost or 0 for each in result.said))
                assert result.paid is not None
                assert result.cost is not None
                assert result.paid <= result.cost + 1e-12
                assert result.paid <= caller.budget.paid + 1e-12

        run(work)

    @law(25)
    @given(topologies)
    def test_takes_between_its_longest_call_and_all_of_them_in_a_row(self, topology: Topology) -> None:
        async def work() -> None:
            async with session(world := World(), concurrency=MOST_CALLS) as caller:
                result = answer_of(await ended(topology.arun(QUESTION, session=caller)), topology)
            times = [each.latency_s for each in result.said]
            assert result.latency_s <= sum(times) + 1e-9
            if len(world.asked) == len(times):  # a call that equals an earlier one counts in full, and takes no time
                assert result.latency_s <= result.elapsed_s
            if is_settled(topology):
                assert result.latency_s >= max(times) - 1e-9

        run(work)

    @law(25)
    @given(topologies, st.booleans())
    def test_speaks_its_answer_in_pieces(self, topology: Topology, banked: bool) -> None:
        async def work() -> None:
            async with session(World()) as caller:
                if banked:
                    answer_of(await ended(topology.arun(QUESTION, session=caller)), topology)
                events: list[Event] = []
                pieces: list[str] = []
                with suppress(moaql.NoCandidates):
                    pieces += [
                        piece async for piece in topology.stream(QUESTION, session=caller, listeners=(events.append,))
                    ]
                assert "".join(pieces) == events[-1].answer  # type: ignore[union-attr]

        run(work)


class TestTheBank:
    @law(25)
    @given(settled, st.sampled_from([0.0, 0.3]))
    def test_the_same_again_costs_nothing_and_says_the_same(self, topology: Topology, failing: float) -> None:
        async def work() -> None:
            bank = MemoryBank()
            async with session(World(failing), bank) as caller:
                first = await ended(topology.arun(QUESTION, session=caller))
                asked = len(bank._entries)
                again = await ended(topology.arun(QUESTION, session=caller))
                assert outcome(again) == outcome(first)
                assert len(bank._entries) == asked
                assert isinstance(again, moaql.MoaqlError) or again.paid == 0
            if failing == 0:
                world = World()
                async with session(world, bank, offline=True) as caller:
                    offline = await ended(topology.arun(QUESTION, session=caller))
                assert outcome(offline) == outcome(first)
                assert world.asked == []

        run(work)

    @law(25)
    @given(programs(), st.sampled_from(MODELS), st.integers(1, 3))
    def test_fewer_samples_are_a_part_of_more(self, program: n.Module, model: str, more: int) -> None:
        few, many = (sampled(program, model, times) for times in (more, more + 1))
        if not (is_small(many) and is_settled(many)):
            return

        async def work() -> None:
            banks = [MemoryBank(), MemoryBank()]
            for topology, bank in zip((few, many), banks, strict=True):
                async with session(World(), bank) as caller:
                    await ended(topology.arun(QUESTION, session=caller))
            small, large = (set(each._entries) for each in banks)
            assert small <= large
            assert len(large) <= len(small) + 1

        run(work)


def sampled(program: n.Module, model: str, times: int) -> Topology:
    """The program with samples of a model at its end."""
    last = replace(stage(model), repeat=n.Repeat(HERE, times) if times > 1 else None)

    def longer(statement: n.Statement) -> n.Statement:
        if not isinstance(statement, n.TopologyStatement) or statement.name is not None:
            return statement
        return replace(statement, body=n.Pipeline(HERE, (*statement.body.steps, last)))

    return moaql.parse(played(n.Module(program.source, tuple(map(longer, program.statements))))).topology("main")


class TestManyRuns:
    @law(25)
    @given(topologies, st.floats(0, 0.02), st.sampled_from([0.0, 0.3]))
    def test_a_cancelled_run_leaves_a_session_that_works(
        self, topology: Topology, moment: float, failing: float
    ) -> None:
        async def work() -> None:
            world = World(failing)
            async with session(world) as caller:
                task = asyncio.create_task(ended(topology.arun(QUESTION, session=caller)))
                await asyncio.sleep(moment)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await nothing_is_left(world)
                after = await ended(topology.arun(QUESTION, session=caller))
            if is_settled(topology):
                async with session(World(failing)) as caller:
                    assert outcome(after) == outcome(await ended(topology.arun(QUESTION, session=caller)))

        run(work)

    @law(25)
    @given(topologies, st.integers(0, 4), st.sampled_from([0.0, 0.3]))
    def test_nobody_has_to_listen_to_the_end(self, topology: Topology, most: int, failing: float) -> None:
        async def work() -> None:
            world = World(failing)
            async with session(world) as caller:
                heard: list[str] = []
                with suppress(moaql.MoaqlError):
                    async for piece in topology.stream(QUESTION, session=caller):
                        heard.append(piece)
                        if len(heard) > most:
                            break
                await nothing_is_left(world)
                again = await ended(topology.arun(QUESTION, session=caller))
                assert isinstance(again, moaql.Answer | moaql.NoCandidates)

        run(work)

    @law(25)
    @given(st.lists(settled, min_size=2, max_size=3))
    def test_at_once_they_say_what_they_say_one_by_one(self, several: list[Topology]) -> None:
        async def work() -> None:
            async with session(World()) as caller:
                together = await asyncio.gather(*[ended(each.arun(QUESTION, session=caller)) for each in several])
                paid = sum(each.paid or 0 for each in together if isinstance(each, moaql.Answer))
                assert paid == pytest.approx(caller.budget.paid)
            async with session(World()) as caller:
                alone = [await ended(each.arun(QUESTION, session=caller)) for each in several]
            assert list(map(outcome, together)) == list(map(outcome, alone))

        run(work)

    @law(25)
    @given(topologies, topologies, st.floats(0, 0.02))
    def test_one_that_is_cancelled_takes_nothing_from_the_others(
        self, one: Topology, other: Topology, moment: float
    ) -> None:
        async def work() -> None:
            async with session(World()) as caller:
                task = asyncio.create_task(ended(one.arun(QUESTION, session=caller)))
                others = [asyncio.create_task(ended(each.arun(QUESTION, session=caller))) for each in (one, other)]
                await asyncio.sleep(moment)
                task.cancel()
                results = await asyncio.gather(*others)
                await asyncio.gather(task, return_exceptions=True)
            for result, topology in zip(results, (one, other), strict=True):
                assert answer_of(result, topology).losses == ()

        run(work)

    @law(25)
    @given(topologies, st.integers(0, 400), st.sampled_from([0.0, 0.3]), st.integers(1, 2))
    def test_no_budget_is_overspent(self, topology: Topology, microdollars: int, failing: float, attempts: int) -> None:
        async def work() -> None:
            world, budget = World(failing), microdollars * 2e-6 + 1e-6
            async with session(world, budget=budget, attempts=attempts) as caller:
                results = await asyncio.gather(
                    *[
                        ended(topology.arun(moaql.Question(text, fields=QUESTION.fields), session=caller))
                        for text in "ab"
                    ]
                )
                await nothing_is_left(world)
                assert caller.budget.reserved == 0
            assert world.charged <= budget + 1e-12
            assert all(isinstance(each, moaql.Answer | moaql.NoCandidates | moaql.BudgetReached) for each in results)

        run(work)
