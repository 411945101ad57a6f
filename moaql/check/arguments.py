"""One use of a stage: its values and settings matched with the parameters that the stage declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.check.program import Topology
from moaql.check.scope import ARTICLES, Unit
from moaql.check.unfilled import Unfilled, size_of
from moaql.check.values import Values
from moaql.language import nodes as n
from moaql.language.grammar import RESERVED
from moaql.records import Entity, Record
from moaql.stages import STAGES
from moaql.stages.base import NONE, ONE, SAMPLING, Arguments, Asked, Bounds, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.stages.base import Stage

_STATEMENTS = ("model", "topology", "prompt", "eval", "search", "import")
_SAMPLING = frozenset(each.name for each in SAMPLING)
_SEARCH_SETTINGS = ("budget", "trials", "workers", "sampler", "holdout")


class Bound(Entity):
    """A use of a stage with the meaning of its arguments.

    Attributes:
        name: The stage, `layer` for a model or topology used as a step.
        stage: What the stage declares.
        values: Values by parameter, defaults included; `Unfilled` where a hole stands.
        given: The parameters that were written.
        repeat: `xN` at its end.
        node: Where it stands.
        label: What to call it in a graph: the stage's name, or "" for a model used as a step.
    """

    name: str
    stage: Stage
    values: dict[str, Any]
    given: frozenset[str]
    repeat: Any
    node: n.Stage
    unit: Unit
    label: str

    def arguments(self) -> Arguments:
        """The arguments, once no hole is left."""
        sampling = {name: value for name, value in self.values.items() if name in _SAMPLING and name in self.given}
        return Arguments(self.values, sampling, self.repeat)


class BoundSizes(Record):
    """The sizes that a stage asks for when it says how many candidates come out."""

    bound: Bound
    topology_size: Callable[[Topology], Bounds]

    def of(self, name: str) -> Bounds:
        """See `Sizes.of`."""
        value = self.bound.values.get(name)
        if name == "proposers":
            return self._times(self._sum(value or ()))
        if name == "model":
            return self._times(size_of(value)) if isinstance(value, Asked | Unfilled) else ONE
        if isinstance(value, Unfilled):
            return value.bounds
        return Bounds(value, value) if isinstance(value, int) else NONE

    def _times(self, size: Bounds) -> Bounds:
        repeat = self.bound.repeat
        times = repeat.bounds if isinstance(repeat, Unfilled) else Bounds(repeat, repeat)
        return Bounds(size.low * times.low, size.high * times.high)

    def _sum(self, entries: Any) -> Bounds:
        sizes = [self._size(entry) for entry in entries]
        return Bounds(sum(each.low for each in sizes), sum(each.high for each in sizes))

    def _size(self, entry: Any) -> Bounds:
        size = size_of(entry)
        if isinstance(entry, Asked) and isinstance(entry.target, Topology):
            inner = self.topology_size(entry.target)
            return Bounds(size.low * inner.low, size.high * inner.high)
        return size


class Binder:
    """Matches uses of stages with their declarations and reports what does not fit."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def bind(self, node: n.Stage, unit: Unit) -> Bound | Topology | None:
        """The use of a stage, a topology used as a step, or None where the name means neither."""
        name = node.name.text
        definition = unit.find(name)
        if name in STAGES.built_in and (definition is None or definition.kind not in ("model", "topology")):
            definition = None  # a prompt or an eval set may be called like a stage
        if definition is None and (name in STAGES.built_in or not unit.is_lost(name)):
            stage = STAGES.find(name)
            if stage is not None:
                return self._stage(node, name, stage, unit)
            self._unknown(node, unit)
            return None
        if definition is None or definition.kind in ("prompt", "eval", "search"):
            if definition is not None:
                unit.report(
                    "E209", f"`{name}` is no stage, model or topology but {ARTICLES[definition.kind]}", node.name.span
                )
            return None
        if name in STAGES.built_in:  # reported where it is defined
            stage = STAGES.find(name)
            return self._stage(node, name, stage, unit) if stage is not None else None
        asked = self.values.asked(node.name, unit)
        if asked is None:
            return None
        if isinstance(asked.target, Topology) and node.is_bare:
            return asked.target
        return self._as_layer(node, asked, unit)

    def _as_layer(self, node: n.Stage, asked: Asked, unit: Unit) -> Bound:
        """A model, or a repeated topology, used as a step."""
        stage = STAGES.find("layer")
        assert stage is not None
        for operand in node.operands[:1]:
            help = self._lost_pipeline(operand, unit) or _setting_hint(operand, stage)
            kind = "topology" if isinstance(asked.target, Topology) else "model"
            unit.report("E307", f"`{node.name.text}` is a {kind} and takes no value", operand.span, help)
        if isinstance(asked.target, Topology) and node.settings:
            first = node.settings[0]
            unit.report("E203", f"topology `{node.name.text}` has no parameter `{first.name.text}`", first.name.span)
            return self._bound(node, "layer", stage, {"proposers": (asked,)}, frozenset({"proposers"}), unit, "")
        parameters = [each for each in stage.parameters if each.name != "proposers"]
        settings = [each for each in node.settings if not self._belongs_to_search(node.name.text, stage, each, unit)]
        given = self.values.settings(parameters, settings, unit, f"model `{node.name.text}`")
        given["proposers"] = (asked,)
        return self._bound(node, "layer", stage, given, frozenset(given), unit, "")

    def _stage(self, node: n.Stage, name: str, stage: Stage, unit: Unit) -> Bound:
        positional = [each for each in stage.parameters if each.positional]
        given: dict[str, Any] = {}
        taken = {setting.name.text for setting in node.settings}
        free = [each for each in positional if each.name not in taken]
        for parameter, operand in zip(free, node.operands, strict=False):
            given[parameter.name] = self._operand(parameter, operand, unit)
        for operand in node.operands[len(free) : len(free) + 1]:
            self._too_many(node, operand, positional, unit)
        settings = [each for each in node.settings if not self._belongs_to_search(name, stage, each, unit)]
        given.update(self.values.settings(stage.parameters, settings, unit, f"`{name}`"))
        known = {each.name for each in stage.parameters}
        misspelt = any(setting.name.text not in known for setting in settings)  # reported already
        for parameter in stage.parameters:
            if parameter.required and parameter.name not in given and not misspelt:
                unit.report(
                    "E304",
                    f"`{name}` needs `{parameter.name}`: {parameter.doc}",
                    node.name.span,
                    _example(name, parameter),
                )
        bound = self._bound(node, name, stage, given, frozenset(given), unit, name)
        self._check_repeat(bound, unit)
        self._check_combination(bound, unit)
        return bound

    def _bound(
        self,
        node: n.Stage,
        name: str,
        stage: Stage,
        given: dict[str, Any],
        names: frozenset[str],
        unit: Unit,
        label: str,
    ) -> Bound:
        values = {each.name: each.default for each in stage.parameters}
        values.update(given)
        return Bound(name, stage, values, names, self.values.repeat(node.repeat, unit), node, unit, label)

    def _operand(self, parameter: Parameter, operand: n.Item, unit: Unit) -> Any:
        return self.values.value(parameter, operand.value, unit, operand.repeat)

    @staticmethod
    def _belongs_to_search(name: str, stage: Stage, setting: n.Setting, unit: Unit) -> bool:
        """Whether a setting of a search was swallowed by the last stage of its topology, which is reported."""
        known = {each.name for each in stage.parameters}
        swallowed = setting.name.text in _SEARCH_SETTINGS and setting.name.text not in known
        if swallowed:
            message = f"`{setting.name.text}` belongs to the search, but stands where `{name}` takes it"
            unit.report("E203", message, setting.name.span, "put it before `topology`, or behind the goals")
        return swallowed

    def _too_many(self, node: n.Stage, operand: n.Item, positional: list[Parameter], unit: Unit) -> None:
        takes = "no value" if not positional else "one value" if len(positional) == 1 else f"{len(positional)} values"
        stage = STAGES.find(node.name.text)
        help = self._lost_pipeline(operand, unit) or (_setting_hint(operand, stage) if stage is not None else "")
        if not help and positional and positional[0].kind == "models":
            help = "several models stand in a list: `[a, b]`"
        unit.report("E307", f"`{node.name.text}` takes {takes}, and this is one more", operand.span, help)

    @staticmethod
    def _lost_pipeline(operand: n.Item, unit: Unit) -> str:
        """A hint where the next line was meant to begin a pipeline."""
        source, at = unit.source, operand.span.start
        line, column = source.place(at)
        begins_line = not source.line(line)[: column - 1].strip()
        return "if a new pipeline begins here, give it a name: `topology NAME = …`" if begins_line else ""

    @staticmethod
    def _unknown(node: n.Stage, unit: Unit) -> None:
        name = node.name.text
        if name in RESERVED:  # reported as such
            return
        help = unit.suggestion(name, ["model", "topology"], [*STAGES.built_in, *_STATEMENTS])
        if not help and node.is_bare:
            help = f'define it: `model {name} = "provider/model-id"`'
        unit.report("E205", f"no stage, model or topology is called `{name}`", node.name.span, help)

    @staticmethod
    def _check_repeat(bound: Bound, unit: Unit) -> None:
        if bound.stage.repeatable:
            return
        node, model = bound.node, bound.values.get("model")
        repeated = next((each.repeat for each in node.operands if each.repeat is not None), node.repeat)
        if repeated is not None and (node.repeat is not None or isinstance(model, Asked | Unfilled)):
            help = "put a pipeline in parentheses to run it several times: `( … )x2`"
            unit.report("E306", f"`{bound.name}` cannot be repeated", repeated.span, help)

    @staticmethod
    def _check_combination(bound: Bound, unit: Unit) -> None:
        """What single values cannot show: parameters that exclude or need each other."""
        name, given, node = bound.name, bound.given, bound.node
        quorum, proposers = bound.values.get("quorum"), bound.values.get("proposers")
        if isinstance(quorum, int) and proposers and not any(isinstance(each, Unfilled) for each in proposers):
            several = any(isinstance(each.target, Topology) for each in proposers)
            asked = BoundSizes(bound, lambda _: ONE).of("proposers").high
            if quorum > asked and not several:
                message = f"a quorum of {quorum} is never there: {asked} answers are asked for"
                unit.report("E319", message, node.span, "a quorum is how many answers are enough")
        if name in ("rank", "best"):
            if "by" in given and "model" in given:
                unit.report("E319", f"`{name}` takes a model or `by=`, not both", node.span)
            elif "by" not in given and "model" not in given:
                unit.report(
                    "E304",
                    f"`{name}` needs `model`: The model that ranks",
                    node.name.span,
                    f"write `{name} MODEL` or `{name} by=score`",
                )
        window, keep = bound.values.get("window"), bound.values.get("keep")
        if name == "seq" and isinstance(window, int) and isinstance(keep, int) and keep >= window:
            help = "some slots must be left for new candidates"
            unit.report("E319", "`keep` is smaller than `window`", node.span, help)
        if name == "agg" and "refs_in" in given and bound.values["prompt"] is not None:
            setting = next(each for each in node.settings if each.name.text == "refs_in")
            help = "a prompt of your own puts `{candidates}` where it wants them"
            unit.report("E319", "`refs_in` is about the default prompt", setting.span, help)


def _setting_hint(operand: n.Item, stage: Stage) -> str:
    """`write `temperature=…`` where a parameter's name was written without its sign."""
    name = operand.value.text if isinstance(operand.value, n.Name) else ""
    return f"write `{name}=…`" if any(name == each.name for each in stage.parameters) else ""


def _example(stage: str, parameter: Parameter) -> str:
    value = {"model": "MODEL", "models": "[MODEL, MODEL]", "integer": "3"}.get(parameter.kind, "…")
    return f"write `{stage} {value}`" if parameter.positional else f"write `{parameter.name}={value}`"
