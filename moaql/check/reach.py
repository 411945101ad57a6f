"""What a pipeline can reach by name: the topologies that it uses, their holes, the models that they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.language import nodes as n
from moaql.language.holes import holes_in, nodes_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Model
    from moaql.check.scope import Unit
    from moaql.check.values import Values


def reached(body: n.Pipeline, unit: Unit) -> Iterator[tuple[n.Pipeline, Unit]]:
    """The pipeline and those of all topologies that it names, directly or not, each once."""
    seen: set[int] = set()
    todo = [(body, unit)]
    while todo:
        body, unit = todo.pop()
        if id(body) in seen:
            continue
        seen.add(id(body))
        yield body, unit
        for name in names_in(body):
            found = unit.find(name.text)
            if found is not None and isinstance(found.statement, n.TopologyStatement):
                todo.append((found.statement.body, found.unit))


def holes_reached(body: n.Pipeline, unit: Unit) -> Iterator[tuple[n.Node, Unit]]:
    """The holes of all of them."""
    for each, where in reached(body, unit):
        for hole in holes_in(each):
            yield hole, where


def models_reached(body: n.Pipeline, unit: Unit, values: Values) -> Iterator[Model]:
    """The models that any of them names, wherever it stands."""
    for each, where in reached(body, unit):
        for name in names_in(each):
            found = where.find(name.text)
            if found is not None and found.kind == "model":
                yield values.models.defined(found)


def names_in(part: object) -> Iterator[n.Name]:
    """All names below a node."""
    return (each for each in nodes_in(part) if isinstance(each, n.Name))
