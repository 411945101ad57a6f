"""Which point of a search a topology is: what each hole was filled with."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from moaql.check.reach import names_in, reached
from moaql.graph.build import build
from moaql.graph.nodes import Graph, Reduce
from moaql.searching.space.identity import identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.program import Topology
    from moaql.searching.space.points import Dimension, Point, Value
    from moaql.searching.space.space import Space

_TRIED = 3_000
"""Fillings that are compared at most, which takes a second or two."""


def chosen(space: Space, topology: Topology) -> Point | None:
    """The point of a space that does what a topology does, weights that were fitted aside.

    Members of a subset are those that the topology names, so that only the other holes are gone through.

    Args:
        space: Of a search.
        topology: Such as the one that the search wrote.

    Returns:
        None where no filling does, or there are too many to try.
    """
    graph, _ = build(topology, fitted=True)
    if graph is None:
        return None
    wanted = identity(_unweighted(graph))
    named = {name.text for body, _ in reached(topology.body, topology.unit) for name in names_in(body)}
    values = [_candidates(dimension, named) for dimension in space.dimensions]
    if prod(map(len, values)) > _TRIED:
        return None
    names = [dimension.name for dimension in space.dimensions]
    seen: set[Point] = set()
    for filling in product(*values):
        point = space.repair(dict(zip(names, filling, strict=True)))
        if point in seen:
            continue
        seen.add(point)
        built = space.fill(point).built
        if built is not None and identity(_unweighted(built)) == wanted:
            return point
    return None


def _candidates(dimension: Dimension, named: set[str]) -> Sequence[Value]:
    if dimension.kind != "subset":
        return dimension.values
    return [tuple(each for each in dimension.members if each in named)]


def _unweighted(graph: Graph) -> Graph:
    nodes = {
        id: replace(node, parameters=tuple(pair for pair in node.parameters if pair[0] != "weights"))
        if isinstance(node, Reduce)
        else node
        for id, node in graph.nodes.items()
    }
    return Graph(graph.name, nodes, graph.outputs)
