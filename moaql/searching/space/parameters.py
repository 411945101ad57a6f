"""Which parameter a value in a pipeline is for, and what names in it may refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.tables import ROUTE, SIGNALS, UNTIL
from moaql.stages import STAGES
from moaql.stages.base import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.scope import Definition, Unit
    from moaql.language import nodes as n

REPEAT = Parameter("x", "integer", "How often.", low=1)
UNKNOWN = Parameter("value", "number", "")
_COUNTS = ("count", "tokens")
_REFERENCES = frozenset({"model", "models", "fallback", "prompt", "prompts", "weights"})
"""Kinds of parameters whose names refer to statements; `by=number` and `tie=first` are words."""


def topology_named(name: str, unit: Unit) -> Definition | None:
    """The definition of the topology that a name means, or None."""
    found = unit.find(name)
    return found if found is not None and found.kind == "topology" else None


def parameters_of(stage: str, unit: Unit) -> tuple[Parameter, ...]:
    """The parameters of a stage; those of `layer` for a model or topology used as one."""
    found = STAGES.find("layer" if unit.find(stage) is not None and stage not in STAGES.built_in else stage)
    return found.parameters if found is not None else ()


def operand_parameters(node: n.Stage | n.Route, unit: Unit) -> list[Parameter]:
    """The parameter of each operand, in order."""
    known = parameters_of(node.name.text, unit) if hasattr(node, "name") else ROUTE
    taken = {setting.name.text for setting in node.settings}
    free = [each for each in known if each.positional and each.name not in taken]
    return [*free, *[UNKNOWN] * len(node.operands)][: len(node.operands)]


def setting_parameter(name: str, known: Sequence[Parameter]) -> Parameter:
    """The parameter of that name, or one of which nothing is known."""
    return next((each for each in known if each.name == name), UNKNOWN)


def signal_parameter(comparison: n.Comparison) -> Parameter:
    """What a condition compares with, as a parameter."""
    name = comparison.signal.text
    return Parameter(name, "integer" if name in _COUNTS else "share", "")


def signal_settings(comparison: n.Comparison) -> tuple[Parameter, ...]:
    """The settings that the signal takes."""
    signal = SIGNALS.get(comparison.signal.text.partition(".")[0])
    return signal.parameters if signal is not None else ()


def refers(parameter: Parameter) -> bool:
    """Whether names in its value refer to models, topologies or prompts."""
    return parameter.kind in _REFERENCES


LIMIT = UNTIL
