"""Graphs whose gates decide as they are told, and what every item scores and costs on each way through them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.evaluation.runner import measure
from moaql.graph.branches import NO, YES
from moaql.graph.nodes import IF, Gate, Graph, Reduce
from moaql.run.batch import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.events import Listener

    Array = NDArray[Any]

HOLDS = (("all", ()),)
"""A condition that always holds."""
FAILS = (("any", ()),)
"""One that never does."""


@dataclass(frozen=True)
class Asking:
    """How items are asked.

    Attributes:
        task: The items and the metric.
        caller: Makes the calls.
        seed: Of all that is drawn.
        at_once: Questions under way at a time.
        listeners: Hear of everything.
        on_outcome: Is called for each answer that is scored.
    """

    task: Task
    caller: Caller
    seed: int = 0
    at_once: int = AT_ONCE
    listeners: Sequence[Listener] = ()
    on_outcome: Callable[[str, int, Outcome], None] = lambda _name, _position, _outcome: None

    async def measure(
        self, graphs: Mapping[str, Graph], listener_of: Callable[[str, int], Listener] | None = None
    ) -> dict[str, tuple[Outcome, ...]]:
        """The outcomes of all items, by graph.

        Raises:
            BudgetReached: if not all items could be paid for; what was paid for is in the bank.
        """
        measured = await measure(
            graphs,
            self.task,
            self.caller,
            seed=self.seed,
            at_once=self.at_once,
            listeners=self.listeners,
            on_outcome=self.on_outcome,
            listener_of=listener_of,
        )
        if measured.ended is not None:
            raise measured.ended
        return measured.outcomes


def as_told(graph: Graph, told: Mapping[str, bool]) -> Graph:
    """The graph with gates that always, or never, hold; they still look at their signals."""
    nodes = dict(graph.nodes)
    for id, yes in told.items():
        gate = nodes[id]
        assert isinstance(gate, Gate)
        parts = (("any", (gate.condition, HOLDS)),) if yes else (("all", (gate.condition, FAILS)),)
        nodes[id] = replace(gate, condition=parts)
    return Graph(graph.name, nodes, graph.outputs)


def one_side(graph: Graph, gates: Sequence[str], label: str) -> Graph:
    """The graph with gates that always give one label."""
    nodes = dict(graph.nodes)
    for id in gates:
        gate = nodes[id]
        assert isinstance(gate, Gate)
        nodes[id] = replace(gate, condition=HOLDS, labels=(YES, NO), inputs=())
    for id, node in graph.nodes.items():
        reads = {ref.node for role, ref in node.inputs if role == "gate"}
        if isinstance(node, Reduce) and node.operation == "choose" and reads & set(gates):
            kept = tuple((IF + YES if role == IF + label else role, ref) for role, ref in node.inputs)
            nodes[id] = replace(node, inputs=tuple(each for each in kept if each[0] in ("gate", IF + YES)))
    return Graph(graph.name, nodes, graph.outputs)


def table_of(outcomes: Sequence[Sequence[Outcome]], names: Sequence[str]) -> tuple[Array, Array, Array]:
    """Scores and dollars of the items that were measured on every way, a row for each way.

    An item without an answer scores 0; its dollars are not known, and are taken for what that way costs on average.

    Returns:
        Scores, dollars, and the positions of those items.

    Raises:
        UsageError: if a price is unknown, or nothing was measured.
    """
    import numpy as np

    scores = np.array([[np.nan if each.score is None else each.score for each in row] for row in outcomes])
    kept = np.flatnonzero(~np.isnan(scores).any(axis=0))
    if not len(kept):
        reason = next((each.feedback for row in outcomes for each in row if each.score is None), "")
        raise UsageError("no item was answered and scored on every way", reason)
    costs = np.array([[np.nan if each.cost is None else each.cost for each in row] for row in outcomes])[:, kept]
    for row, name in zip(costs, names, strict=True):
        if np.isnan(row).all():
            raise UsageError(
                f"what `{name}` costs is not known", "State `price_in` and `price_out` of the models that it asks."
            )
        row[np.isnan(row)] = np.nanmean(row)
    return scores[:, kept], costs, kept
