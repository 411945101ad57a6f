"""Which nodes run only because a gate decided so.

The graph holds data: what reads what. Control follows from it: a node that is reached only through one branch of a `choose`
waits for the gate of that branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.graph.nodes import IF, Graph, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterable


def governors(graph: Graph) -> dict[str, tuple[tuple[str, str], ...]]:
    """For each governed node the (gate, label) pairs that it waits for, outer gates first where they nest."""
    found: dict[str, list[tuple[str, str]]] = {}
    for gate, branches in _branches(graph).items():
        without = _reach(graph, [ref.node for ref in graph.outputs] + [gate], closed=gate)
        for label, starts in branches.items():
            for id in _reach(graph, starts, closed=gate) - without:
                found.setdefault(id, []).append((gate, label))
    order = {id: position for position, id in enumerate(graph.nodes)}
    return {id: tuple(sorted(pairs, key=lambda pair: order[pair[0]])) for id, pairs in found.items()}


def entrances(graph: Graph) -> list[tuple[str, str, str]]:
    """Where branches begin: (gate, label, node) for each node that waits for a decision that nothing it reads waits for."""
    control = governors(graph)
    found = []
    for id, pairs in control.items():
        inner = [pair for pair in pairs if pair[0] == pairs[-1][0]]
        sources = [ref.node for _, ref in graph.nodes[id].inputs]
        found += [(*pair, id) for pair in inner if not any(pair in control.get(source, ()) for source in sources)]
    return found


def _branches(graph: Graph) -> dict[str, dict[str, list[str]]]:
    """Where the branches of each gate begin to be read."""
    branches: dict[str, dict[str, list[str]]] = {}
    for node in graph.nodes.values():
        if isinstance(node, Reduce) and node.operation == "choose":
            (_, gate), *rest = node.inputs
            sides = branches.setdefault(gate.node, {})
            for label, ref in rest:
                sides.setdefault(label.removeprefix(IF), []).append(ref.node)
    return branches


def _reach(graph: Graph, starts: Iterable[str], *, closed: str) -> frozenset[str]:
    """All that is read, directly or not, without what is read through the branches of one gate."""
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        id = todo.pop()
        if id in seen:
            continue
        seen.add(id)
        node = graph.nodes[id]
        inputs = node.inputs
        if isinstance(node, Reduce) and node.operation == "choose" and inputs[0][1].node == closed:
            inputs = inputs[:1]
        todo += [ref.node for _, ref in inputs]
    return frozenset(seen)
