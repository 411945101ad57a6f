"""A point as a topology: checked, with its graph, and as text.

The program was checked as a whole when it was loaded, holes open. Here only the filled pipeline is checked, with the holes of
this point filled: that finds what is wrong with one combination alone, and takes a fraction of a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from moaql.check.pipelines import Walker
from moaql.check.program import Topology
from moaql.check.scope import Definition, Unit
from moaql.check.templates import check_absent
from moaql.check.values import Values
from moaql.graph.build import build
from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.check.models import Models
    from moaql.diagnostics import Diagnostic
    from moaql.graph.nodes import Graph
    from moaql.searching.space.points import Point


@dataclass(frozen=True, eq=False)
class Filled:
    """A point of a space with its holes filled.

    Attributes:
        point: The point.
        topology: The pipeline, in a view of its file in which named topologies are filled too.
        named: The bodies of the named topologies that had holes, by name, in the order in which they are met.
        problem: Why it is no topology: the first error of this combination; None where it is one.
        built: Its graph; None where there is a problem.
    """

    point: Point
    topology: Topology
    named: tuple[tuple[str, n.Pipeline], ...]
    problem: Diagnostic | str | None
    built: Graph | None

    @property
    def graph(self) -> Graph:
        """Its graph.

        Raises:
            ValueError: if there is a problem; look at that first.
        """
        if self.built is None:
            raise ValueError(f"this point is no topology: {self.reason}")
        return self.built

    @property
    def reason(self) -> str:
        """The problem in one line, with its code; "" where there is none."""
        problem = self.problem
        if problem is None or isinstance(problem, str):
            return problem or ""
        return f"{problem.code}: {problem.message}"

    @cached_property
    def text(self) -> str:
        """The pipeline as formatted moaql text, with the named topologies that had holes behind it."""
        from moaql.language.formatter import format_source
        from moaql.language.printer import print_module
        from moaql.source import Source

        source, body = Source(""), self.topology.body
        statements = [n.TopologyStatement(body.span, None, body)]
        statements += [n.TopologyStatement(each.span, n.Name(each.span, name), each) for name, each in self.named]
        try:
            return format_source(Source(print_module(n.Module(source, tuple(statements)))))
        except ValueError as error:
            return f"# this point cannot be written down: {error}\n"


class View(Unit):
    """A file in which some topologies are filled. What is wrong is noted here, and not in the file.

    Args:
        base: The file.
        filled: What a definition becomes.
    """

    def __init__(self, base: Unit, filled: Callable[[Definition], Definition]) -> None:
        super().__init__(base.source, base.module, [], base.lost, has_errors=base.has_errors)
        self.own = base.own
        self.imported = base.imported
        self.user_models = base.user_models
        self._filled = filled

    def find(self, name: str) -> Definition | None:
        """What a name means here: a filled topology where it had holes."""
        found = super().find(name)
        return self._filled(found) if found is not None else None


class Views:
    """The views of all files for one point.

    Args:
        fill: Fills one pipeline.
        is_open: Whether a definition has holes, or names one that has.
    """

    def __init__(self, fill: Callable[[n.Pipeline], n.Pipeline], is_open: Callable[[Definition], bool]) -> None:
        self._fill = fill
        self._is_open = is_open
        self._views: dict[Unit, View] = {}
        self._definitions: dict[Definition, Definition] = {}

    def of(self, unit: Unit) -> View:
        """The view of a file."""
        if unit not in self._views:
            self._views[unit] = View(unit, self._filled)
        return self._views[unit]

    @property
    def named(self) -> tuple[tuple[str, n.Pipeline], ...]:
        """The named topologies that were filled so far."""
        pairs = ((old, new.statement) for old, new in self._definitions.items())
        return tuple(
            (old.name, new.body)
            for old, new in pairs
            if isinstance(new, n.TopologyStatement) and new is not old.statement and new.name is not None
        )

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What is wrong in any of them."""
        return [each for view in self._views.values() for each in view.diagnostics]

    def _filled(self, found: Definition) -> Definition:
        if found.kind != "topology" or not self._is_open(found):
            return found
        if found not in self._definitions:
            old = found.statement
            assert isinstance(old, n.TopologyStatement)
            body = self._fill(old.body)
            new = n.TopologyStatement(old.span, old.name, body) if body is not old.body else old
            self._definitions[found] = Definition(found.kind, found.name, new, self.of(found.unit))
        return self._definitions[found]


def check_filled(point: Point, topology: Topology, views: Views, models: Models) -> Filled:
    """Check a filled pipeline and build its graph.

    Args:
        point: The point.
        topology: Its pipeline, in the view of its file.
        views: Where names resolve, and mistakes are noted.
        models: The models of the program, read once for all points.
    """
    values = Values()
    values.models = models
    walker = Walker(values)
    walker.walk_topology(topology)
    walker.flows.report(walker.fed)
    check_absent(walker.uses, walker.fed)
    errors = [each for each in views.diagnostics if each.severity == "error"]
    if errors:
        return Filled(point, topology, views.named, errors[0], None)
    graph, diagnostics = build(topology, fitted=True)
    problem = diagnostics[0] if graph is None else None
    return Filled(point, topology, views.named, problem, graph)
