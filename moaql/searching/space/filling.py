"""Holes to what a point puts there: trees without holes, which share all that holds none.

What comes out can be written down as it is: entries of a list are spliced into it, `x1` is left out, an alternative that was
`skip` is gone, and a repeat behind a hole is one behind what it became.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from moaql.check.unfilled import as_item
from moaql.language import nodes as n
from moaql.language.holes import holes_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moaql.searching.space.holes import Part, Site
    from moaql.searching.space.points import Point, Scalar


class Filling:
    """Fills the holes of trees.

    Args:
        sites: By the identity of the node of the hole.
    """

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites: Mapping[int, Site] = {id(site.hole): site for site in sites}
        self._open: dict[int, bool] = {}
        self._kept: list[object] = []

    def fill(self, pipeline: n.Pipeline, point: Point) -> n.Pipeline:
        """The pipeline of a point."""
        return _Filler(self, point).pipeline(pipeline)

    def is_open(self, node: n.Node) -> bool:
        """Whether a hole that a search fills is in it."""
        key = id(node)
        if key not in self._open:
            self._open[key] = any(not isinstance(hole, n.Fitted) for hole in holes_in(node))
            self._kept.append(node)  # an identity is one as long as its node lives
        return self._open[key]

    def part(self, hole: n.Hole, value: Scalar) -> Part:
        """What stands for a value."""
        return self._sites[id(hole)].parts[value]

    def name(self, hole: n.Hole) -> str:
        """The dimension of a hole."""
        return self._sites[id(hole)].dimension.name


class _Filler:
    """One filling."""

    def __init__(self, filling: Filling, point: Point) -> None:
        self._filling = filling
        self._point = point

    # Steps

    def pipeline(self, node: n.Pipeline) -> n.Pipeline:
        if not self._filling.is_open(node):
            return node
        return n.Pipeline(node.span, tuple(each for step in node.steps for each in self._step(step)))

    def _step(self, step: n.Step) -> Iterable[n.Step]:
        if isinstance(step, n.HoleStep):
            return self._hole_step(step)
        if not self._filling.is_open(step):
            return (step,)
        if isinstance(step, n.Stage):
            return (self._stage(step),)
        if isinstance(step, n.Group):
            return (self._group(step),)
        if isinstance(step, n.When):
            otherwise = self.pipeline(step.otherwise) if step.otherwise is not None else None
            return (n.When(step.span, self._condition(step.condition), self.pipeline(step.then), otherwise),)
        if isinstance(step, n.Route):
            return (self._route(step),)
        assert isinstance(step, n.Until)
        limit = cast("n.Literal", self._value(step.limit).value)
        return (n.Until(step.span, self._condition(step.condition), limit, self.pipeline(step.body)),)

    def _hole_step(self, step: n.HoleStep) -> Iterable[n.Step]:
        repeat = self._repeat(step.repeat)
        body = self.pipeline(cast("n.Pipeline", self._chosen(cast("n.Choice", step.hole))))
        steps = tuple(each for each in body.steps if not isinstance(each, n.Skip))
        if repeat is None or not steps:
            return steps
        only = steps[0]
        if len(steps) == 1 and isinstance(only, n.Stage) and only.repeat is None:
            return (_repeated(only, repeat),)
        if len(steps) == 1 and isinstance(only, n.Group) and only.repeat is None:
            return (n.Group(only.span, only.body, repeat),)
        return (n.Group(step.span, n.Pipeline(body.span, steps), repeat),)

    def _stage(self, node: n.Stage) -> n.Stage:
        operands = tuple(_as_operand(self._value(each.value, each.repeat, each)) for each in node.operands)
        stage = n.Stage(node.span, node.name, operands, tuple(map(self._setting, node.settings)))
        repeat = self._repeat(node.repeat)
        return _repeated(stage, repeat) if repeat is not None else stage

    def _group(self, node: n.Group) -> n.Group:
        return n.Group(node.span, self.pipeline(node.body), self._repeat(node.repeat))

    def _route(self, node: n.Route) -> n.Route:
        operands = tuple(_as_operand(self._value(each.value, each.repeat, each)) for each in node.operands)
        cases = tuple(n.Case(case.span, case.label, case.label_span, self.pipeline(case.body)) for case in node.cases)
        otherwise = self.pipeline(node.otherwise) if node.otherwise is not None else None
        return n.Route(node.span, operands, tuple(map(self._setting, node.settings)), cases, otherwise)

    def _condition(self, node: n.Condition) -> n.Condition:
        if isinstance(node, n.Logic):
            return n.Logic(node.span, node.operator, tuple(map(self._condition, node.parts)))
        if isinstance(node, n.Negation):
            return n.Negation(node.span, self._condition(node.part))
        value = cast("n.Name | n.Literal", self._value(node.value).value)
        settings = tuple(map(self._setting, node.settings))
        return n.Comparison(node.span, node.signal, settings, node.operator, value)

    # Values

    def _setting(self, node: n.Setting) -> n.Setting:
        found = _as_operand(self._value(node.value, node.repeat))
        if found.repeat is not None and not isinstance(found.value, n.ListValue):
            found = n.Item(found.span, n.ListValue(found.span, (found,)))
        return n.Setting(node.span, node.name, cast("n.Value", found.value), found.repeat)

    def _value(self, value: n.Value | n.Group, repeat: n.Repeat | None = None, whole: n.Item | None = None) -> n.Item:
        """A value without holes, with its repeats joined to one."""
        if whole is not None and not self._filling.is_open(whole):
            return whole
        times = self._repeat(repeat)
        if isinstance(value, n.Choice | n.Range):
            part = as_item(self._chosen(value))
            found = self._value(part.value, part.repeat, part)
            return _times(found, times)
        if isinstance(value, n.Subset):
            members = cast("tuple[str, ...]", self._point[self._filling.name(value)])
            parts = [cast("n.Item", self._filling.part(value, member)) for member in members]
            return n.Item(value.span, n.ListValue(value.span, self._entries(parts)), times)
        if isinstance(value, n.ListValue):
            value = n.ListValue(value.span, self._entries(value.items))
        elif isinstance(value, n.Group):
            value = self._group(value)
        elif isinstance(value, n.MapValue):
            pairs = [(entry, self._value(entry.value).value) for entry in value.entries]
            value = n.MapValue(
                value.span, tuple(n.Entry(entry.span, entry.key, cast("n.Value", each)) for entry, each in pairs)
            )
        return n.Item(value.span, value, times)

    def _entries(self, items: Iterable[n.Item]) -> tuple[n.Item, ...]:
        found: list[n.Item] = []
        for item in items:
            entry = self._value(item.value, item.repeat, item)
            if isinstance(entry.value, n.ListValue) and entry.repeat is None and entry is not item:
                found += entry.value.items
            elif isinstance(entry.value, n.Group) and entry.repeat is not None:
                found.append(_as_operand(entry))
            else:
                found.append(entry)
        return tuple(found)

    def _chosen(self, hole: n.Choice | n.Range) -> Part:
        return self._filling.part(hole, cast("Scalar", self._point[self._filling.name(hole)]))

    def _repeat(self, repeat: n.Repeat | None) -> n.Repeat | None:
        if repeat is None or isinstance(repeat.count, int):
            return repeat
        literal = cast("n.Literal", self._value(repeat.count).value)
        times = int(cast("int", literal.value))
        return n.Repeat(repeat.span, times) if times != 1 else None


def _times(item: n.Item, repeat: n.Repeat | None) -> n.Item:
    """An entry repeated once more."""
    if repeat is None:
        return item
    if item.repeat is not None:
        repeat = n.Repeat(repeat.span, cast("int", item.repeat.count) * cast("int", repeat.count))
    return n.Item(item.span, item.value, repeat)


def _as_operand(item: n.Item) -> n.Item:
    """A pipeline in parentheses stands in a list only."""
    if not isinstance(item.value, n.Group):
        return item
    return n.Item(item.span, n.ListValue(item.span, (n.Item(item.span, item.value),)), item.repeat)


def _repeated(stage: n.Stage, repeat: n.Repeat) -> n.Stage:
    """A repeat at the end of a stage, where the text would put it: on its last value, or on the list of its last setting."""
    operands, settings = stage.operands, stage.settings
    if settings and isinstance(settings[-1].value, n.ListValue):
        last = settings[-1]
        joined = _times(n.Item(last.span, last.value, last.repeat), repeat)
        settings = (*settings[:-1], n.Setting(last.span, last.name, last.value, joined.repeat))
    elif operands and not settings:
        operands = (*operands[:-1], _times(operands[-1], repeat))
    else:
        return n.Stage(stage.span, stage.name, operands, settings, repeat)
    return n.Stage(stage.span, stage.name, operands, settings)
