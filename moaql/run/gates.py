"""What a gate decides: the truth of a condition, or the label that was said.

A signal that nobody knows, such as the confidence of a model that gives no probabilities, makes a comparison neither true nor false
(Kleene's logic); a condition that is not known to be true is not met, and a note says so.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from moaql.answers.readings import same_answers
from moaql.answers.verdicts import read_label, read_score
from moaql.check.pipelines import ELSE
from moaql.errors import UsageError
from moaql.graph.assumptions import tokens_of
from moaql.graph.branches import NO, YES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.answers.candidate import Candidate
    from moaql.graph.nodes import Gate, Pairs
    from moaql.run.question import Question

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_TRUTH = dict.fromkeys(("true", "yes", "1", "1.0"), True) | dict.fromkeys(("false", "no", "0", "0.0"), False)
"""How data sets write booleans: CSV files have only texts."""
_CLOSE = 1e-9
"""2 of 3 candidates are 2/3, whatever the last digits of a float say."""


class Decision:
    """Decides one gate.

    Args:
        gate: What is to be decided.
        question: What is asked.
        candidates: Those that are left of the candidates that it looks at.
        judgements: What its judges said, by position; None for a lost one.
        label: What a classifier said; None if it was lost.
    """

    def __init__(
        self,
        gate: Gate,
        question: Question,
        candidates: Sequence[Candidate],
        judgements: Sequence[Candidate | None],
        label: Candidate | None,
    ) -> None:
        self._gate = gate
        self._question = question
        self._candidates = candidates
        self._judgements = judgements
        self._label = label
        self.notes: list[str] = []

    def decide(self) -> str:
        """One of the labels of the gate."""
        condition = dict(self._gate.condition)
        cases = [label for label in self._gate.labels if label != ELSE]
        if "label" in condition:
            return self._said(cases)
        if "field" in condition:
            return self._by_field(condition["field"], cases)
        if "router" in condition:
            raise UsageError(
                f"`{self._gate.id}` routes by the file {condition['router']}, and routers are not trained yet",
                "Route by a model or by a field of the data set.",
            )
        return YES if self._holds(self._gate.condition) else NO

    def _said(self, cases: list[str]) -> str:
        if self._label is None:
            self.notes.append(f"`{self._gate.id}`: the classifier did not answer, so no case is taken")
            return ELSE
        label = read_label(self._label.text, [*cases, ELSE])
        if label is None:
            self.notes.append(
                f"`{self._gate.id}`: no label can be read in what the classifier said, so no case is taken"
            )
        return label or ELSE

    def _by_field(self, name: str, cases: list[str]) -> str:
        value = self._question.fields.get(name)
        if value is None:
            self.notes.append(f"`{self._gate.id}`: the question has no field `{name}`, so no case is taken")
            return ELSE
        return next((case for case in cases if case.casefold() == str(value).strip().casefold()), ELSE)

    def _holds(self, condition: Pairs) -> bool | None:
        given = dict(condition)
        if "all" in given or "any" in given:
            parts = [self._holds(part) for part in given["any" if "any" in given else "all"]]
            decisive = "any" in given  # one such part decides; without one, an unknown part leaves it open
            return decisive if decisive in parts else None if None in parts else not decisive
        if "not" in given:
            inner = self._holds(given["not"])
            return None if inner is None else not inner
        return self._compare(given)

    def _compare(self, given: dict[str, Any]) -> bool | None:
        signal, compared = given["compare"], given["value"]
        value = self._signal(signal, given)
        if value is None:
            return None
        compare = _OPERATORS[given["operator"]]
        numbers = isinstance(value, int | float) and isinstance(compared, int | float)
        if numbers and not isinstance(value, bool) and abs(value - compared) < _CLOSE:
            return compare(0, 0)
        if not numbers and given["operator"] not in ("==", "!="):
            self.notes.append(f"`{self._gate.id}`: {signal} is no number, so it is not compared with {compared}")
            return None
        return compare(value, compared) if numbers else compare(str(value), str(compared))

    def _signal(self, signal: str, given: dict[str, Any]) -> Any:
        name, _, field = signal.partition(".")
        if name == "field":
            return self._field(field, given["value"])
        if name == "tokens":
            return tokens_of(self._question.text)
        if name == "count":
            return len(self._candidates)
        if name == "agreement":
            return self._agreement(given.get("by") or "exact")
        if name == "score":
            scores = [each.score for each in self._candidates if each.score is not None]
            return self._known(max(scores, default=None), "no candidate has a score")
        return self._confidence(given)

    def _field(self, name: str, compared: Any) -> Any:
        value = self._question.fields.get(name)
        if value is None:
            return self._known(None, f"the question has no field `{name}`")
        if isinstance(compared, bool):
            truth = _TRUTH.get(str(value).strip().casefold())
            return self._known(truth, f"the field `{name}` is neither true nor false")
        if isinstance(compared, int | float) and isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                return value
        return value

    def _agreement(self, by: str) -> float | None:
        if not self._candidates:
            return self._known(None, "there are no candidates")
        found = same_answers(self._candidates, by)
        return max((len(group) for group in found), default=0) / len(self._candidates)

    def _confidence(self, given: dict[str, Any]) -> float | None:
        if "judgements" in given:
            first, behind = given["judgements"]
            said = [each for each in self._judgements[first:behind] if each is not None]
            rated = [score for each in said if (score := read_score(each.text)) is not None]
            return self._known(max(rated, default=None), "no rating of its judge can be read")
        known = [each.confidence for each in self._candidates if each.confidence is not None]
        reason = "the provider gives no token probabilities; write `confidence judge=MODEL`"
        return self._known(max(known, default=None), reason)

    def _known(self, value: float | None, reason: str) -> float | None:
        if value is None:
            self.notes.append(f"`{self._gate.id}`: {reason}, so the condition is not met")
        return value
