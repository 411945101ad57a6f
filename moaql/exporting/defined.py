"""The models of a topology as its program defines them: a call's settings are those of its stage as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.values import Values
from moaql.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moaql.check.program import Model, Program
    from moaql.check.scope import Unit
    from moaql.graph.nodes import Call, Graph


def defined_models(graph: Graph, program: Program) -> list[Model]:
    """The models that a topology asks first, each once, with the settings and the alternatives of its statement.

    Args:
        graph: The topology.
        program: The program that it is from; statements of imported files count as well.
    """
    statements = list(_statements(program))
    found: list[Model] = []
    for call in answering(graph):
        model = _as_defined(call.model, statements)
        if not any(each.name == model.name and each == model for each in found):
            found.append(model)
    return found


def answering(graph: Graph) -> Iterator[Call]:
    """The calls that ask for texts; a router may also ask for vectors, which no table of chat models knows."""
    return (call for call in graph.calls if call.purpose != "embed")


def _statements(program: Program) -> Iterator[Model]:
    values = Values()
    seen: set[int] = set()
    waiting: list[Unit] = [program.unit]
    while waiting:
        unit = waiting.pop(0)
        if id(unit) in seen:
            continue
        seen.add(id(unit))
        for definition in [*unit.own.values(), *unit.imported.values(), *unit.user_models().values()]:
            waiting.append(definition.unit)
            if definition.kind == "model":
                yield values.models.defined(definition)


def _as_defined(asked: Model, statements: Iterable[Model]) -> Model:
    """The model that a statement defines; the model itself where it was written as an id."""
    return next((each for each in statements if each.name == asked.name and _bare(each) == _bare(asked)), asked)


def _bare(model: Model) -> Model:
    others = tuple(replace(each, settings=()) for each in model.alternatives)
    return replace(model, settings=(), alternatives=others)
