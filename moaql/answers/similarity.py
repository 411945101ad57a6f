"""How alike open texts are: the cosine of their words and word pairs.

Counts are damped, 1 + log(count), and the vectors have length 1 (Salton and Buckley 1988, "Term-weighting approaches in automatic
text retrieval"). A ratio of matching blocks, as `difflib` gives, falls towards 0 for long texts that say the same in other
words; the cosine does not depend on length or on the order of sentences.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log, sqrt
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Matrix: TypeAlias = "list[list[float]]"

# Scripts without spaces between words are read by character.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


def similarity(a: str, b: str) -> float:
    """How alike two texts are.

    Returns:
        From 0 (no word in common) to 1 (the same words and word pairs equally often). Equal texts have 1, empty ones included.
    """
    return similarities([a, b])[0][1]


def similarities(texts: Sequence[str]) -> Matrix:
    """How alike all pairs of texts are: a symmetric matrix with 1 on its diagonal. Each text is read once."""
    vectors = [_vector(text) for text in texts]
    matrix = [[1.0] * len(texts) for _ in texts]
    for row, one in enumerate(vectors):
        for column in range(row):
            matrix[row][column] = matrix[column][row] = _cosine(one, vectors[column], texts[row] == texts[column])
    return matrix


def medoid(matrix: Matrix, members: Sequence[int], weights: Sequence[float] | None = None) -> list[int]:
    """The members that are most alike all members, each counted by its weight; several where they are level.

    This is the vote for open text of More Agents Is All You Need (Li et al. 2024, arXiv 2402.05120).

    Args:
        matrix: As `similarities` gives it.
        members: Positions in the matrix.
        weights: Of each position in the matrix; 1 where it is None.
    """
    total = {
        one: sum(matrix[one][other] * (weights[other] if weights else 1.0) for other in members if other != one)
        # Its own voice counts too, or a heavy voter would stand behind everybody but itself.
        + (weights[one] if weights else 1.0)
        for one in members
    }
    best = max(total.values(), default=0.0)
    return [one for one in members if total[one] >= best - 1e-9]


def _vector(text: str) -> dict[str, float]:
    words = _WORD.findall(text.casefold()) or text.split()
    counts = Counter(words)
    counts.update(f"{one} {other}" for one, other in pairwise(words))
    damped = {term: 1 + log(count) for term, count in counts.items()}
    length = sqrt(sum(weight * weight for weight in damped.values()))
    return {term: weight / length for term, weight in damped.items()}


def _cosine(one: Mapping[str, float], other: Mapping[str, float], equal: bool) -> float:
    if equal:
        return 1.0
    if len(other) < len(one):
        one, other = other, one
    product = sum(weight * other[term] for term, weight in one.items() if term in other)
    # Sums in another order differ in the last digits; rounding makes the measure symmetric and never above 1.
    return min(1.0, round(product, 12))
