"""Which cases of which gates ask for a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.graph.nodes import IF, Reduce

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.graph.nodes import Graph


def cases_of(graph: Graph) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """By node and gate: the labels whose branches read it, directly or through others."""
    found: dict[str, dict[str, list[str]]] = {}
    for node in graph.nodes.values():
        if not isinstance(node, Reduce) or node.operation != "choose":
            continue
        (_, gate), *rest = node.inputs
        sides: dict[str, list[str]] = {}
        for role, ref in rest:
            sides.setdefault(role.removeprefix(IF), []).append(ref.node)
        for label, wanted in sides.items():
            for id in _read_by(wanted, graph):
                found.setdefault(id, {}).setdefault(gate.node, []).append(label)
    return found


def _read_by(wanted: Sequence[str], graph: Graph) -> set[str]:
    """These nodes, and all that they read."""
    seen: set[str] = set()
    left = [*wanted]
    while left:
        id = left.pop()
        if id not in seen:
            seen.add(id)
            left += [ref.node for _, ref in graph.nodes[id].inputs]
    return seen
