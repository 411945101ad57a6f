"""A graph and a question to an answer: dataflow on demand.

A node begins when something that is wanted reads it, and its calls are sent the moment their inputs are there: there are no
barriers between layers. What nobody wants any more (an early vote is decided, a quorum is there) is cancelled, and so is
everything when the run ends, however it ends.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from moaql.errors import ContextTooLong, MoaqlError, NotRecorded, ProviderError, UsageError
from moaql.graph.nodes import Call, Gate, Graph, Reduce
from moaql.operations import OPERATIONS
from moaql.operations.base import Given
from moaql.run import lazy
from moaql.run.calls import Asking, carry_out, check_prices
from moaql.run.gates import Decision
from moaql.run.record import Record
from moaql.run.work import Work, all_done

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moaql.answers.candidate import Candidate
    from moaql.graph.nodes import Node
    from moaql.providers.base import OnText
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.run.question import Question
    from moaql.run.result import Answer


async def run(
    graph: Graph,
    question: Question,
    caller: Caller,
    *,
    seed: int = 0,
    listeners: Sequence[Listener] = (),
    on_text: OnText | None = None,
) -> Answer:
    """Answer one question.

    Args:
        graph: The topology.
        question: What is asked.
        caller: Makes the calls; any number of runs may share it.
        seed: Of all that is drawn: orders, ties.
        listeners: Hear of everything that happens.
        on_text: Is called with the pieces of the answer as they arrive, where the last node is a call; otherwise once.

    Raises:
        NoCandidates: if no candidate is left that could be the answer.
        BudgetReached, NotBanked, BankError, UsageError: and nothing of the run is left running.
    """
    return await _Run(graph, question, caller, seed, listeners, on_text).answer()


class _Run:
    """One question on its way through a graph."""

    def __init__(
        self,
        graph: Graph,
        question: Question,
        caller: Caller,
        seed: int,
        listeners: Sequence[Listener],
        on_text: OnText | None,
    ) -> None:
        self.graph = graph
        self._question = question
        self._seed = seed
        self._on_text = on_text
        self._record = Record(f"{random.getrandbits(48):012x}", graph, question, listeners)
        self._asking = Asking(caller, question, seed, self._record.run, self._record.hear)
        self._work: dict[str, Work] = {}
        self._group = asyncio.TaskGroup()
        # The nodes whose text is the answer, word by word.
        self._spoken = {graph.outputs[0].node} if on_text is not None and len(graph.outputs) == 1 else set()
        self._spoke = False

    async def answer(self) -> Answer:
        try:
            check_prices(self.graph, self._asking.caller)
            outputs, ready_at = await self._outputs()
            if not outputs:
                raise self._record.nothing_left()
        except BaseException as error:
            self._record.failed(error.message if isinstance(error, MoaqlError) else type(error).__name__)
            raise
        if self._on_text is not None and not self._spoke:
            self._on_text(outputs[0].text)
        return self._record.answer(outputs, ready_at)

    async def _outputs(self) -> tuple[tuple[Candidate, ...], float]:
        """The candidates that the graph ends with, and when they would be there."""
        refs = self.graph.outputs
        if len(self.graph.nodes) == 1:
            work = await self._last(refs[0].node)  # a single call needs no group of tasks
            return tuple(each for each in work.outputs if each is not None), work.ready_at
        try:
            async with self._group:
                if len(refs) == 1:
                    works = [await self._last(refs[0].node)]
                else:
                    works = self.demand(ref.node for ref in refs)
                    await all_done(works)
                found = [work.slot(ref.slot) for work, ref in zip(works, refs, strict=True)]
                self.release(ref.node for ref in refs)
        except BaseExceptionGroup as group:
            raise _first_of(group) from None
        return tuple(each for each in found if each is not None), max((work.ready_at for work in works), default=0.0)

    async def _last(self, id: str) -> Work:
        """Do the last node here: it ends with the run, and needs no task of its own."""
        work = self._work[id] = Work()
        work.users = 1
        await self._do(self.graph.nodes[id], work)
        return work

    # Who wants what

    def demand(self, ids: Iterable[str], not_before: float = 0.0) -> list[Work]:
        """Want the output of nodes, since that many seconds after the question came; those that nobody wanted so far begin."""
        works = []
        for id in ids:
            work = self._work.get(id)
            if work is None:
                work = self._work[id] = Work(not_before)
                work.task = self._group.create_task(self._do(self.graph.nodes[id], work))
            work.users += 1
            works.append(work)
        return works

    def release(self, ids: Iterable[str]) -> None:
        """Do not want the output of nodes any more; what nobody wants is cancelled."""
        for id in ids:
            work = self._work[id]
            work.users -= 1
            if work.users == 0 and not work.done:
                del self._work[id]
                assert work.task is not None
                work.task.cancel()

    # What nodes do

    async def _do(self, node: Node, work: Work) -> None:
        if isinstance(node, Call):
            await self._call(node, work)
        elif isinstance(node, Gate):
            await self._gate(node, work)
        elif node.operation in lazy.OPERATIONS:
            await lazy.OPERATIONS[node.operation](self, node, work)
        else:
            await self._reduce(node, work)

    async def _call(self, node: Call, work: Work) -> None:
        ids = [ref.node for _, ref in node.inputs]
        works = self.demand(ids, work.not_before)
        try:
            await all_done(works)
            read = [each.slot(ref.slot) for each, (_, ref) in zip(works, node.inputs, strict=True)]
            candidates = [each for each in read if each is not None]
            ready_at = work.begins(works)
            if node.inputs and (not candidates or _compares_nothing(node, len(candidates))):
                work.finish((None,), ready_at)  # what it would read about was lost or filtered out
                return
            spoken = self._on_text if node.id in self._spoken else None
            try:
                candidate = await carry_out(node, candidates, self._asking, self._speak if spoken else None)
            except ProviderError as error:
                if spoken and self._spoke:
                    raise  # half of an answer was shown: another cannot take its place
                reason = error.message + (f" ({error.next_step})" if error.next_step else "")
                unrecorded = isinstance(error, NotRecorded) and error.absent
                too_long = isinstance(error, ContextTooLong)
                self._record.lose(node.id, reason, unrecorded=unrecorded, too_long=too_long)
                work.finish((None,), ready_at)
            else:
                work.finish((candidate,), ready_at + candidate.latency)
        finally:
            self.release(ids)

    async def _gate(self, node: Gate, work: Work) -> None:
        ids = [ref.node for _, ref in node.inputs]
        works = self.demand(ids, work.not_before)
        try:
            await all_done(works)
            read = [(role, each.slot(ref.slot)) for each, (role, ref) in zip(works, node.inputs, strict=True)]
            decision = Decision(
                node,
                self._question,
                [each for role, each in read if role == "candidates" and each is not None],
                [each for role, each in read if role == "judgement"],
                next((each for role, each in read if role in ("label", "embedding")), None),
            )
            label = decision.decide()
            self._record.decided(node, label, decision.notes, decision.seen)
            work.finish((), work.begins(works), label)
        finally:
            self.release(ids)

    async def _reduce(self, node: Reduce, work: Work) -> None:
        ids = [ref.node for _, ref in node.inputs]
        works = self.demand(ids, work.not_before)
        try:
            await all_done(works)
            read: list[Candidate | None] = [
                each.slot(ref.slot) for each, (_, ref) in zip(works, node.inputs, strict=True)
            ]
            self.reduce(node, read, work.begins(works), work)
        finally:
            self.release(ids)

    def reduce(self, node: Reduce, read: Sequence[Candidate | None], ready_at: float, work: Work) -> None:
        """Apply an operation to what was read, in order of the node's inputs."""
        operation = OPERATIONS.find(node.operation)
        if operation is None:
            raise UsageError(
                f"no operation is called `{node.operation}`", "Install the package that the stage is from."
            )
        inputs: dict[str, tuple[Candidate | None, ...]] = {}
        for (role, _), candidate in zip(node.inputs, read, strict=True):
            inputs[role] = (*inputs.get(role, ()), candidate)
        given = Given(inputs, dict(node.parameters), self._question.text, self._seed)
        outputs = operation(given)
        self.finish(node, work, outputs, ready_at, [f"`{node.id}`: {note}" for note in given.notes], read)

    def finish(
        self,
        node: Node,
        work: Work,
        outputs: Sequence[Candidate | None],
        ready_at: float,
        notes: Sequence[str] = (),
        read: Sequence[Candidate | None] = (),
    ) -> None:
        """A reduction is done."""
        self._record.reduced(node, outputs, notes, read)
        work.finish(tuple(outputs), ready_at)

    def lose(self, node: Node, reason: str) -> None:
        """Say why a node has no output."""
        self._record.lose(node.id, reason)

    def speak_of(self, node: str, source: str) -> None:
        """If the text of a node is the answer, then that of its source is."""
        if node in self._spoken:
            self._spoken.add(source)

    # What comes out

    def _speak(self, text: str) -> None:
        self._spoke = True
        assert self._on_text is not None
        self._on_text(text)


def _compares_nothing(call: Call, left: int) -> bool:
    """Whether a ranking has only one candidate left of a pair or a list: nobody is paid to order one."""
    return call.purpose.startswith("rank") and len(call.inputs) > 1 and left == 1


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception that ended a run: one that moaql raises on purpose, where there is one."""
    leaves: list[BaseException] = []
    todo: list[BaseException] = [group]
    while todo:
        error = todo.pop()
        if isinstance(error, BaseExceptionGroup):
            todo += reversed(error.exceptions)
        else:
            leaves.append(error)
    return next((each for each in leaves if isinstance(each, MoaqlError)), leaves[0])
