"""Values of parameters: from nodes to what they mean, with every wrong type, range and name reported.

In: a `Parameter` and a node. Out: the Python value, or an `Unfilled` where a hole stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.check.models import UNKNOWN, Models
from moaql.check.program import Model, Topology
from moaql.check.prompts import named_prompt
from moaql.check.scope import ARTICLES, MAIN, Definition, Unit
from moaql.check.unfilled import Unfilled, as_item, size_of, times, total
from moaql.check.words import describe, listed
from moaql.diagnostics import suggest
from moaql.language import nodes as n
from moaql.language.holes import holes_in
from moaql.source import Span
from moaql.stages.base import Asked, Bounds, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MANY = 1000
"""More prompts than this are not dealt out."""
FITTED = "fitted"
"""The value of `weights=?`."""

_KINDS: dict[str, tuple[str, ...]] = {
    "integer": ("number", "size"),
    "number": ("number",),
    "share": ("number", "percent"),
    "money": ("number", "money"),
    "boolean": ("boolean",),
    "string": ("string", "none"),
    "duration": ("duration",),
    "file": ("string",),
}
_ASKED_FOR = {
    "integer": "a whole number",
    "number": "a number",
    "share": "a number or a percentage",
    "money": "an amount such as `$0.50`",
    "boolean": "`true` or `false`",
    "string": "a string",
    "strings": "a string or a list of strings",
    "duration": "a duration such as `8s`",
    "file": "a path as a string",
    "model": "a model",
    "models": "a model or a list of models",
    "fallback": "a model or a topology",
    "prompt": "a prompt",
    "prompts": "a prompt or a list of prompts",
    "weights": "a map such as `{gpt4o: 2}`, or `?`",
}


class Values:
    """Reads values. `uses_settings` of models and topologies are resolved through it, each once."""

    def __init__(self) -> None:
        self.models = Models(self)
        self.topologies: dict[Definition, Topology] = {}

    # Settings of a statement or a stage

    def settings(
        self,
        parameters: Sequence[Parameter],
        settings: Iterable[n.Setting],
        unit: Unit,
        of: str,
        *,
        holes: bool = True,
    ) -> dict[str, Any]:
        """The values of settings by name; unknown and repeated names are reported, and holes where there can be none."""
        by_name = {each.name: each for each in parameters}
        seen: dict[str, Any] = {}
        for setting in settings:
            name = setting.name
            parameter = by_name.get(name.text)
            if parameter is None:
                help = suggest(name.text, by_name) or (f"it has {listed(by_name)}" if by_name else "it takes none")
                unit.report("E203", f"{of} has no parameter `{name.text}`", name.span, help)
            elif name.text in seen:
                unit.report("E305", f"`{name.text}` is set twice", name.span)
            elif not holes and (hole := next(holes_in(setting.value), None)) is not None:
                help = "put it where the model is used: `layer [a] temperature=?(0.2..1.0)`"
                unit.report("E311", "a hole stands in a topology only", hole.span, help)
            else:
                seen[name.text] = self.value(parameter, setting.value, unit, setting.repeat)
        return seen

    def value(self, parameter: Parameter, node: n.Value | n.Group, unit: Unit, repeat: n.Repeat | None = None) -> Any:
        """The value of one parameter."""
        if isinstance(node, n.Choice | n.Range | n.Subset) and parameter.kind not in ("models",):
            return self._hole(parameter, node, unit, repeat)
        if parameter.kind == "models":
            return self._models(parameter, n.Item(node.span, node, repeat), unit)
        if parameter.kind == "model":
            return self._model(parameter, node, unit, repeat)
        if repeat is not None:
            unit.report("E306", f"`{parameter.name}` cannot be repeated", repeat.span)
        if isinstance(node, n.Literal) and node.kind == "none" and not parameter.required:
            return None
        return self._plain(parameter, node, unit)

    def _plain(self, parameter: Parameter, node: n.Value | n.Group, unit: Unit) -> Any:
        kind = parameter.kind
        if kind == "word":
            return self._word(parameter, node, unit)
        if kind == "prompt":
            return self._prompt(parameter, node, unit)
        if kind == "prompts":
            items = node.items if isinstance(node, n.ListValue) else (n.Item(node.span, node),)
            read = [(self._prompt(parameter, item.value, unit), self.repeat(item.repeat, unit)) for item in items]
            return tuple(
                prompt for prompt, times in read for _ in range(min(times, _MANY) if isinstance(times, int) else 1)
            )
        if kind == "fallback":
            asked = self.asked(node, unit)
            return asked.target if asked is not None else None
        if kind == "weights":
            return self._weights(parameter, node, unit)
        if kind == "strings":
            entries = [item.value for item in node.items] if isinstance(node, n.ListValue) else [node]
            one = Parameter(parameter.name, "string", parameter.doc, required=True)
            return tuple(self._literal(one, entry, unit) for entry in entries)
        return self._literal(parameter, node, unit)

    def _wrong(self, parameter: Parameter, node: n.Node, unit: Unit, help: str = "") -> None:
        unit.report(
            "E301", f"`{parameter.name}` takes {_ASKED_FOR[parameter.kind]}, not {describe(node)}", node.span, help
        )

    def _literal(self, parameter: Parameter, node: n.Node, unit: Unit) -> Any:
        if parameter.kind in ("string", "file") and isinstance(node, n.Name):
            return node.text  # `split=test`, `input=question`
        if not isinstance(node, n.Literal) or node.kind not in _KINDS[parameter.kind]:
            self._wrong(parameter, node, unit, _unit_help(parameter, node))
            return None
        value = node.value
        if parameter.kind == "integer":
            if not isinstance(value, int) and not (isinstance(value, float) and value.is_integer()):
                self._wrong(parameter, node, unit)
                return None
            value = int(value)
        if parameter.kind in ("number", "share", "money") and isinstance(value, int | float):
            value = float(value)
        self._check_range(parameter, value, node.span, node.text, unit)
        return value

    @staticmethod
    def _check_range(parameter: Parameter, value: Any, span: Span, text: str, unit: Unit) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return
        low, high = parameter.low, parameter.high
        if (low is not None and value < low) or (high is not None and value > high):
            limits = (
                f"at least {low:g}"
                if high is None
                else f"{low:g} to {high:g}"
                if low is not None
                else f"at most {high:g}"
            )
            unit.report("E302", f"`{parameter.name}` is {limits}, not {text}", span)

    def _word(self, parameter: Parameter, node: n.Node, unit: Unit) -> str | None:
        text = node.text if isinstance(node, n.Name) else None
        if isinstance(node, n.Literal) and node.kind == "string":
            text = str(node.value)
            if parameter.name == "metric" and text.startswith("python:"):
                return text
        if text is None or text not in parameter.choices:
            help = suggest(text, parameter.choices) if text else ""
            options = listed(parameter.choices)
            unit.report("E301", f"`{parameter.name}` is {options}, not {describe(node)}", node.span, help)
            return None
        return text

    # Prompts and weights

    def _prompt(self, parameter: Parameter, node: n.Node, unit: Unit) -> Any:
        if isinstance(node, n.Choice):
            return Unfilled(tuple(self._prompt(parameter, _alone(each), unit) for each in node.alternatives))
        if not isinstance(node, n.Name):
            self._wrong(parameter, node, unit, "write a `prompt NAME { … }` block and name it here")
            return None
        return named_prompt(node, unit)

    def _weights(self, parameter: Parameter, node: n.Node, unit: Unit) -> Any:
        if isinstance(node, n.Fitted):
            return FITTED
        if not isinstance(node, n.MapValue):
            self._wrong(parameter, node, unit)
            return None
        weights: list[tuple[Model, float]] = []
        one = Parameter("weight", "number", "", low=0, required=True)
        for entry in node.entries:
            name = n.Name(Span(entry.span.start, entry.span.start + len(entry.key)), entry.key)
            is_id = "/" in entry.key
            literal = n.Literal(name.span, "string", entry.key, entry.key)
            model = self.models.by_id(literal, unit) if is_id else self.models.named(name, unit)
            weights.append((model, self.value(one, entry.value, unit)))
        return tuple(weights)

    # Models

    def _model(self, parameter: Parameter, node: n.Node, unit: Unit, repeat: n.Repeat | None) -> Asked:
        samples = self.repeat(repeat, unit)
        if isinstance(node, n.Name):
            return Asked(self.models.named(node, unit), samples)
        if isinstance(node, n.Literal) and node.kind == "string":
            return Asked(self.models.by_id(node, unit), samples)
        help = "several models answer in a `layer`" if isinstance(node, n.ListValue) else ""
        self._wrong(parameter, node, unit, help)
        return Asked(UNKNOWN, samples)

    def _models(self, parameter: Parameter, item: n.Item, unit: Unit) -> Any:
        """A list, a name, or a hole over them: `Asked` and `Unfilled` in order."""
        samples, node = self.repeat(item.repeat, unit), item.value
        if isinstance(node, n.ListValue):
            if not node.items:
                unit.report("E301", f"`{parameter.name}` is empty", node.span, "name at least one model")
            nested = [self._models(parameter, each, unit) for each in node.items]
            return tuple(times(each, samples) for entries in nested for each in entries)
        if isinstance(node, n.Subset):
            entries = self._models(parameter, n.Item(node.span, node.items), unit)
            low, high = self._ends(node, unit, len(entries))
            lows = sorted(size_of(each).low for each in entries)
            highs = sorted((size_of(each).high for each in entries), reverse=True)
            bounds = Bounds(sum(lows[:low]), sum(highs[:high]))
            return (times(Unfilled(tuple(entries), bounds), samples),)
        if isinstance(node, n.Choice):
            options = [self._models(parameter, as_item(each), unit) for each in node.alternatives]
            totals = [total(each) for each in options]
            bounds = Bounds(min(each.low for each in totals), max(each.high for each in totals))
            return (times(Unfilled(tuple(options), bounds), samples),)
        asked = self.asked(node, unit)
        if asked is None:
            self._wrong(parameter, node, unit)
            return ()
        return (times(asked, samples),)

    def asked(self, node: n.Node, unit: Unit) -> Asked | None:
        """The model or topology that a node names; None where it is something else."""
        if isinstance(node, n.Literal) and node.kind == "string":
            return Asked(self.models.by_id(node, unit))
        if isinstance(node, n.Group):
            body = n.Pipeline(node.span, (node,))
            return Asked(Topology("pipeline", body, unit))
        if not isinstance(node, n.Name):
            return None
        found = unit.find(node.text)
        if found is not None and found.kind == "topology":
            return Asked(self.topology(found))
        if found is None or found.kind == "model":
            if found is None and not unit.is_lost(node.text):
                help = (
                    unit.suggestion(node.text, ["model", "topology"])
                    or f'define it: `model {node.text} = "provider/model-id"`'
                )
                unit.report("E204", f"unknown model `{node.text}`", node.span, help)
                return Asked(UNKNOWN)
            return Asked(self.models.named(node, unit))
        unit.report("E209", f"`{node.text}` is {ARTICLES[found.kind]}, not a model or a topology", node.span)
        return Asked(UNKNOWN)

    def topology(self, definition: Definition) -> Topology:
        """The topology of a definition, each once."""
        if definition not in self.topologies:
            statement = definition.statement
            assert isinstance(statement, n.TopologyStatement)
            name = statement.name.text if statement.name is not None else MAIN
            self.topologies[definition] = Topology(name, statement.body, definition.unit)
        return self.topologies[definition]

    # Holes and repeats

    def repeat(self, repeat: n.Repeat | None, unit: Unit) -> Any:
        """How often: a number, or `Unfilled`."""
        if repeat is None:
            return 1
        if isinstance(repeat.count, int):
            return repeat.count
        return self.value(Parameter("repeat", "integer", "", low=1, required=True), repeat.count, unit)

    def _ends(self, hole: n.Subset, unit: Unit, count: int) -> tuple[int, int]:
        one = Parameter("size", "integer", "", low=0, required=True)
        low, high = (self._literal(one, end, unit) for end in (hole.low, hole.high))
        if low is None or high is None:
            return 0, 0
        if low > high:
            unit.report("E310", f"`{low}..{high}` is empty", hole.span, "the smaller number stands first")
            return 0, 0
        if high > count:
            unit.report("E310", f"a list of {count} has no subset of {high}", hole.high.span)
        return min(low, count), min(high, count)

    def _hole(self, parameter: Parameter, node: n.Node, unit: Unit, repeat: n.Repeat | None) -> Unfilled:
        if isinstance(node, n.Range):
            return self._range(parameter, node, unit)
        if isinstance(node, n.Subset):
            if parameter.kind == "model":
                unit.report("E311", f"`{parameter.name}` takes one model: a hole over subsets gives several", node.span)
            else:
                self._wrong(parameter, node, unit)
            return Unfilled(())
        assert isinstance(node, n.Choice)
        options = tuple(self._option(parameter, each, unit, repeat) for each in node.alternatives)
        numbers = [each for each in options if isinstance(each, int) and not isinstance(each, bool)]
        if parameter.kind == "model":
            return Unfilled(options, total(options, widest=True))
        return Unfilled(options, Bounds(min(numbers), max(numbers)) if numbers else Bounds(0, 0))

    def _option(
        self, parameter: Parameter, alternative: n.Pipeline | n.Item, unit: Unit, repeat: n.Repeat | None
    ) -> Any:
        item = as_item(alternative)
        if isinstance(item.value, n.Group):
            self._wrong(parameter, alternative, unit)
            return None
        both = item.repeat or repeat
        return self.value(parameter, item.value, unit, both)

    def _range(self, parameter: Parameter, node: n.Range, unit: Unit) -> Unfilled:
        if parameter.kind not in ("integer", "number", "share", "money", "duration"):
            self._wrong(parameter, node, unit)
            return Unfilled(())
        low, high = (self._literal(parameter, end, unit) for end in (node.low, node.high))
        if low is None or high is None:
            return Unfilled(())
        if low > high:
            unit.report(
                "E310", f"`{node.low.text}..{node.high.text}` is empty", node.span, "the smaller number stands first"
            )
        if node.log and low <= 0:
            unit.report("E310", "a logarithmic range starts above zero", node.low.span)
        if node.step is not None:
            step = self._literal(Parameter("step", parameter.kind, "", required=True), node.step, unit)
            if step is not None and step <= 0:
                unit.report("E310", "a step is greater than zero", node.step.span)
        if parameter.kind == "integer":
            return Unfilled((), Bounds(min(low, high), max(low, high)))
        return Unfilled(())


def _alone(alternative: n.Pipeline | n.Item) -> n.Node:
    return as_item(alternative).value


def _unit_help(parameter: Parameter, node: n.Node) -> str:
    if not isinstance(node, n.Literal) or node.kind != "number":
        return ""
    return f"write seconds as `{node.text}s`" if parameter.kind == "duration" else ""
