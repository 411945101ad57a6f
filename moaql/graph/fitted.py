"""Votes whose weights are to be fitted (`weights=?`), and graphs with their weights put in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moaql.check.values import FITTED
from moaql.graph.nodes import Graph, Reduce

if TYPE_CHECKING:
    from collections.abc import Mapping


def unfitted(graph: Graph) -> tuple[Reduce, ...]:
    """The votes of a graph whose weights are to be fitted."""
    return tuple(
        node
        for node in graph.nodes.values()
        if isinstance(node, Reduce) and dict(node.parameters).get("weights") == FITTED
    )


def with_weights(graph: Graph, weights: Mapping[str, Mapping[str, float]], *, ask_all: bool = False) -> Graph:
    """The graph with these weights in the votes that are to be fitted.

    Args:
        graph: Built with `build(topology, fitted=True)`.
        weights: By id of the vote: weights by model. A vote that is not named gets equal ones.
        ask_all: Whether votes that stop early ask everybody all the same, so that all answers are there to fit to.
    """
    nodes = dict(graph.nodes)
    for vote in unfitted(graph):
        parameters = dict(vote.parameters)
        own = weights.get(vote.id)
        parameters["weights"] = tuple(own.items()) if own else None
        if ask_all:
            parameters["early"] = None
        nodes[vote.id] = replace(vote, parameters=tuple(sorted(parameters.items(), key=lambda pair: pair[0])))
    return Graph(graph.name, nodes, graph.outputs)
