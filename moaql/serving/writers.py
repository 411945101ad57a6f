"""A client's settings, put on the calls that write the answer, and other samples for each further choice.

The rest of a topology is its author's: a client that asks for temperature 0 shall not take away the variety that its proposers
live on. Length, stops and JSON hold for every call whose text may be the answer, the voters of a vote among them. Temperature
and `top_p` hold where one call writes the answer, and not for voters, who would all say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moaql.graph.nodes import Call, Gate, Graph
from moaql.records import replace as renew

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moaql.graph.nodes import Node, Pairs

_WRITES = ("propose", "aggregate")
_ALONE = ("temperature", "top_p")
"""Settings that are not for voters."""


@dataclass(frozen=True)
class Writers:
    """The calls of a graph whose text may be the answer.

    Attributes:
        all: Their ids.
        alone: Those among them that write it by themselves: nothing chooses between them and others.
    """

    all: frozenset[str]
    alone: frozenset[str]


def writers(graph: Graph) -> Writers:
    """The calls that may write the answer: found from the end, through votes and branches, up to the first call on each way."""
    found: dict[str, bool] = {}
    seen: set[tuple[str, bool]] = set()
    todo = [(ref.node, len(graph.outputs) == 1) for ref in graph.outputs]
    while todo:
        id, alone = todo.pop()
        if (id, alone) in seen:
            continue
        seen.add((id, alone))
        node = graph.nodes[id]
        if isinstance(node, Call):
            if node.purpose.removesuffix(" instead") in _WRITES:
                found[id] = found.get(id, True) and alone
        elif not isinstance(node, Gate):
            roles = [role for role, _ in node.inputs]
            todo += [(ref.node, alone and roles.count(role) == 1) for role, ref in node.inputs]
    return Writers(frozenset(found), frozenset(id for id, alone in found.items() if alone))


def samples(graph: Graph) -> int:
    """How many samples of equal calls a graph draws at most: so far apart are the samples of two choices."""
    return 1 + max((call.sample for call in graph.calls), default=0)


def adapted(graph: Graph, these: Writers, settings: Pairs, choice: int) -> Graph:
    """The graph as it answers one choice of one request.

    Args:
        graph: The topology.
        these: Its writers.
        settings: Of the request.
        choice: Its number, from 0. Choice 0 draws the samples that `moaql run` draws, each further one draws others.
    """
    if not settings and not choice:
        return graph
    shift = choice * samples(graph)
    nodes = {id: _adapted(node, these, settings, shift) for id, node in graph.nodes.items()}
    return Graph(graph.name, nodes, graph.outputs)


def unused(these: Writers, settings: Pairs) -> tuple[str, ...]:
    """The settings of a request that no call takes."""
    return tuple(name for name, _ in settings if not (these.alone if name in _ALONE else these.all))


def _adapted(node: Node, these: Writers, settings: Pairs, shift: int) -> Node:
    if not isinstance(node, Call):
        return node
    if node.id not in these.all:
        return replace(node, sample=node.sample + shift) if shift else node
    mine = [(name, value) for name, value in settings if name not in _ALONE or node.id in these.alone]
    spares = tuple(renew(each, settings=_together(each.settings, mine)) for each in node.model.alternatives)
    model = renew(node.model, alternatives=spares) if spares else node.model
    return replace(node, model=model, settings=_together(node.settings, mine), sample=node.sample + shift)


def _together(own: Pairs, given: Iterable[tuple[str, Any]]) -> Pairs:
    """The program's settings and a client's, which may shorten an answer and not lengthen it."""
    held = dict(own)
    for name, value in given:
        mine = held.get(name)
        if mine is not None and name == "max_tokens":
            held[name] = min(mine, value)
        elif mine is not None and name == "stop":
            held[name] = (*([mine] if isinstance(mine, str) else mine), *value)
        else:
            held[name] = value
    return tuple(sorted(held.items()))
