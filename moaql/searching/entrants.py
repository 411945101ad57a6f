"""Graphs as a search sees them: how a topology comes to its answer, and the answers that it begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.graph.fitted import unfitted
from moaql.graph.nodes import Call, Reduce
from moaql.graph.plan import plan
from moaql.searching.arena import Entrant
from moaql.searching.heard import voice_of

if TYPE_CHECKING:
    from moaql.graph.nodes import Graph
    from moaql.searching.arena import Kind


def kind_of(graph: Graph) -> Kind:
    """How a topology comes to its answer."""
    calls = list(graph.calls)
    if len(graph.nodes) == 1:
        return "single"
    last = graph.nodes[graph.outputs[0].node]
    plain = all(call.purpose == "propose" and not call.inputs for call in calls)
    if isinstance(last, Reduce) and last.operation == "vote" and plain:
        return "vote"
    if isinstance(last, Call) and last.purpose == "aggregate":
        return "merge"
    if isinstance(last, Reduce) and any(call.purpose.startswith(("rank", "score")) for call in calls):
        return "select"
    return "other"


def entrant_of(key: str, name: str, graph: Graph, point: Any = None, baseline: str = "") -> Entrant:
    """A graph as a search sees it."""
    first = [call for call in graph.calls if call.purpose == "propose" and not call.inputs]
    later = [call for call in graph.calls if call.inputs]
    depth = plan(graph).depth.high
    judge = later[-1].model.id if later else ""
    voices = tuple(voice_of(call) for call in first)
    return Entrant(key, name, kind_of(graph), voices, judge, depth, point, baseline, bool(unfitted(graph)))
