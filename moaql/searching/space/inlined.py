"""The named topologies of a point: which are filled where they stand, and which get a filled copy under a new name.

A topology of this file is filled in its place. One of an imported file is copied into this one, because the other file may serve
other programs; so is one that another search of this file still searches. What is copied means the same here: its
names are changed to those that this file knows them by, and where it knows none, an import is added.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.check.reach import reached
from moaql.language import nodes as n
from moaql.searching.space.references import names_in_use, renamed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.check.scope import Definition, Unit
    from moaql.searching.space.points import Point
    from moaql.searching.space.space import Space


class Inlined:
    """The topologies that a point uses.

    Args:
        program: The program.
        space: Of one of its searches.
        point: One of its points.

    Attributes:
        in_place: Filled bodies of topologies of this file, to be written where they stand.
        copies: New topologies as (name, body), each behind those that it uses.
        imports: New imports as (path, name).
    """

    def __init__(self, program: Program, space: Space, point: Point) -> None:
        self._unit = program.unit
        self._space = space
        self._point = point
        self._new_names: dict[Definition, str] = {}
        self._settled: set[Definition] = set()
        self._kept = set(_of_other_searches(program, space))
        self._aliases: dict[Unit, str] = {}
        self._taken = {*self._unit.own, *self._unit.imported}
        self.in_place: dict[Definition, n.Pipeline] = {}
        self.copies: list[tuple[str, n.Pipeline]] = []
        self.body = self._settle_body(space.body, self._unit)

    @property
    def imports(self) -> list[tuple[str, str]]:
        """See above."""
        folder = os.path.dirname(os.path.abspath(self._unit.source.path or ""))
        paths = [(os.path.abspath(unit.source.path or ""), alias) for unit, alias in self._aliases.items()]
        return [(os.path.relpath(path, folder).replace(os.sep, "/"), alias) for path, alias in paths]

    def _settle_body(self, body: n.Pipeline, unit: Unit) -> n.Pipeline:
        """The filled body as this file can say it, once all that it names is settled."""
        filled = self._space.filled_body(body, self._point)
        used = self._topologies(filled, unit)
        for definition in used:
            self._settle(definition)
        if unit is self._unit and not any(each in self._new_names for each in used):
            return filled
        return renamed(filled, unit, lambda name: self._name_here(name, unit))

    def _topologies(self, body: n.Pipeline, unit: Unit) -> list[Definition]:
        found = [unit.find(name) for name in names_in_use(body, unit)]
        return [each for each in found if each is not None and each.kind == "topology"]

    def _settle(self, definition: Definition) -> None:
        if definition in self._settled:
            return
        self._settled.add(definition)
        statement, unit = definition.statement, definition.unit
        assert isinstance(statement, n.TopologyStatement)
        filled = self._space.filled_body(statement.body, self._point)
        used = self._topologies(filled, unit)
        for each in used:
            self._settle(each)
        if filled is statement.body and not any(each in self._new_names for each in used):
            return
        if unit is self._unit and id(statement.body) not in self._kept:
            self.in_place[definition] = self._settle_body(statement.body, unit)
            return
        body = self._settle_body(statement.body, unit)
        self._new_names[definition] = self.unused(f"{definition.name}-{self._space.name}")
        self.copies.append((self._new_names[definition], body))

    def unused(self, name: str) -> str:
        """The name, or with a number behind it where it is taken; from then on it is."""
        number, found = 1, name
        while found in self._taken:
            number += 1
            found = f"{name}-{number}"
        self._taken.add(found)
        return found

    def _name_here(self, name: str, unit: Unit) -> str:
        """What this file calls what another one calls `name`."""
        found = unit.find(name)
        if found is None:
            return name
        if found in self._new_names:
            return self._new_names[found]
        here = self._unit
        if unit is here:
            return name
        seen = (own for own, each in [*here.own.items(), *here.imported.items()] if each is found)
        known = next(seen, None)
        if known is not None:
            return known
        if found.kind == "model" and name not in (*unit.own, *unit.imported, *here.own, *here.imported):
            return name  # a model of the user's own file, which every program sees
        if found.unit not in self._aliases:
            stem = os.path.splitext(os.path.basename(found.unit.source.name))[0]
            word = "".join(each if each.isalnum() else "_" for each in stem)
            self._aliases[found.unit] = self.unused(word if word[:1].isalpha() else f"_{word}")
        return f"{self._aliases[found.unit]}.{found.name}"


def _of_other_searches(program: Program, space: Space) -> Iterator[int]:
    """The bodies that other searches of the file can reach, by identity."""
    for search in program.searches.values():
        for body in search.topologies:
            if body is not space.body:
                yield from (id(each) for each, _ in reached(body, program.unit))
