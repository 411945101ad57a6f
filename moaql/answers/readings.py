"""What candidates answer: read from their texts, or as a recording states it.

A recording may hold the answer beside the text: `{"text": "… so it is 18.", "answer": "18"}`. It was read by whoever measured, and
is taken as it stands, so that scores and votes over it are those of the people who recorded it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.answers.extract import extract
from moaql.answers.groups import THRESHOLDS, equal_answers, groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate
    from moaql.answers.similarity import Matrix


def readings(candidates: Sequence[Candidate], by: str) -> list[str | None]:
    """The answer of each candidate in a spelling in which equal answers are equal strings; None where it gives none.

    Where all of them come with a stated answer, those are compared character by character. Beside candidates that only have a
    text, a stated answer is read as a text is, so that both have one spelling.

    Args:
        candidates: Whose answers.
        by: `exact`, `number`, `choice` or `literal`.
    """
    if all(each.stated is not None for each in candidates):
        return [each.stated[0] if each.stated else None for each in candidates]
    texts = [each.text if each.stated is None else "".join(each.stated) for each in candidates]
    return [extract(text, by) for text in texts]


def same_answers(candidates: Sequence[Candidate], by: str, *, matrix: Matrix | None = None) -> list[list[int]]:
    """Candidates that give the same answer.

    Args:
        candidates: In order.
        by: `exact`, `number`, `choice`, `literal`, `similarity` or `cluster`.
        matrix: The similarities of their texts, where the caller has them already.

    Returns:
        Positions in `candidates`; groups in order of their first member, members in order.
    """
    if by in THRESHOLDS:
        return groups([each.text for each in candidates], by, matrix=matrix)
    return equal_answers(readings(candidates, by))
