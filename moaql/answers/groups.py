"""Which of several texts give the same answer.

By extracted answers (`exact`, `number`, `choice`), texts belong together where their answers are equal, and a text without an
answer belongs to no group. By `similarity` and `cluster`, groups are built from the most alike upwards (average linkage, Sokal
and Michener 1958): the first asks for nearly the same wording, the second for the same content in other words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.answers.extract import extract
from moaql.answers.linkage import merges
from moaql.answers.similarity import Matrix, similarities

if TYPE_CHECKING:
    from collections.abc import Sequence

THRESHOLDS = {"similarity": 0.8, "cluster": 0.5}
"""How alike two groups must be on average to become one."""


def groups(texts: Sequence[str], by: str = "exact", *, matrix: Matrix | None = None) -> list[list[int]]:
    """Texts that give the same answer.

    Args:
        texts: Answers of models.
        by: `exact`, `number`, `choice`, `literal`, `similarity` or `cluster`.
        matrix: The similarities of the texts, where the caller has them already.

    Returns:
        Positions in `texts`; groups in order of their first member, members in order.
    """
    if by not in THRESHOLDS:
        return equal_answers([extract(text, by) for text in texts])
    voters = [position for position, text in enumerate(texts) if text.strip()]
    full = similarities(texts) if matrix is None else matrix
    found = _joined([[full[one][other] for other in voters] for one in voters], THRESHOLDS[by])
    return [[voters[position] for position in group] for group in found]


def equal_answers(answers: Sequence[str | None]) -> list[list[int]]:
    """Positions of equal answers, in order of first appearance. None is in no group."""
    found: dict[str, list[int]] = {}
    for position, answer in enumerate(answers):
        if answer is not None:
            found.setdefault(answer, []).append(position)
    return list(found.values())


def two_groups(texts: Sequence[str]) -> tuple[list[int], list[int]]:
    """The two groups that are least alike, the larger one first; of two equally large ones, that of the first text.

    Where all texts say the same in the same words, there is one group, and the other is empty.
    """
    matrix = similarities(texts)
    everyone = list(range(len(texts)))
    if all(value >= 1 - 1e-9 for row in matrix for value in row):
        return everyone, []
    *_, (_, one, other) = merges(matrix)
    first, second = sorted((sorted(one), sorted(other)), key=lambda group: (-len(group), group))
    return first, second


def _joined(matrix: Matrix, threshold: float) -> list[list[int]]:
    members = {position: [position] for position in range(len(matrix))}
    for alike, one, other in merges(matrix):
        if alike < threshold:
            break
        both = sorted((*one, *other))
        members.update(dict.fromkeys(both, both))
    return [group for position, group in members.items() if group[0] == position]
