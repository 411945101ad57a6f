"""Conditions of gates as expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moaql.exporting.code.layout import quoted
from moaql.exporting.code.routers import router_of
from moaql.graph.branches import NO, YES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.exporting.code.flows import Flows
    from moaql.graph.nodes import Gate, Pairs
    from moaql.routers.router import Router
    from moaql.stages.base import Ref

_SIGNALS = "moaql.exporting.standalone.signals"
_ROUTING = "moaql.exporting.standalone.routing"
_COMPARED = {"<": "below", "<=": "at most", ">": "above", ">=": "at least", "==": "equal to", "!=": "not"}
_LOOKED_AT = {
    "tokens": "the number of tokens of the question",
    "count": "the number of candidates",
    "score": "the best score",
    "confidence": "the best confidence",
}
_LONGEST = 100
"""Characters of a condition that is said in words; longer ones are read in the code."""


class Conditions:
    """Writes the body of a gate's method.

    Args:
        gate: What decides.
        flows: Writes its candidates.
        router_name: The constant of a fitted router.

    Attributes:
        needs: Functions of the library that it uses, as (module, name).
    """

    def __init__(self, gate: Gate, flows: Flows, router_name: Callable[[Router], str]) -> None:
        self.needs: set[tuple[str, str]] = set()
        self._router_name = router_name
        self._gate = gate
        self._flows = flows

    def body(self) -> list[str]:
        """The lines of the method."""
        condition = dict(self._gate.condition)
        cases = f"[{', '.join(quoted(label) for label in self._gate.labels if label != 'else')}]"
        name = quoted(self._gate.id)
        if "label" in condition:
            refs = self._read("label")
            return [
                f"[said] = {self._flows.awaited(refs)}",
                f"return {self._use('label_in')}(self.run, {name}, said, {cases})",
            ]
        if "field" in condition:
            field = quoted(condition["field"])
            return [f"return {self._use('case_of')}(self.run, {name}, {field}, {cases})"]
        if "router" in condition:
            return self._routed(name, cases)
        holds = self._holds(self._gate.condition)
        read = {"seen": self._read("candidates"), "ratings": self._read("judgement")}
        lines = [
            f"{variable} = {self._flows.awaited(refs)}"
            for variable, refs in read.items()
            if refs and re.search(rf"\b{variable}\b", holds)  # who rates candidates asks for them
        ]
        return [*lines, f"return {self._use('met')}(self.run, {name}, {holds})"]

    def about(self) -> str:
        """What the method decides, in words."""
        condition = dict(self._gate.condition)
        if "label" in condition:
            return "The case that the classifier names."
        if "field" in condition:
            return f"The case that the field `{condition['field']}` of the question names."
        if "router" in condition:
            return "The case that the fitted router chooses."
        said = _said(self._gate.condition)
        plain = len(said) <= _LONGEST and said.isprintable() and not set(said) & set('"\\')
        return f"Whether {said}." if plain else "Whether the condition is met."

    @property
    def is_condition(self) -> bool:
        """Whether it says yes or no."""
        return set(self._gate.labels) == {YES, NO}

    def _routed(self, name: str, cases: str) -> list[str]:
        router = router_of(self._gate)
        constant = self._router_name(router)
        refs = self._read("embedding")
        if not refs:
            self.needs.add((_ROUTING, "case_by_words"))
            return [f"return case_by_words(self.run, {constant}, {cases})"]
        self.needs.add((_ROUTING, "case_nearby"))
        return [
            f"[said] = {self._flows.awaited(refs)}",
            f"return case_nearby(self.run, {name}, {constant}, said, {cases})",
        ]

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
        return f"{self._use('compare')}({self._signal(given)}, {quoted(given['operator'])}, {_value(value)})"

    def _signal(self, given: dict[str, Any]) -> str:
        name, _, field = given["compare"].partition(".")
        if name == "field":
            return f"{self._use('field_of')}(self.run, {quoted(field)}, {_value(given['value'])})"
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


def _value(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)


def _said(condition: Pairs) -> str:
    """A condition in words; parts that have parts stand in brackets."""
    given = dict(condition)
    for name, word in (("all", "and"), ("any", "or")):
        if name in given:
            parts = [f"({_said(part)})" if {"all", "any"} & set(dict(part)) else _said(part) for part in given[name]]
            return f" {word} ".join(parts)
    if "not" in given:
        return f"not ({_said(given['not'])})"
    signal, _, field = given["compare"].partition(".")
    if signal == "field":
        looked_at = f"the field `{field}` of the question"
    elif signal == "agreement":
        looked_at = f"the agreement (by {given.get('by') or 'exact'})"
    else:
        looked_at = "the best rating" if "judgements" in given else _LOOKED_AT[signal]
    return f"{looked_at} is {_COMPARED[given['operator']]} {_plain(given['value'])}"


def _plain(value: Any) -> str:
    return f"`{value}`" if isinstance(value, str) else repr(value)
