"""The space of a search: its dimensions, its points, and what each point is as a topology.

From the pipeline of a search and all topologies that it names. A range of numbers is searched on a grid of round values
(`grid.py`), so that different topologies share paid answers.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations, islice
from typing import TYPE_CHECKING

from moaql.check.program import Topology
from moaql.check.reach import holes_reached
from moaql.check.values import Values
from moaql.errors import UsageError
from moaql.language import nodes as n
from moaql.searching.space.counting import Counting
from moaql.searching.space.filled import Filled, Views, check_filled
from moaql.searching.space.filling import Filling
from moaql.searching.space.holes import Site, find_sites
from moaql.searching.space.moves import any_value, beside, is_valid, nearest
from moaql.searching.space.points import Dimension, Point, Value

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from moaql.check.scope import Definition, Unit


class Space:
    """All fillings of a pipeline with holes.

    Args:
        name: What filled topologies are called.
        body: The pipeline.
        unit: The file in which its names mean something. It has no errors.

    Attributes:
        name: See above.
        body: See above.
        unit: See above.
        dimensions: In an order in which each stands behind those that make it active.
        topologies: The named topologies that the pipeline can reach.

    Raises:
        UsageError: if a range has too many values to search.
    """

    def __init__(self, name: str, body: n.Pipeline, unit: Unit) -> None:
        self.name, self.body, self.unit = name, body, unit
        sites = find_sites(body, unit)
        self._sites: dict[str, Site] = sites.by_name
        self._roots = frozenset(sites.roots)
        self.topologies = sites.topologies
        self.dimensions: tuple[Dimension, ...] = tuple(site.dimension for site in sites.by_name.values())
        self._filling = Filling(sites.by_name.values())
        self._counting = Counting(sites.by_name)
        self._models = Values().models
        self._open = {each for each in sites.topologies if _reaches_holes(each)}

    def __repr__(self) -> str:
        return f"Space({self.name!r}, {len(self.dimensions)} dimensions)"

    def __getitem__(self, name: str) -> Dimension:
        """The dimension of that name."""
        return self._sites[name].dimension

    # Points

    @cached_property
    def size(self) -> int:
        """The exact number of points, found by counting."""
        return self._counting.count(self._roots)

    def active(self, values: Mapping[str, Value]) -> Iterator[Dimension]:
        """The dimensions that are active, asked for one after the other: the value of each is looked up after it was given out."""
        active = set(self._roots)
        for name, site in self._sites.items():
            if name in active:
                yield site.dimension
                active.update(_inside(site, values[name]))

    def points(self, limit: int | None = None) -> Iterator[Point]:
        """The points in a fixed order, the first dimension changing slowest; at most `limit` of them."""
        return islice(self._points(tuple(self._sites), (), self._roots), limit)

    def _points(
        self, names: tuple[str, ...], pairs: tuple[tuple[str, Value], ...], active: frozenset[str]
    ) -> Iterator[Point]:
        place = next((place for place, name in enumerate(names) if name in active), None)
        if place is None:
            yield Point(pairs)
            return
        name, behind = names[place], names[place + 1 :]
        site = self._sites[name]
        for value in _values(site.dimension):
            yield from self._points(behind, (*pairs, (name, value)), active.union(_inside(site, value)))

    def sample(self, random: random.Random) -> Point:
        """A point, each being as likely as any other."""
        return self._ordered(dict(self._counting.draw(self._roots, random)))

    def neighbours(self, point: Point, random: random.Random) -> Point:
        """A point that differs in one dimension, and in what becomes active or inactive by it.

        Numbers change mostly to a near value, a subset by one member, a choice to any other alternative, with what is inside it
        drawn.

        Raises:
            UsageError: if the space has no other point.
        """
        movable = [name for name in point if self[name].size > 1]
        if not movable:
            raise UsageError(f"`{self.name}` has one point only, and no neighbours", "Add a hole, or a wider one.")
        name = random.choice(movable)
        values: dict[str, Value] = {**point, name: beside(self[name], point[name], random)}
        for dimension in self.active(values):
            if dimension.name not in values:
                values[dimension.name] = any_value(dimension, random)
        return self._ordered(values)

    def repair(self, values: Mapping[str, object]) -> Point:
        """The nearest point to values that may be inactive, missing or invalid.

        Inactive ones are left out; for missing ones the first or least value is taken.
        """
        found: dict[str, Value] = {}
        for dimension in self.active(found):
            found[dimension.name] = nearest(dimension, values.get(dimension.name))
        return self._ordered(found)

    def check(self, point: Mapping[str, Value]) -> None:
        """Refuse what is no point of this space.

        Raises:
            UsageError: if a dimension is missing, inactive or unknown, or its value is none of it.
        """
        missing = "Points come from `space.points`, `space.sample`, `space.neighbours` or `space.repair`."
        seen = set()
        for name in point:
            if name not in self._sites:
                raise UsageError(f"`{self.name}` has no dimension `{name}`", missing)
            if not is_valid(self[name], point[name]):
                raise UsageError(f"`{name}` cannot be {point[name]!r}", missing)
        try:
            seen = {dimension.name for dimension in self.active(point)}
        except KeyError as error:
            raise UsageError(f"the point has no value for `{error.args[0]}`", missing) from None
        if inactive := [name for name in point if name not in seen]:
            raise UsageError(f"`{inactive[0]}` is not active at this point", missing)

    def _ordered(self, values: Mapping[str, Value]) -> Point:
        return Point((dimension.name, values[dimension.name]) for dimension in self.active(values))

    # Topologies

    def fill(self, point: Point) -> Filled:
        """The topology of a point. A combination that is no valid program has its `problem` set.

        Raises:
            UsageError: if it is no point of this space.
        """
        self.check(point)
        views = Views(lambda body: self._filling.fill(body, point), self._open.__contains__)
        topology = Topology(self.name, self._filling.fill(self.body, point), views.of(self.unit))
        return check_filled(point, topology, views, self._models)

    def filled_body(self, body: n.Pipeline, point: Point) -> n.Pipeline:
        """The pipeline of the search, or of a topology that is in use at the point, with the holes of the point filled."""
        return self._filling.fill(body, point)


def _inside(site: Site, value: Value) -> Iterator[str]:
    """The dimensions that a value makes active."""
    for part in value if isinstance(value, tuple) else (value,):
        yield from site.inside.get(part, ())


def _reaches_holes(definition: Definition) -> bool:
    statement = definition.statement
    assert isinstance(statement, n.TopologyStatement)
    return any(not isinstance(hole, n.Fitted) for hole, _ in holes_reached(statement.body, definition.unit))


def _values(dimension: Dimension) -> Iterator[Value]:
    if dimension.kind != "subset":
        yield from dimension.values
        return
    for size in dimension.sizes:
        yield from combinations(dimension.members, size)
