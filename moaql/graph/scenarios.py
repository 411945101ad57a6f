"""The ways that a graph can go: which nodes run for which decisions of its gates.

A graph without gates goes one way. One with gates goes as many ways as its gates can decide, and each of them is counted exactly,
as long as they are not too many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.graph.nodes import IF, Call, Graph, Node, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORK = 400_000
"""Node visits after which counting stops being exact."""


@dataclass(frozen=True)
class Scenario:
    """One way.

    Attributes:
        probability: Of this way, where every label of a gate is equally likely.
        decisions: The label of each gate that is asked.
        most: Ids of the nodes that run, at most.
        least: Ids of the nodes that run at least: an early vote may stop, a filter may leave candidates out.
    """

    probability: float
    decisions: Mapping[str, str]
    most: frozenset[str]
    least: frozenset[str]


@dataclass(frozen=True)
class Ways:
    """All ways, or bounds around them.

    Attributes:
        scenarios: The ways; where they are too many, two that bound them all.
        exact: Whether these are all the ways.
    """

    scenarios: tuple[Scenario, ...]
    exact: bool


def ways_of(graph: Graph) -> Ways:
    """Enumerate the ways of a graph."""
    found: list[Scenario] = []
    todo: list[tuple[dict[str, str], float]] = [({}, 1.0)]
    work = 0
    while todo:
        decisions, probability = todo.pop()
        most, undecided = _running(graph, decisions, least=False)
        work += len(most)
        if undecided is None:
            least, _ = _running(graph, decisions, least=True)
            found.append(Scenario(probability, decisions, most, least))
        else:
            labels = _branches(graph, undecided)
            todo += [({**decisions, undecided: label}, probability / len(labels)) for label in reversed(labels)]
        if work > _WORK:
            return _bounds(graph)
    return Ways(tuple(found), exact=True)


def _bounds(graph: Graph) -> Ways:
    """What runs on every way, and everything."""
    certain, _ = _running(graph, {}, least=True)
    everything = frozenset(graph.nodes)
    low, high = Scenario(0.5, {}, certain, certain), Scenario(0.5, {}, everything, everything)
    return Ways((low, high), exact=False)


def _branches(graph: Graph, gate: str) -> list[str]:
    """The labels of a gate; `else` only stands for all that have no case."""
    node = graph.nodes[gate]
    assert not isinstance(node, Call | Reduce)
    return list(node.labels)


def _running(graph: Graph, decisions: Mapping[str, str], *, least: bool) -> tuple[frozenset[str], str | None]:
    """The nodes that run, and the first gate met that is not decided."""
    running: set[str] = set()
    undecided: str | None = None
    todo = [ref.node for ref in graph.outputs]
    while todo:
        id = todo.pop()
        if id in running:
            continue
        node = graph.nodes[id]
        running.add(id)
        if isinstance(node, Reduce) and node.operation == "choose":
            gate = node.inputs[0][1].node
            todo.append(gate)
            if gate in decisions:
                todo += [ref.node for role, ref in node.inputs if role == IF + decisions[gate]]
            else:
                undecided = undecided or gate
        else:
            todo += _demanded(graph, node, least=least)
    return frozenset(running), undecided


def _demanded(graph: Graph, node: Node, *, least: bool) -> Iterator[str]:
    """The nodes whose output a node surely asks for, or may ask for."""
    inputs = list(node.inputs)
    if isinstance(node, Reduce):
        if node.operation == "fallback":
            inputs = [
                pair for pair in inputs if pair[0] == "first"
            ]  # the rest is for failures, which a plan leaves out
        elif least and (fewest := dict(node.parameters).get("least")) is not None:
            inputs = sorted(inputs, key=lambda pair: _calls_behind(graph, pair[1].node))[:fewest]
        elif least and node.operation in ("rank", "attach", "pass"):
            inputs = [pair for pair in inputs if _may_be_needed(graph, pair[1].node)]
    return (ref.node for _, ref in inputs)


def _calls_behind(graph: Graph, id: str) -> int:
    """How many calls a node needs, itself included."""
    seen: set[str] = set()
    todo = [id]
    while todo:
        id = todo.pop()
        if id not in seen:
            seen.add(id)
            todo += [ref.node for _, ref in graph.nodes[id].inputs]
    return sum(isinstance(graph.nodes[id], Call) for id in seen)


def _may_be_needed(graph: Graph, id: str) -> bool:
    """Whether a call about one candidate is surely made: it is not where that candidate may be missing."""
    node = graph.nodes[id]
    if not isinstance(node, Call):
        return True
    shown = [ref for role, ref in node.inputs if role == "candidates"]
    return not shown or any(ref.certain for ref in shown)
