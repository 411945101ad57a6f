"""The reductions that decide what is asked at all: `choose`, `fallback`, `quorum`, and a `vote` that stops early."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol

from moaql.answers.early import needed
from moaql.answers.readings import same_answers
from moaql.graph.nodes import IF, Call
from moaql.run.work import all_done, any_done

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from moaql.answers.candidate import Candidate
    from moaql.graph.nodes import Graph, Node, Reduce
    from moaql.run.work import Work
    from moaql.stages.base import Ref


_PATIENCE = 0.25
"""Seconds that a voter is waited for at least before the next is asked besides."""


class Demands(Protocol):
    """What these reductions need of the run."""

    graph: Graph

    def demand(self, ids: Iterable[str], not_before: float = 0.0) -> list[Work]:
        """Want nodes, since that many seconds after the question came."""
        ...

    def release(self, ids: Iterable[str]) -> None:
        """Do not want them any more."""
        ...

    def reduce(self, node: Reduce, read: Sequence[Candidate | None], ready_at: float, work: Work) -> None:
        """Apply the operation of a node."""
        ...

    def finish(
        self, node: Node, work: Work, outputs: Sequence[Candidate | None], ready_at: float, notes: Sequence[str] = ()
    ) -> None:
        """A node is done."""
        ...

    def lose(self, node: Node, reason: str) -> None:
        """Say why a node has no output."""
        ...

    def speak_of(self, node: str, source: str) -> None:
        """If the text of a node is the answer, then that of its source is."""
        ...


async def choose(run: Demands, node: Reduce, work: Work) -> None:
    """Ask the gate, then the branch that it names, and nothing else."""
    (_, gate), *_ = node.inputs
    (decided,) = run.demand([gate.node], work.not_before)
    try:
        await all_done([decided])
        branch = [ref for role, ref in node.inputs if role == IF + decided.label]
        await _pass_on(run, node, work, branch, work.begins([decided]))
    finally:
        run.release([gate.node])


async def _pass_on(run: Demands, node: Reduce, work: Work, refs: list[Ref], not_before: float) -> None:
    if len(refs) == 1:
        run.speak_of(node.id, refs[0].node)
    ids = [ref.node for ref in refs]
    works = run.demand(ids, not_before)
    try:
        await all_done(works)
        outputs = [each.slot(ref.slot) for each, ref in zip(works, refs, strict=True)]
        run.finish(node, work, outputs, max(not_before, work.begins(works)))
    finally:
        run.release(ids)


async def fallback(run: Demands, node: Reduce, work: Work) -> None:
    """The first inputs; where all of them are lost, the others are asked."""
    first = [ref for role, ref in node.inputs if role == "first"]
    if len(first) == 1:
        run.speak_of(node.id, first[0].node)
    ids = [ref.node for ref in first]
    works = run.demand(ids, work.not_before)
    try:
        await all_done(works)
        outputs = [each.slot(ref.slot) for each, ref in zip(works, first, strict=True)]
        ready_at = work.begins(works)
        if any(each is not None for each in outputs):
            run.finish(node, work, outputs, ready_at)
            return
        spare = [ref for role, ref in node.inputs if role == "fallback"]
        await _pass_on(run, node, work, spare, ready_at)
    finally:
        run.release(ids)


async def quorum(run: Demands, node: Reduce, work: Work) -> None:
    """Go on when enough answers are there, and cancel the others."""
    need = dict(node.parameters)["need"]
    refs = [ref for _, ref in node.inputs]
    ids = [ref.node for ref in refs]
    works = run.demand(ids, work.not_before)
    try:
        while True:
            there = [(each.slot(ref.slot) if each.done else None) for each, ref in zip(works, refs, strict=True)]
            count = sum(each is not None for each in there)
            open_works = [each for each in works if not each.done]
            if count >= need or not open_works:
                break
            await any_done(open_works)
        if count < need:
            run.lose(node, f"a quorum of {need} answers is asked for, and {count} came")
            there = [None] * len(there)
        run.finish(node, work, there, work.begins(works))
    finally:
        run.release(ids)


async def vote(run: Demands, node: Reduce, work: Work) -> None:
    """A vote, which asks no more voters than it needs where it may stop early."""
    given = dict(node.parameters)
    refs = [ref for _, ref in node.inputs]
    confidence = given.get("early")
    if confidence is None:
        works = run.demand((ref.node for ref in refs), work.not_before)
        try:
            await all_done(works)
            read = [each.slot(ref.slot) for each, ref in zip(works, refs, strict=True)]
            run.reduce(node, read, work.begins(works), work)
        finally:
            run.release(ref.node for ref in refs)
        return
    await _Poll(run, node, refs, given).hold(work)


class _Poll:
    """Voters are asked in order, as many at a time as could decide the vote if all of them agreed.

    One that takes much longer than the others did is not waited for alone: the next is asked besides.
    """

    def __init__(self, run: Demands, node: Reduce, refs: list[Ref], given: dict[str, Any]) -> None:
        self._run = run
        self._node = node
        self._refs = refs
        self._given = given
        self._weights: dict[str, float] = {
            getattr(each, "name", each): weight for each, weight in given.get("weights") or ()
        }
        self._asked: list[Work] = []
        self._late = 0
        self._slowest = 0.0

    async def hold(self, work: Work) -> None:
        """Hold the vote. Voters that are still being asked when it is decided are cancelled."""
        try:
            while (wanted := self._needed()) > 0:
                waiting = sum(not each.done for each in self._asked)
                first = len(self._asked)
                more = max(0, wanted + self._late - waiting)
                more_refs = self._refs[first : first + more]
                self._asked += self._run.demand((ref.node for ref in more_refs), work.begins(self._asked))
                pending = [each for each in self._asked if not each.done]
                if pending:  # else others have asked these voters before, and have heard them
                    await self._wait(pending)
            heard = [*self._heard(), *([None] * (len(self._refs) - len(self._asked)))]
            self._run.reduce(self._node, heard, work.begins(self._asked), work)
        finally:
            self._run.release(ref.node for ref in self._refs[: len(self._asked)])

    async def _wait(self, pending: list[Work]) -> None:
        """Wait for the next voter, but not much longer than it took the slowest so far."""
        patience = max(_PATIENCE, 2 * self._slowest) if self._slowest and len(self._asked) < len(self._refs) else None
        started = time.perf_counter()
        try:
            async with asyncio.timeout(patience):
                await any_done(pending)
        except TimeoutError:
            self._late += 1
        self._slowest = max(self._slowest, time.perf_counter() - started)

    def _heard(self) -> list[Candidate | None]:
        return [
            each.slot(ref.slot) if each.done else None
            for each, ref in zip(self._asked, self._refs[: len(self._asked)], strict=True)
        ]

    def _needed(self) -> int:
        """How many more voters could decide it, those being asked included; 0 where it is decided."""
        said = [each for each in self._heard() if each is not None]
        found = same_answers(said, self._given["by"])
        counts = [sum(self._weight(said[position].model) for position in group) for group in found]
        done = sum(each.done for each in self._asked)
        open_refs = [ref for each, ref in zip(self._asked, self._refs, strict=False) if not each.done]
        remaining = [self._possible_weight(ref) for ref in (*open_refs, *self._refs[len(self._asked) :])]
        # What is likely was worked out for equal voters; with weights, only what is certain ends the vote.
        confidence = 1.0 if self._given.get("weights") else self._given["early"]
        return needed(counts, remaining, confidence, self._given["least"], done)

    def _possible_weight(self, ref: Ref) -> float:
        """The weight of a voter who was not heard yet; the greatest there is where nobody knows yet which model will speak."""
        node = self._run.graph.nodes[ref.node]
        return self._weight(node.model.name) if isinstance(node, Call) else max((1.0, *self._weights.values()))

    def _weight(self, model: str) -> float:
        return self._weights.get(model, 1.0)


OPERATIONS: dict[str, Callable[[Any, Reduce, Work], Awaitable[None]]] = {
    "choose": choose,
    "fallback": fallback,
    "quorum": quorum,
    "vote": vote,
}
"""By name."""
