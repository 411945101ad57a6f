"""A graph and a question to an answer: dataflow on demand.

A node begins when something that is wanted reads it, and its calls are sent the moment their inputs are there: there are no
barriers between layers. What nobody wants any more (an early vote is decided, a quorum is there) is cancelled, and so is
everything when the run ends, however it ends.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING

from moaql.errors import MoaqlError, NoCandidates, ProviderError, UsageError
from moaql.graph.nodes import Call, Gate, Graph, Reduce
from moaql.operations import OPERATIONS
from moaql.operations.base import Given
from moaql.run import lazy
from moaql.run.calls import Asking, carry_out, check_prices
from moaql.run.events import CallFinished, NodeFinished, RunFinished, RunStarted
from moaql.run.gates import Decision
from moaql.run.result import Answer, Loss, Said
from moaql.run.work import Work, all_done

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moaql.answers.candidate import Candidate
    from moaql.graph.nodes import Node
    from moaql.providers.base import OnText
    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener
    from moaql.run.question import Question


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
        self.id = uuid.uuid4().hex[:12]
        self._question = question
        self._seed = seed
        self._listeners = listeners
        self._on_text = on_text
        self._asking = Asking(caller, question, seed, self.id, self._hear)
        self._work: dict[str, Work] = {}
        self._said: dict[str, CallFinished] = {}
        self._losses: dict[str, str] = {}
        self._notes: list[str] = []
        self._decisions: dict[str, str] = {}
        self._group = asyncio.TaskGroup()
        # The nodes whose text is the answer, word by word.
        self._spoken = {graph.outputs[0].node} if on_text is not None and len(graph.outputs) == 1 else set()
        self._spoke = False

    async def answer(self) -> Answer:
        started = time.perf_counter()
        self._hear(RunStarted(self.id, self.graph.name, self._question.text, self._question.id, time.time()))
        try:
            check_prices(self.graph, self._asking.caller)
            outputs, ready_at = await self._outputs()
            if not outputs:
                raise self._nothing_left()
        except BaseException as error:
            message = error.message if isinstance(error, MoaqlError) else type(error).__name__
            cost, paid = self._bill()
            self._hear(RunFinished(self.id, "", message, cost, paid, 0.0, time.perf_counter() - started))
            raise
        if self._on_text is not None and not self._spoke:
            self._on_text(outputs[0].text)
        result = self._result(outputs, ready_at, time.perf_counter() - started)
        self._hear(RunFinished(self.id, result.text, "", result.cost, result.paid, result.latency_s, result.elapsed_s))
        return result

    async def _outputs(self) -> tuple[tuple[Candidate, ...], float]:
        """The candidates that the graph ends with, and when they would be there."""
        refs = self.graph.outputs
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

    def demand(self, ids: Iterable[str]) -> list[Work]:
        """Want the output of nodes; those that nobody wanted so far begin."""
        works = []
        for id in ids:
            work = self._work.get(id)
            if work is None:
                work = self._work[id] = Work()
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
        works = self.demand(ids)
        try:
            await all_done(works)
            read = [each.slot(ref.slot) for each, (_, ref) in zip(works, node.inputs, strict=True)]
            candidates = [each for each in read if each is not None]
            ready_at = max((each.ready_at for each in works), default=0.0)
            if node.inputs and (not candidates or _compares_nothing(node, len(candidates))):
                work.finish((None,), ready_at)  # what it would read about was lost or filtered out
                return
            spoken = self._on_text if node.id in self._spoken else None
            try:
                candidate = await carry_out(node, candidates, self._asking, self._speak if spoken else None)
            except ProviderError as error:
                if spoken and self._spoke:
                    raise  # half of an answer was shown: another cannot take its place
                self._losses[node.id] = error.message + (f" ({error.next_step})" if error.next_step else "")
                work.finish((None,), ready_at)
            else:
                work.finish((candidate,), ready_at + candidate.latency)
        finally:
            self.release(ids)

    async def _gate(self, node: Gate, work: Work) -> None:
        ids = [ref.node for _, ref in node.inputs]
        works = self.demand(ids)
        try:
            await all_done(works)
            read = [(role, each.slot(ref.slot)) for each, (role, ref) in zip(works, node.inputs, strict=True)]
            decision = Decision(
                node,
                self._question,
                [each for role, each in read if role == "candidates" and each is not None],
                [each for role, each in read if role == "judgement"],
                next((each for role, each in read if role == "label"), None),
            )
            label = decision.decide()
            self._decisions[node.id] = label
            self._notes += decision.notes
            self._hear(NodeFinished(self.id, node, (), label, tuple(decision.notes)))
            work.finish((), max((each.ready_at for each in works), default=0.0), label)
        finally:
            self.release(ids)

    async def _reduce(self, node: Reduce, work: Work) -> None:
        ids = [ref.node for _, ref in node.inputs]
        works = self.demand(ids)
        try:
            await all_done(works)
            read: list[Candidate | None] = [
                each.slot(ref.slot) for each, (_, ref) in zip(works, node.inputs, strict=True)
            ]
            self.reduce(node, read, max((each.ready_at for each in works), default=0.0), work)
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
        self.finish(node, work, outputs, ready_at, [f"`{node.id}`: {note}" for note in given.notes])

    def finish(
        self, node: Node, work: Work, outputs: Sequence[Candidate | None], ready_at: float, notes: Sequence[str] = ()
    ) -> None:
        """A reduction is done."""
        self._notes += notes
        kept = tuple(each.node for each in outputs if each is not None)
        self._hear(NodeFinished(self.id, node, kept, "", tuple(notes)))
        work.finish(tuple(outputs), ready_at)

    def lose(self, node: Node, reason: str) -> None:
        """Say why a node has no output."""
        self._losses[node.id] = reason

    def speak_of(self, node: str, source: str) -> None:
        """If the text of a node is the answer, then that of its source is."""
        if node in self._spoken:
            self._spoken.add(source)

    # What comes out

    def _speak(self, text: str) -> None:
        self._spoke = True
        assert self._on_text is not None
        self._on_text(text)

    def _hear(self, event: Event) -> None:
        if isinstance(event, CallFinished) and event.candidate is not None:
            self._said[event.node.id] = event
        for listener in self._listeners:
            listener(event)

    def _bill(self) -> tuple[float | None, float | None]:
        heard = [event.candidate for event in self._said.values() if event.candidate is not None]
        return _sum(each.cost for each in heard), _sum(each.paid for each in heard)

    def _nothing_left(self) -> NoCandidates:
        losses = [f"{node}: {reason}" for node, reason in self._losses.items()]
        count = len(losses)
        what = (
            "every candidate was filtered out"
            if not count
            else f"{count} of its parts failed"
            if count > 1
            else "a call failed"
        )
        return NoCandidates(f"`{self.graph.name}` has no answer: {what}", losses[:20])

    def _result(self, outputs: tuple[Candidate, ...], ready_at: float, elapsed: float) -> Answer:
        said = [_said(self._said[id]) for id in self.graph.nodes if id in self._said]
        cost, paid = self._bill()
        return Answer(
            text=outputs[0].text,
            candidate=outputs[0],
            outputs=outputs,
            said=tuple(said),
            losses=tuple(Loss(node, reason) for node, reason in self._losses.items()),
            notes=tuple(dict.fromkeys(self._notes)),
            decisions=dict(self._decisions),
            cost=cost,
            paid=paid,
            latency_s=ready_at,
            elapsed_s=elapsed,
            run=self.id,
            topology=self.graph.name,
            question=self._question.text,
            simulated=any(each.model_id.startswith("sim/") for each in said),
        )


def _compares_nothing(call: Call, left: int) -> bool:
    """Whether a ranking has only one candidate left of a pair or a list: nobody is paid to order one."""
    return call.purpose.startswith("rank") and len(call.inputs) > 1 and left == 1


def _said(event: CallFinished) -> Said:
    candidate = event.candidate
    assert candidate is not None
    return Said(
        event.node.id,
        event.node.purpose,
        candidate.model,
        candidate.model_id,
        candidate.sample,
        candidate.text,
        candidate.cost,
        candidate.paid,
        candidate.latency,
        candidate.prompt_tokens,
        candidate.completion_tokens,
        candidate.banked,
        candidate.truncated,
    )


def _sum(dollars: Iterable[float | None]) -> float | None:
    """The sum, or None where a part of it is unknown."""
    known = list(dollars)
    return None if None in known else sum(each for each in known if each is not None)


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
