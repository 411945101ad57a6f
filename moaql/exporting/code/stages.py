"""Which nodes of a graph are one stage of the program that is written.

Calls that are always wanted together are one stage, and so is a window that slides over candidates. What a gate, a fallback, a
quorum or an early vote may ask for alone stays alone, so that the program asks for exactly what moaql asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.graph.nodes import Call, Gate, Reduce

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.graph.nodes import Graph, Node
    from moaql.stages.base import Ref


@dataclass(frozen=True)
class Stage:
    """One method of the program.

    Attributes:
        kind: `calls`, `windows`, `quorum`, `early`, `reduce` or `gate`.
        nodes: Its nodes in order; the reduction of a quorum or an early vote stands last, behind its calls.
        size: How many candidates come out at most.
    """

    kind: str
    nodes: tuple[Node, ...]
    size: int

    @property
    def last(self) -> Node:
        """The node whose output is the stage's, where it is not all of its calls'."""
        return self.nodes[-1]


@dataclass(frozen=True)
class Stages:
    """The stages of a graph, in order, and where each candidate is found: its stage's number, and its place there."""

    stages: tuple[Stage, ...]
    places: Mapping[str, tuple[int, int]]

    def place(self, ref: Ref) -> tuple[int, int]:
        """The stage and the place of a candidate."""
        stage, first = self.places[ref.node]
        return stage, first + ref.slot


def stages_of(graph: Graph) -> Stages:
    """Divide a graph into stages."""
    merged = _merged(graph)
    classes = _classes(graph, merged)
    groups: dict[Any, list[Node]] = {}
    for id, node in graph.nodes.items():
        groups.setdefault(classes[id], []).append(node)
    order = {id: number for number, id in enumerate(graph.nodes)}
    stages: list[Stage] = []
    places: dict[str, tuple[int, int]] = {}
    for nodes in sorted(groups.values(), key=lambda nodes: order[nodes[-1].id]):
        stage = _stage(tuple(nodes))
        for position, node in enumerate(nodes):
            places[node.id] = (len(stages), position if stage.kind == "calls" else 0)
        stages.append(stage)
    return Stages(tuple(stages), places)


def is_early(node: Node) -> bool:
    """Whether it is a vote that may stop early."""
    return isinstance(node, Reduce) and node.operation == "vote" and dict(node.parameters).get("early") is not None


def _stage(nodes: tuple[Node, ...]) -> Stage:
    last = nodes[-1]
    if isinstance(last, Call):
        chained = len(nodes) > 1 and any(ref.node == nodes[0].id for _, ref in nodes[1].inputs)
        return Stage("windows", nodes, 1) if chained else Stage("calls", nodes, len(nodes))
    if isinstance(last, Gate):
        return Stage("gate", nodes, 0)
    assert isinstance(last, Reduce)
    kind = "quorum" if last.operation == "quorum" else "early" if is_early(last) else "reduce"
    return Stage(kind, nodes, last.yields.high)


def _readers(graph: Graph) -> dict[str, list[tuple[str, str, int]]]:
    """By node: who reads it, in which role, at which place."""
    readers: dict[str, list[tuple[str, str, int]]] = {id: [] for id in graph.nodes}
    for node in graph.nodes.values():
        for place, (role, ref) in enumerate(node.inputs):
            readers[ref.node].append((node.id, role, place))
    for ref in graph.outputs:
        readers[ref.node].append(("", "output", 0))
    return readers


def _merged(graph: Graph) -> dict[str, str]:
    """Calls that are part of another node's stage: voters of an early vote, members of a quorum, windows before the last."""
    readers = _readers(graph)
    merged: dict[str, str] = {}
    for node in graph.nodes.values():
        if isinstance(node, Reduce) and (node.operation == "quorum" or is_early(node)):
            sources = [graph.nodes[ref.node] for _, ref in node.inputs]
            own = all(isinstance(each, Call) and len(readers[each.id]) == 1 for each in sources)
            if own and len({each.inputs for each in sources}) == 1:
                merged |= {each.id: node.id for each in sources}
        elif isinstance(node, Call) and (before := _window_before(node, graph)) is not None:
            only = {reader for reader, _, _ in readers[before.id]} == {node.id}
            if only:
                merged = {id: node.id if last == before.id else last for id, last in merged.items()}
                merged[before.id] = node.id
    return merged


def _window_before(node: Call, graph: Graph) -> Call | None:
    """The call whose synthesis stands in front of what a window shows."""
    if not node.inputs or node.purpose.partition(" ")[0] != "aggregate":
        return None
    before = graph.nodes[node.inputs[0][1].node]
    same = isinstance(before, Call) and _but_inputs(before) == _but_inputs(node)
    if (
        not same
        or dict(node.reads).get("shuffle")
        or scope_of(before.id) != scope_of(node.id)
        or "[window" not in node.id
    ):
        return None
    assert isinstance(before, Call)
    return before


def _but_inputs(call: Call) -> tuple[object, ...]:
    return call.purpose, call.model, call.prompt, call.settings, call.sample, call.values, call.reads


def scope_of(id: str) -> str:
    """The stage that a call belongs to by its id."""
    return id.rpartition("/")[0]


def _classes(graph: Graph, merged: Mapping[str, str]) -> dict[str, Any]:
    """By node: what is equal for nodes of one stage. Classes are refined until all of a class are wanted together."""
    readers = _readers(graph)
    depths = _depths(graph)
    classes: dict[str, Any] = {
        id: (scope_of(id), node.purpose, depths[id])
        if isinstance(node, Call) and id not in merged
        else merged.get(id, id)
        for id, node in graph.nodes.items()
    }
    classes |= {last: last for last in merged.values()}
    while True:
        refined = {id: _refined(id, classes, readers, graph, merged) for id in graph.nodes}
        if len(set(refined.values())) == len(set(classes.values())):
            return classes
        numbers = {each: number for number, each in enumerate(dict.fromkeys(refined.values()))}
        classes = {id: numbers[each] for id, each in refined.items()}


def _refined(
    id: str,
    classes: Mapping[str, Any],
    readers: Mapping[str, Sequence[tuple[str, str, int]]],
    graph: Graph,
    merged: Mapping[str, str],
) -> Any:
    if classes[id] == classes.get(merged.get(id, ""), object()):
        return (classes[id],)
    wanted = set()
    for reader, role, place in readers[id]:
        node = graph.nodes.get(reader)
        lazy = isinstance(node, Reduce) and node.operation in ("choose", "fallback")
        alone = isinstance(node, Reduce) and (node.operation == "quorum" or is_early(node))
        wanted.add((classes.get(reader), role if lazy else "", place if alone else 0))
    own = id in merged.values()
    return (classes[id],) if own else (classes[id], frozenset(wanted))


def _depths(graph: Graph) -> dict[str, int]:
    depths: dict[str, int] = {}
    for id, node in graph.nodes.items():
        depths[id] = 1 + max((depths[ref.node] for _, ref in node.inputs), default=-1)
    return depths
