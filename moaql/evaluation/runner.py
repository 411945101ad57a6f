"""Topologies on an eval set: each item is asked and scored, with one bank and one budget for all.

Items are gone through one after another, each by all topologies, so that a budget which ends in the middle leaves the same items
for all. What is paid for is in the bank, and the same command goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.errors import BudgetReached, NoCandidates, ProviderError
from moaql.evaluation.outcome import UNJUDGED, Outcome
from moaql.evaluation.task import question_of
from moaql.metrics.base import MetricFailed
from moaql.run.batch import AT_ONCE, carry_all
from moaql.run.executor import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from moaql.datasets.items import EvalItem
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.run.result import Answer


@dataclass(frozen=True)
class Measured:
    """What came of every item.

    Attributes:
        outcomes: By topology; as many for each, those of the same items in the same order.
        items: Those items.
        ended: What ended the measurement before all items were done; None where all are done.
    """

    outcomes: dict[str, tuple[Outcome, ...]]
    items: tuple[EvalItem, ...]
    ended: BudgetReached | None = None


@dataclass(frozen=True)
class _Job:
    name: str
    graph: Graph
    position: int
    item: EvalItem


@dataclass
class _Table:
    """Outcomes as they come in."""

    cells: dict[tuple[str, int], Outcome] = field(default_factory=dict)

    def measured(self, names: Sequence[str], items: Sequence[EvalItem], ended: BudgetReached | None) -> Measured:
        whole = [at for at in range(len(items)) if all((name, at) in self.cells for name in names)]
        return Measured(
            {name: tuple(self.cells[name, at] for at in whole) for name in names},
            tuple(items[at] for at in whole),
            ended,
        )


async def measure(
    graphs: Mapping[str, Graph] | Callable[[int], Mapping[str, Graph]],
    task: Task,
    caller: Caller,
    *,
    seed: int = 0,
    at_once: int = AT_ONCE,
    listeners: Sequence[Listener] = (),
    on_outcome: Callable[[str, int, Outcome], None] = lambda _name, _position, _outcome: None,
    listener_of: Callable[[str, int], Listener] | None = None,
) -> Measured:
    """Ask every topology every item, and score the answers.

    Args:
        graphs: By name; or what gives them for the item of a position, where they differ from item to item.
        task: The items and the metric.
        caller: Makes the calls.
        seed: Of all that is drawn.
        at_once: Questions under way at a time.
        listeners: Hear of everything that happens.
        on_outcome: Is called with the name, the item's position and the outcome as each is there.
        listener_of: A listener for one topology and item.

    Returns:
        The outcomes; of the items that all topologies have answered, where the budget was reached before.

    Raises:
        BankError, NotBanked, UsageError: and what was paid for is in the bank.
    """
    table = _Table()
    of_item = graphs if callable(graphs) else lambda _position: graphs
    names = list(of_item(0))

    async def work(job: _Job) -> None:
        heard = (*listeners, listener_of(job.name, job.position)) if listener_of is not None else listeners
        outcome = await _outcome(job, task, caller, seed, heard)
        table.cells[job.name, job.position] = outcome
        on_outcome(job.name, job.position, outcome)

    def jobs() -> Iterator[_Job]:
        for position, item in enumerate(task.items):
            for name, graph in of_item(position).items():
                yield _Job(name, graph, position, item)

    ended: BudgetReached | None = None
    try:
        await carry_all(jobs(), work, at_once)
    except BudgetReached as error:
        ended = error
    return table.measured(names, task.items, ended)


async def _outcome(job: _Job, task: Task, caller: Caller, seed: int, listeners: Sequence[Listener]) -> Outcome:
    try:
        answer = await run(job.graph, question_of(job.item), caller, seed=seed, listeners=listeners)
    except NoCandidates as error:
        if error.unrecorded:
            return Outcome(job.item.id, "missing", None, feedback=str(error))
        return Outcome(job.item.id, "failed", 0.0, feedback=str(error))
    except ProviderError as error:
        return Outcome(job.item.id, "failed", 0.0, feedback=str(error))
    return await _scored(answer, job.item, task, caller)


async def _scored(answer: Answer, item: EvalItem, task: Task, caller: Caller) -> Outcome:
    took: dict[str, Any] = {
        "answer": answer.text,
        "cost": answer.cost,
        "latency_s": answer.latency_s,
        "calls": len(answer.said),
        "lost": tuple((each.node, each.reason) for each in answer.losses),
        "paid": answer.paid,
        "simulated": answer.simulated,
    }
    try:
        score = await task.score(answer.candidate, item, caller)
    except MetricFailed as error:
        return Outcome(item.id, "failed", 0.0, feedback=str(error), **took)
    except ProviderError as error:
        return Outcome(item.id, "unreadable", None, feedback=f"{UNJUDGED} {error}", **took)
    if score.unreadable:
        return Outcome(item.id, "unreadable", None, feedback=score.feedback, **took)
    return Outcome(item.id, "scored", score.value, feedback=score.feedback, **took)
