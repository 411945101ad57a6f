"""From the pipeline of a search to its dimensions.

In: the pipeline, and the file in which its names mean something. Out: one `Site` for each hole that it can reach, also in the
topologies that it names, and which of them are active where. A named topology is one thing, however often it is used:
its hole is one dimension. `weights=?` is none, because it is fitted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from moaql.check.tables import ROUTE
from moaql.check.unfilled import as_item
from moaql.language import nodes as n
from moaql.searching.space import parameters as known
from moaql.searching.space.alternatives import described, literals_of, told_apart, value_of
from moaql.searching.space.points import Dimension, Scalar
from moaql.stages import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moaql.check.scope import Definition, Unit
    from moaql.stages.base import Parameter

Part: TypeAlias = n.Pipeline | n.Item
"""What a hole may become: an alternative, a number, a member."""


@dataclass(frozen=True, eq=False)
class Site:
    """One hole with its dimension.

    Attributes:
        dimension: What a search sees of it.
        hole: Its node.
        parts: What stands there for each value, or for each member of a subset.
        inside: The dimensions that each part makes active, by value or member.
    """

    dimension: Dimension
    hole: n.Hole
    parts: dict[Scalar, Part]
    inside: dict[Scalar, tuple[str, ...]]


@dataclass(frozen=True)
class Sites:
    """All holes of a search.

    Attributes:
        by_name: In an order in which each stands behind those that make it active.
        roots: Those that are always active.
        topologies: The named topologies that can be reached.
    """

    by_name: dict[str, Site]
    roots: tuple[str, ...]
    topologies: tuple[Definition, ...]


def find_sites(body: n.Pipeline, unit: Unit) -> Sites:
    """The holes of a pipeline and of all topologies that it names.

    Raises:
        UsageError: if a range has too many values.
    """
    finder = _Finder()
    roots = tuple(dict.fromkeys(finder.pipeline(body, "", unit)))
    conditions: dict[str, list[tuple[str, Scalar]]] = {}
    for draft in finder.drafts.values():
        for value, names in draft.inside.items():
            draft.inside[value] = tuple(name for name in names if name not in roots)  # those are active anyway
            for name in draft.inside[value]:
                conditions.setdefault(name, []).append((draft.name, value))
    by_name = {draft.name: draft.site(conditions.get(draft.name)) for draft in _in_order(finder.drafts, conditions)}
    return Sites(by_name, roots, tuple(finder.topologies))


@dataclass(eq=False)
class _Draft:
    """A hole while the pipeline is being read."""

    name: str
    hole: n.Hole
    parameter: Parameter
    parts: dict[Scalar, Part] = field(default_factory=dict)
    inside: dict[Scalar, tuple[str, ...]] = field(default_factory=dict)

    def site(self, condition: list[tuple[str, Scalar]] | None) -> Site:
        hole, pairs = self.hole, tuple(condition) if condition else None
        names = tuple(self.parts)
        if isinstance(hole, n.Subset):
            members = tuple(str(each) for each in names)
            low, high = (int(end.value or 0) for end in (hole.low, hole.high))
            dimension = Dimension(self.name, "subset", (), members, low, high, condition=pairs)
        elif isinstance(hole, n.Range):
            ends = float(min(names)), float(max(names))
            whole = all(isinstance(each, int) for each in names)
            dimension = Dimension(self.name, "number", names, (), *ends, whole, hole.log, pairs)
        else:
            dimension = Dimension(self.name, "choice", names, condition=pairs)
        return Site(dimension, hole, self.parts, self.inside)


def _in_order(drafts: dict[str, _Draft], conditions: dict[str, list[tuple[str, Scalar]]]) -> list[_Draft]:
    """In the order of the text, but behind all that they depend on."""
    placed: dict[str, _Draft] = {}

    def place(name: str) -> None:
        if name not in placed:
            for parent, _ in conditions.get(name, ()):
                place(parent)
            placed[name] = drafts[name]

    for name in drafts:
        place(name)
    return list(placed.values())


class _Finder:
    """Walks pipelines. Each method returns the names of the dimensions that are active with what it was given.

    Any name that a topology has is followed, a word such as `first` in `tie=first` too: so does `moaql.check.reach`, which says
    whether a hole is left.
    """

    def __init__(self) -> None:
        self.drafts: dict[str, _Draft] = {}
        self.topologies: dict[Definition, list[str]] = {}
        self._labels: Counter[str] = Counter()

    # Steps

    def pipeline(self, pipeline: n.Pipeline, scope: str, unit: Unit) -> list[str]:
        """The dimensions of a pipeline. Their names begin with `scope`."""
        found: list[str] = []
        for number, step in enumerate(pipeline.steps, 1):
            found += self._step(step, number, scope, unit)
        return found

    def _step(self, step: n.Step, number: int, scope: str, unit: Unit) -> list[str]:
        if isinstance(step, n.Stage):
            return self._stage(step, scope, unit)
        if isinstance(step, n.HoleStep):
            name = f"{scope}step{number}"
            return [*self._hole(step.hole, name, unit, None), *self._repeat(step.repeat, name, unit)]
        if isinstance(step, n.Group):
            label = self._label(scope, "group")
            return [*self.pipeline(step.body, f"{label}.", unit), *self._repeat(step.repeat, label, unit)]
        if isinstance(step, n.When):
            label = self._label(scope, "when")
            found = [*self._condition(step.condition, label, unit), *self.pipeline(step.then, f"{label}.then.", unit)]
            return found + (self.pipeline(step.otherwise, f"{label}.else.", unit) if step.otherwise else [])
        if isinstance(step, n.Route):
            return self._route(step, self._label(scope, "route"), unit)
        if isinstance(step, n.Until):
            label = self._label(scope, "until")
            limit = self._value(step.limit, f"{label}.max", unit, known.LIMIT)
            found = [*self._condition(step.condition, label, unit), *limit]
            return found + self.pipeline(step.body, f"{label}.", unit)
        return []

    def _stage(self, node: n.Stage, scope: str, unit: Unit) -> list[str]:
        name = node.name.text
        found = self._topology(name, unit) if name not in STAGES.built_in else []
        label = self._label(scope, name, numbered=name == "layer")
        for operand, parameter in zip(node.operands, known.operand_parameters(node, unit), strict=True):
            found += self._value(operand.value, f"{label}.{parameter.name}", unit, parameter)
            found += self._repeat(operand.repeat, label, unit)
        found += self._settings(node.settings, known.parameters_of(name, unit), label, unit)
        return found + self._repeat(node.repeat, label, unit)

    def _route(self, node: n.Route, label: str, unit: Unit) -> list[str]:
        found: list[str] = []
        for operand, parameter in zip(node.operands, known.operand_parameters(node, unit), strict=True):
            found += self._value(operand.value, f"{label}.{parameter.name}", unit, parameter)
        found += self._settings(node.settings, ROUTE, label, unit)
        for case in node.cases:
            found += self.pipeline(case.body, f"{label}.{case.label}.", unit)
        return found + (self.pipeline(node.otherwise, f"{label}.else.", unit) if node.otherwise else [])

    def _condition(self, condition: n.Condition, label: str, unit: Unit) -> list[str]:
        if isinstance(condition, n.Logic):
            return [name for part in condition.parts for name in self._condition(part, label, unit)]
        if isinstance(condition, n.Negation):
            return self._condition(condition.part, label, unit)
        found = self._settings(condition.settings, known.signal_settings(condition), label, unit)
        parameter = known.signal_parameter(condition)
        found += self._topology(parameter.name, unit)
        return found + self._value(condition.value, f"{label}.{parameter.name}", unit, parameter)

    def _topology(self, name: str, unit: Unit) -> list[str]:
        """The dimensions of a named topology, the same wherever it is used."""
        definition = known.topology_named(name, unit)
        if definition is None:
            return []
        if definition not in self.topologies:
            statement = definition.statement
            assert isinstance(statement, n.TopologyStatement)
            self.topologies[definition] = []
            self.topologies[definition] = self.pipeline(statement.body, f"{definition.name}.", definition.unit)
        return self.topologies[definition]

    # Values

    def _settings(
        self, settings: Iterable[n.Setting], parameters: Sequence[Parameter], label: str, unit: Unit
    ) -> list[str]:
        found: list[str] = []
        for setting in settings:
            parameter = known.setting_parameter(setting.name.text, parameters)
            found += self._topology(setting.name.text, unit)
            found += self._value(setting.value, f"{label}.{setting.name.text}", unit, parameter)
            found += self._repeat(setting.repeat, label, unit)
        return found

    def _repeat(self, repeat: n.Repeat | None, label: str, unit: Unit) -> list[str]:
        if repeat is None or isinstance(repeat.count, int):
            return []
        return self._hole(repeat.count, f"{label}.x", unit, known.REPEAT)

    def _value(self, value: n.Value | n.Group, name: str, unit: Unit, parameter: Parameter) -> list[str]:
        if isinstance(value, n.Choice | n.Range | n.Subset):
            return self._hole(value, name, unit, parameter)
        if isinstance(value, n.Name):
            return self._topology(value.text, unit)
        if isinstance(value, n.Group):
            repeat = self._repeat(value.repeat, name, unit)
            return [*self.pipeline(value.body, f"{name}.", unit), *repeat]
        if isinstance(value, n.MapValue):
            pairs = [(entry.value, f"{name}.{entry.key}") for entry in value.entries]
            return [found for entry, key in pairs for found in self._value(entry, key, unit, parameter)]
        if isinstance(value, n.ListValue):
            return [
                found
                for number, item in enumerate(value.items, 1)
                for found in self._item(item, f"{name}.{_short(item, number)}", unit, parameter)
            ]
        return []

    def _item(self, item: n.Item, name: str, unit: Unit, parameter: Parameter) -> list[str]:
        return [*self._value(item.value, name, unit, parameter), *self._repeat(item.repeat, name, unit)]

    # Holes

    def _hole(self, hole: n.Hole, name: str, unit: Unit, parameter: Parameter | None) -> list[str]:
        """The dimension of a hole; without a parameter it stands for a step. What is inside it is active with its parts only."""
        draft = _Draft(self._unique(name), hole, parameter or known.UNKNOWN)
        self.drafts[draft.name] = draft
        if isinstance(hole, n.Range):
            draft.parts.update(literals_of(hole, draft.parameter))
            return [draft.name]
        items = hole.items.items if isinstance(hole, n.Subset) else hole.alternatives
        parts = [each if parameter is None else as_item(each) for each in items]
        values = told_apart(described(each) if isinstance(hole, n.Subset) else value_of(each) for each in parts)
        for number, (value, part) in enumerate(zip(values, parts, strict=True), 1):
            draft.parts[value] = part
            if isinstance(part, n.Pipeline):
                found = self.pipeline(part, f"{draft.name}.", unit)
            else:
                found = self._item(part, f"{draft.name}.{_short(part, number)}", unit, draft.parameter)
            draft.inside[value] = tuple(dict.fromkeys(found))
        return [draft.name]

    def _label(self, scope: str, name: str, *, numbered: bool = False) -> str:
        """What a stage is called in its scope: `layer1`, `layer2`; `agg`, `agg2`."""
        label = scope + name
        self._labels[label] += 1
        number = self._labels[label]
        return f"{label}{number}" if numbered or number > 1 else label

    def _unique(self, name: str) -> str:
        number, found = 1, name
        while found in self.drafts:
            number += 1
            found = f"{name}#{number}"
        return found


def _short(item: n.Item, number: int) -> str:
    """A name for an entry of a list: what it names, or its place."""
    return item.value.text if isinstance(item.value, n.Name) else str(number)
