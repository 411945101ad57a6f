"""What gates look at. A signal that nobody knows is None, and a condition that is not known to hold is not met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moaql.answers.readings import same_answers
from moaql.answers.verdicts import read_label, read_score
from moaql.exporting.standalone.records import Candidate, Candidates
from moaql.exporting.standalone.run import Run


def agreement(seen: Candidates, by: str) -> float | None:
    """Share of the candidates that give the most common answer."""
    present = [each for each in seen if each is not None]
    if not present:
        return None
    return max((len(group) for group in same_answers(present, by)), default=0) / len(present)  # type: ignore[arg-type]  # candidates of its own


def count(seen: Candidates) -> int:
    """How many candidates are left."""
    return sum(each is not None for each in seen)


def best_score(seen: Candidates) -> float | None:
    """The best score that is attached to a candidate."""
    return max((each.score for each in seen if each is not None and each.score is not None), default=None)


def best_confidence(seen: Candidates) -> float | None:
    """The greatest mean token probability."""
    return max((each.confidence for each in seen if each is not None and each.confidence is not None), default=None)


def best_rating(said: Sequence[Candidate | None]) -> float | None:
    """The best of the ratings that a judge gave."""
    rated = [read_score(each.text) for each in said if each is not None]
    return max((each for each in rated if each is not None), default=None)


def every(*parts: bool | None) -> bool | None:
    """Whether all hold; None where that is not known."""
    return False if False in parts else None if None in parts else True


def any_of(*parts: bool | None) -> bool | None:
    """Whether one holds; None where that is not known."""
    return True if True in parts else None if None in parts else False


def opposite(part: bool | None) -> bool | None:
    """Whether it does not hold; None where that is not known."""
    return None if part is None else not part


def met(run: Run, gate: str, holds: bool | None) -> bool:
    """Whether a condition is met; a note says so where that is not known."""
    if holds is None:
        run.notes.append(f"`{gate}`: a signal is not known, so the condition is not met")
    return bool(holds)


def field_of(run: Run, name: str, compared: Any) -> Any:
    """A field of the question, as what it is compared with."""
    value = run.question.fields.get(name)
    if value is None:
        return None
    if isinstance(compared, bool):
        word = str(value).strip().casefold()
        return True if word in ("true", "yes", "1", "1.0") else False if word in ("false", "no", "0", "0.0") else None
    if isinstance(compared, int | float) and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def label_in(run: Run, gate: str, said: Candidate | None, cases: Sequence[str]) -> str:
    """The case that a classifier named; `else` where it named none."""
    label = None if said is None else read_label(said.text, [*cases, "else"])
    if label is None:
        run.notes.append(f"`{gate}`: the classifier names no case, so none is taken")
    return label or "else"


def case_of(run: Run, gate: str, field: str, cases: Sequence[str]) -> str:
    """The case that a field of the question names; `else` where it names none."""
    value = run.question.fields.get(field)
    if value is None:
        run.notes.append(f"`{gate}`: the question has no field `{field}`, so no case is taken")
    return next((each for each in cases if each.casefold() == str(value).strip().casefold()), "else")
