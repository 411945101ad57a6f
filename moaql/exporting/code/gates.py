"""Conditions of gates as expressions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moaql.graph.branches import NO, YES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.exporting.code.flows import Flows
    from moaql.graph.nodes import Gate, Pairs
    from moaql.stages.base import Ref

_SIGNALS = "moaql.exporting.standalone.signals"


class Conditions:
    """Writes the body of a gate's method.

    Args:
        gate: What decides.
        flows: Writes its candidates.

    Attributes:
        needs: Functions of the library that it uses, as (module, name).
    """

    def __init__(self, gate: Gate, flows: Flows) -> None:
        self.needs: set[tuple[str, str]] = set()
        self._gate = gate
        self._flows = flows

    def body(self) -> list[str]:
        """The lines of the method."""
        condition = dict(self._gate.condition)
        cases = json.dumps([label for label in self._gate.labels if label != "else"], ensure_ascii=False)
        name = json.dumps(self._gate.id)
        if "label" in condition:
            refs = self._read("label")
            return [
                f"[said] = {self._flows.awaited(refs)}",
                f"return {self._use('label_in')}(self.run, {name}, said, {cases})",
            ]
        if "field" in condition:
            field = json.dumps(condition["field"], ensure_ascii=False)
            return [f"return {self._use('case_of')}(self.run, {name}, {field}, {cases})"]
        if "router" in condition:
            return ['return "else"  # the fitted router is not part of this file']
        lines = [
            f"{variable} = {self._flows.awaited(refs)}"
            for variable, role in (("seen", "candidates"), ("ratings", "judgement"))
            if (refs := self._read(role))
        ]
        return [*lines, f"return {self._use('met')}(self.run, {name}, {self._holds(self._gate.condition)})"]

    @property
    def is_condition(self) -> bool:
        """Whether it says yes or no."""
        return set(self._gate.labels) == {YES, NO}

    def _read(self, role: str) -> Sequence[Ref]:
        return [ref for each, ref in self._gate.inputs if each == role]

    def _use(self, function: str) -> str:
        self.needs.add(("moaql.run.gates" if function == "compare" else _SIGNALS, function))
        return function

    def _holds(self, condition: Pairs) -> str:
        given = dict(condition)
        for name, function in (("all", "every"), ("any", "any_of")):
            if name in given:
                return f"{self._use(function)}({', '.join(self._holds(part) for part in given[name])})"
        if "not" in given:
            return f"{self._use('opposite')}({self._holds(given['not'])})"
        value = given["value"]
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
        return f"{self._use('compare')}({self._signal(given)}, {json.dumps(given['operator'])}, {shown})"

    def _signal(self, given: dict[str, Any]) -> str:
        name, _, field = given["compare"].partition(".")
        if name == "field":
            return f"{self._use('field_of')}(self.run, {json.dumps(field)}, {given['value']!r})"
        if name == "tokens":
            self.needs.add(("moaql.graph.assumptions", "tokens_of"))
            return "tokens_of(self.run.question.text)"
        if name == "count":
            return f"{self._use('count')}(seen)"
        if name == "agreement":
            return f'{self._use("agreement")}(seen, "{given.get("by") or "exact"}")'
        if name == "score":
            return f"{self._use('best_score')}(seen)"
        if "judgements" in given:
            first, behind = given["judgements"]
            return f"{self._use('best_rating')}(ratings[{first}:{behind}])"
        return f"{self._use('best_confidence')}(seen)"
