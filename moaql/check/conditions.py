"""Conditions: signals, their settings, and what they may be compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.check.tables import SIGNALS
from moaql.check.values import Values
from moaql.check.words import describe
from moaql.diagnostics import suggest
from moaql.language import nodes as n

if TYPE_CHECKING:
    from moaql.check.flows import Flows
    from moaql.check.scope import Unit
    from moaql.check.state import State

_NEEDS = {
    "scores": ("no stage before attaches scores", "put `score MODEL` before it"),
    "candidates": ("there are no candidates yet", "ask models first"),
}


class Conditions:
    """Checks the conditions of `when` and `until`."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def check(self, condition: n.Condition, state: State, unit: Unit, flows: Flows) -> frozenset[str]:
        """Report what is wrong with a condition, given what is known of the candidates; the signals that it looks at."""
        if isinstance(condition, n.Logic):
            parts = [self.check(part, state, unit, flows) for part in condition.parts]
            return frozenset().union(*parts)
        if isinstance(condition, n.Negation):
            return self.check(condition.part, state, unit, flows)
        self._comparison(condition, state, unit, flows)
        return frozenset({condition.signal.text.partition(".")[0]})

    def _comparison(self, comparison: n.Comparison, state: State, unit: Unit, flows: Flows) -> None:
        name, _, field = comparison.signal.text.partition(".")
        signal = SIGNALS.get(name)
        if signal is None or (bool(field) != (name == "field")):
            help = suggest(comparison.signal.text, SIGNALS) or f"signals are {', '.join(SIGNALS)}"
            if name == "field":
                help = "write `field.NAME`"
            unit.report("E314", f"unknown signal `{comparison.signal.text}`", comparison.signal.span, help)
            return
        self.values.settings(signal.parameters, comparison.settings, unit, f"`{name}`")
        missing = signal.needs == "candidates" and state.candidates.high == 0
        missing = missing or (signal.needs == "scores" and "scores" not in state.attached)
        if missing:
            reason, help = _NEEDS[signal.needs]
            flows.add(unit, "E411", f"`{name}` says nothing here: {reason}", comparison.signal, help)
        for value in _values(comparison.value):
            self._value(name, value, unit)

    def _value(self, name: str, value: n.Node, unit: Unit) -> None:
        signal = SIGNALS[name]
        kind = value.kind if isinstance(value, n.Literal) else "name" if isinstance(value, n.Name) else ""
        if kind not in signal.kinds:
            unit.report("E301", f"`{name}` is not compared with {describe(value)}", value.span, _wanted(signal.kinds))
            return
        number = value.value if isinstance(value, n.Literal) else None
        if not isinstance(number, int | float) or isinstance(number, bool):
            return
        if (signal.low is not None and number < signal.low) or (signal.high is not None and number > signal.high):
            limits = f"from {signal.low:g}" + (f" to {signal.high:g}" if signal.high is not None else "")
            unit.report("E302", f"`{name}` is {limits}, never {describe(value)}", value.span)


def _values(value: n.Node) -> list[Any]:
    """The constants that a comparison may compare with: itself, or those of its hole."""
    if isinstance(value, n.Range):
        return [value.low, value.high]
    if isinstance(value, n.Choice):
        found: list[Any] = []
        for alternative in value.alternatives:
            if isinstance(alternative, n.Item):
                found.append(alternative.value)
            else:
                found.append(n.lone_name(alternative) or alternative)
        return found
    return [value]


def _wanted(kinds: tuple[str, ...]) -> str:
    words = {
        "number": "a number",
        "percent": "a percentage",
        "size": "a size such as `4k`",
        "string": "a string",
        "boolean": "`true` or `false`",
    }
    return "write " + " or ".join(words[kind] for kind in kinds if kind in words)
