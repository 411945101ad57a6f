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
from moaql.graph.assumptions import tokens_of
from moaql.graph.branches import NO, YES
from moaql.providers.embeddings import vector_in
from moaql.routers.file import read_router, router_path

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


def holds(condition: Pairs, compare: Callable[[dict[str, Any]], bool | None]) -> bool | None:
    """Whether a condition holds; None where that is not known.

    Args:
        condition: Of a gate, as nested pairs.
        compare: Whether one comparison holds; it is asked about all of them, in their order.
    """
    given = dict(condition)
    if "all" in given or "any" in given:
        parts = [holds(part, compare) for part in given["any" if "any" in given else "all"]]
        decisive = "any" in given  # one such part decides; without one, an unknown part leaves it open
        return decisive if decisive in parts else None if None in parts else not decisive
    if "not" in given:
        inner = holds(given["not"], compare)
        return None if inner is None else not inner
    return compare(given)


def compare(value: Any, sign: str, other: Any) -> bool | None:
    """Whether a signal compares as stated; None where it is not known, or no number that could be greater or less."""
    if value is None:
        return None
    decide = _OPERATORS[sign]
    numbers = isinstance(value, int | float) and isinstance(other, int | float)
    if numbers and not isinstance(value, bool) and abs(value - other) < _CLOSE:
        return decide(0, 0)
    if not numbers and sign not in ("==", "!="):
        return None
    return decide(value, other) if numbers else decide(str(value), str(other))


class Decision:
    """Decides one gate.

    Args:
        gate: What is to be decided.
        question: What is asked.
        candidates: Those that are left of the candidates that it looks at.
        judgements: What its judges said, by position; None for a lost one.
        said: What a classifier said, or a router's embedding; None if it was lost.

    Attributes:
        notes: What the user must hear of.
        seen: The value of each signal that was compared, in the order of the condition; None where nobody knows it.
    """

    def __init__(
        self,
        gate: Gate,
        question: Question,
        candidates: Sequence[Candidate],
        judgements: Sequence[Candidate | None],
        said: Candidate | None,
    ) -> None:
        self._gate = gate
        self._question = question
        self._candidates = candidates
        self._judgements = judgements
        self._said_by = said
        self.notes: list[str] = []
        self.seen: list[Any] = []

    def decide(self) -> str:
        """One of the labels of the gate."""
        condition = dict(self._gate.condition)
        cases = [label for label in self._gate.labels if label != ELSE]
        if "label" in condition:
            return self._said(cases)
        if "field" in condition:
            return self._by_field(condition["field"], cases)
        if "router" in condition:
            return self._routed(condition["router"], cases)
        return YES if holds(self._gate.condition, self._compare) else NO

    def _routed(self, file: str, cases: list[str]) -> str:
        router = read_router(router_path(file, self._gate.folder))
        if router.embedding is not None and self._said_by is None:
            self.notes.append(f"`{self._gate.id}`: the question has no embedding, so no case is taken")
            return ELSE
        try:
            label = router.choose(self._question.text, vector_in(self._said_by.text) if self._said_by else None)
        except ValueError as error:
            self.notes.append(f"`{self._gate.id}`: the embedding does not fit: {error}; so no case is taken")
            return ELSE
        return label if label in cases else ELSE

    def _said(self, cases: list[str]) -> str:
        if self._said_by is None:
            self.notes.append(f"`{self._gate.id}`: the classifier did not answer, so no case is taken")
            return ELSE
        label = read_label(self._said_by.text, [*cases, ELSE])
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

    def _compare(self, given: dict[str, Any]) -> bool | None:
        signal, compared = given["compare"], given["value"]
        value = self._signal(signal, given)
        self.seen.append(value)
        found = compare(value, given["operator"], compared)
        if found is None and value is not None:
            self.notes.append(f"`{self._gate.id}`: {signal} is no number, so it is not compared with {compared}")
        return found

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
