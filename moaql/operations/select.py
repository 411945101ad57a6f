"""`select`: the best candidates by what is attached to them, without a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.answers.candidate import Candidate
    from moaql.operations.base import Given

_ABSENT = {
    "confidence": "no candidate has a confidence, because the providers give no token probabilities; "
    "let a model judge with `best M` or `rank M`",
    "score": "no candidate has a score, because none could be read; look at the judge's texts in the trace",
}


def select(given: Given) -> tuple[Candidate, ...]:
    """The best `top` candidates by `by` (`confidence` or `score`). Those without it stand last, in their order."""
    by = given.parameters.get("by", "score")
    candidates = given.present()
    values = [each.confidence if by == "confidence" else each.score for each in candidates]
    if candidates and all(value is None for value in values):
        given.notes.append(_ABSENT[by])
    order = sorted(range(len(candidates)), key=lambda position: _last_if_absent(values[position]))
    return tuple(candidates[position] for position in order[: given.parameters.get("top")])


def _last_if_absent(value: float | None) -> float:
    return 1.0 if value is None else -value


OPERATION = select
