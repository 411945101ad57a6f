"""The route of a topology that a router decides: its cases, its gates, and where it stands in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.check.reach import reached
from moaql.check.routes import ELSE, folder_of, router_setting
from moaql.errors import ProgramError, UsageError
from moaql.graph.build import build
from moaql.graph.nodes import IF, Gate
from moaql.language import nodes as n
from moaql.language.holes import nodes_in
from moaql.routers.file import router_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.check.scope import Unit
    from moaql.graph.nodes import Graph
    from moaql.source import Span


@dataclass(frozen=True)
class Routed:
    """A topology with a route whose router is to be fitted.

    Attributes:
        graph: Of the topology.
        gates: Those that the router decides.
        labels: Of its cases, and `else` where no case need be taken.
        file: The router's path, as the program names it.
        path: Where that is.
        span: Where it stands in the text.
    """

    graph: Graph
    gates: tuple[str, ...]
    labels: tuple[str, ...]
    file: str
    path: str
    span: Span


def routed(program: Program, topology: str) -> Routed:
    """The route of a topology that a router decides.

    Raises:
        UsageError: if there is none, there are several, or its ways are all the same.
        ProgramError: if a hole is left.
    """
    body = program.topologies[topology]
    routes = [each for part, unit in reached(body.body, body.unit) for each in _in(part, unit)]
    own = [(step, unit, stated) for step, unit, stated in routes if unit is program.unit]
    if len(own) != 1:
        how = "no route of this file" if not own else f"{len(own)} routes"
        raise UsageError(
            f"`{topology}` has {how} by a router, and one is needed to fit it",
            'Write `route with="router.json" { case LABEL { … } else { … } }`; the file need not be there yet.',
        )
    ((step, unit, stated),) = own
    graph, mistakes = build(body)
    if graph is None:
        raise ProgramError(mistakes)
    file = str(stated.value)
    gates = tuple(
        id for id, node in graph.nodes.items() if isinstance(node, Gate) and dict(node.condition).get("router") == file
    )
    if not gates:
        raise UsageError(f"all ways of the route of `{topology}` are the same", "Let its cases differ.")
    cases = tuple(case.label for case in step.cases)
    labels = (*cases, ELSE) if _has_else(graph, gates) else cases
    return Routed(graph, gates, labels, file, router_path(file, folder_of(unit)), stated.span)


def _has_else(graph: Graph, gates: tuple[str, ...]) -> bool:
    """Whether something is the answer where no case is taken: an `else`, or the candidates that came in."""
    return any(
        role == IF + ELSE
        for node in graph.nodes.values()
        if any(role == "gate" and ref.node in gates for role, ref in node.inputs)
        for role, _ in node.inputs
    )


def _in(part: n.Pipeline, unit: Unit) -> Iterator[tuple[n.Route, Unit, n.Literal]]:
    for node in nodes_in(part):
        if isinstance(node, n.Route) and (stated := router_setting(node)) is not None:
            yield node, unit, stated
