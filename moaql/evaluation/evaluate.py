"""Several topologies side by side on the same items: what `moaql eval` and `moaql.evaluate` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.errors import UsageError
from moaql.evaluation.fitting import Ballots, Fit, check_fit, fit_votes
from moaql.evaluation.runner import measure
from moaql.evaluation.summary import Evaluation, check_measured, notes_of, pairs_of, row_of
from moaql.graph.fitted import unfitted, with_weights
from moaql.run.batch import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.runner import Measured
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Listener


def passes_of(graphs: Mapping[str, Graph]) -> int:
    """How often an item is gone through: once a topology, and once more where weights are fitted first."""
    return len(graphs) + sum(bool(unfitted(graph)) for graph in graphs.values())


async def evaluate_graphs(
    graphs: Mapping[str, Graph],
    task: Task,
    caller: Caller,
    *,
    against: str | None = None,
    seed: int = 0,
    at_once: int = AT_ONCE,
    listeners: Sequence[Listener] = (),
    on_outcome: Callable[[str, int, Outcome], None] = lambda _name, _position, _outcome: None,
) -> Evaluation:
    """Score topologies on the same items, and compare each with the first.

    Args:
        graphs: By name, at least one; built with `build(topology, fitted=True)`, so that `weights=?` may be in them.
        task: The items and the metric.
        caller: Makes the calls.
        against: The topology that the others are compared with, instead of the first.
        seed: Of all that is drawn.
        at_once: Questions under way at a time.
        listeners: Hear of everything that happens.
        on_outcome: Is called with name, position and outcome of each item, `passes_of` times an item.

    Returns:
        The figures; of fewer items than the set has where the budget was reached, and `ended` says so.

    Raises:
        BudgetReached: if not even one item is done by all, or the weights could not be fitted for lack of money.
        UsageError, BankError, NotBanked, ProviderError: see `measure`; ProviderError if nothing was measured at all.
    """
    if not graphs:
        raise UsageError("there is nothing to evaluate", "Give at least one topology.")
    first = next(iter(graphs)) if against is None else against
    fits: dict[str, Fit] = {}
    for name, graph in graphs.items():
        check_fit(name, graph, task)
    for name, graph in graphs.items():
        if unfitted(graph):
            fits[name] = await _fit(name, graph, task, caller, seed, at_once, listeners, on_outcome)

    def graphs_of(position: int) -> Mapping[str, Graph]:
        key = task.items[position].key
        return {name: fits[name].graph(graph, key, seed) if name in fits else graph for name, graph in graphs.items()}

    measured = await measure(
        graphs_of if fits else graphs,
        task,
        caller,
        seed=seed,
        at_once=at_once,
        listeners=listeners,
        on_outcome=on_outcome,
    )
    if measured.ended is not None and not measured.items:
        raise measured.ended
    return _summarise(measured, task, caller, fits, first, seed)


async def _fit(
    name: str,
    graph: Graph,
    task: Task,
    caller: Caller,
    seed: int,
    at_once: int,
    listeners: Sequence[Listener],
    on_outcome: Callable[[str, int, Outcome], None],
) -> Fit:
    ballots, votes = Ballots(), unfitted(graph)
    everybody = with_weights(graph, {}, ask_all=True)
    measured = await measure(
        {name: everybody},
        task,
        caller,
        seed=seed,
        at_once=at_once,
        listeners=listeners,
        on_outcome=on_outcome,
        listener_of=lambda topology, position: ballots.listener(topology, position, votes),
    )
    if measured.ended is not None:
        raise measured.ended
    return await fit_votes(name, graph, ballots, task, caller, seed)


def _summarise(
    measured: Measured, task: Task, caller: Caller, fits: Mapping[str, Fit], against: str, seed: int
) -> Evaluation:
    rows = tuple(
        row_of(name, outcomes, fits[name].whole if name in fits else None)
        for name, outcomes in measured.outcomes.items()
    )
    check_measured(rows)
    pairs = pairs_of(measured.outcomes, against, seed=seed)
    notes = notes_of(rows, pairs, len(measured.items))
    ended = ""
    if measured.ended is not None:
        ended = measured.ended.message
        notes = (f"The budget ended after {len(measured.items)} of {len(task.items)} items.", *notes)
    return Evaluation(
        task=task.name,
        metric=task.metric_name,
        items=len(measured.items),
        total=len(task.items),
        rows=rows,
        pairs=pairs,
        paid=None if caller.budget.unpriced else caller.budget.paid,
        saved=caller.saved,
        notes=((task.note,) if task.note else ()) + notes,
        outcomes=measured.outcomes,
        ended=ended,
    )
