"""The names in a filled pipeline that refer to statements, and the pipeline with some of them changed.

Names of settings, signals and words such as `number` in `by=number` refer to nothing, whatever else is called so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

from moaql.check.tables import ROUTE
from moaql.language import nodes as n
from moaql.searching.space import parameters as known
from moaql.stages import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.check.scope import Unit
    from moaql.stages.base import Parameter

    Change: TypeAlias = Callable[[str], str]


def renamed(pipeline: n.Pipeline, unit: Unit, change: Change) -> n.Pipeline:
    """The pipeline with each name that refers to something changed.

    Args:
        pipeline: Without holes, `weights=?` aside.
        unit: The file in which its names mean something.
        change: From each such name to the one that takes its place.
    """
    return _Renaming(unit, change).pipeline(pipeline)


def names_in_use(pipeline: n.Pipeline, unit: Unit) -> list[str]:
    """The names that refer to something, each once, in order."""
    found: dict[str, None] = {}

    def note(name: str) -> str:
        found[name] = None
        return name

    renamed(pipeline, unit, note)
    return list(found)


class _Renaming:
    def __init__(self, unit: Unit, change: Change) -> None:
        self._unit = unit
        self._change = change

    def pipeline(self, node: n.Pipeline) -> n.Pipeline:
        return n.Pipeline(node.span, tuple(map(self._step, node.steps)))

    def _perhaps(self, node: n.Pipeline | None) -> n.Pipeline | None:
        return self.pipeline(node) if node is not None else None

    def _step(self, step: n.Step) -> n.Step:
        if isinstance(step, n.Stage):
            return self._stage(step)
        if isinstance(step, n.Group):
            return self._group(step)
        if isinstance(step, n.When):
            condition = self._condition(step.condition)
            return n.When(step.span, condition, self.pipeline(step.then), self._perhaps(step.otherwise))
        if isinstance(step, n.Route):
            operands, settings = self._operands(step), self._settings(step.settings, ROUTE)
            cases = tuple(
                n.Case(each.span, each.label, each.label_span, self.pipeline(each.body)) for each in step.cases
            )
            return n.Route(step.span, operands, settings, cases, self._perhaps(step.otherwise))
        if isinstance(step, n.Until):
            return n.Until(step.span, self._condition(step.condition), step.limit, self.pipeline(step.body))
        return step

    def _stage(self, node: n.Stage) -> n.Stage:
        name = node.name if node.name.text in STAGES.built_in else self._name(node.name)
        settings = self._settings(node.settings, known.parameters_of(node.name.text, self._unit))
        return n.Stage(node.span, name, self._operands(node), settings, node.repeat)

    def _group(self, node: n.Group) -> n.Group:
        return n.Group(node.span, self.pipeline(node.body), node.repeat)

    def _condition(self, node: n.Condition) -> n.Condition:
        if isinstance(node, n.Logic):
            return n.Logic(node.span, node.operator, tuple(map(self._condition, node.parts)))
        if isinstance(node, n.Negation):
            return n.Negation(node.span, self._condition(node.part))
        settings = self._settings(node.settings, known.signal_settings(node))
        return n.Comparison(node.span, node.signal, settings, node.operator, node.value)

    def _operands(self, node: n.Stage | n.Route) -> tuple[n.Item, ...]:
        pairs = zip(node.operands, known.operand_parameters(node, self._unit), strict=True)
        return tuple(self._item(operand) if known.refers(parameter) else operand for operand, parameter in pairs)

    def _settings(self, settings: Sequence[n.Setting], parameters: Sequence[Parameter]) -> tuple[n.Setting, ...]:
        return tuple(
            n.Setting(each.span, each.name, cast("n.Value", self._value(each.value)), each.repeat)
            if known.refers(known.setting_parameter(each.name.text, parameters))
            else each
            for each in settings
        )

    def _item(self, item: n.Item) -> n.Item:
        return n.Item(item.span, self._value(item.value), item.repeat)

    def _value(self, value: n.Value | n.Group) -> n.Value | n.Group:
        if isinstance(value, n.Name):
            return self._name(value)
        if isinstance(value, n.ListValue):
            return n.ListValue(value.span, tuple(map(self._item, value.items)))
        if isinstance(value, n.MapValue):
            entries = [n.Entry(each.span, self._change(each.key), each.value) for each in value.entries]
            return n.MapValue(value.span, tuple(entries))
        return self._group(value) if isinstance(value, n.Group) else value

    def _name(self, name: n.Name) -> n.Name:
        return n.Name(name.span, self._change(name.text))
