"""`metric=rouge`: ROUGE-L (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries").

With L the length of the longest common subsequence of words, precision P is L by the answer's words, recall R is L by the
target's, and the score is F = (1 + β²)·R·P / (R + β²·P). Words are runs of letters and digits in lower case, without stemming.
"""

from __future__ import annotations

import re

from moaql.metrics.base import Asker, Judged, Score, limit, short, targets

_WORD = re.compile(r"[^\W_]+")


class Rouge:
    """The best ROUGE-L F of the whole text against any of the targets.

    Args:
        beta: How much more recall counts than precision; 1 counts both alike.

    Raises:
        UsageError: if beta is no number above 0.
    """

    def __init__(self, beta: float = 1.0) -> None:
        self._beta = limit("rouge", "beta", beta)

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if the item has no target that is a text or a number.
        """
        targets(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Compare an answer with each target.

        Raises:
            UsageError: if the item has no target that is a text or a number.
        """
        value, target = max((rouge_l(answer, each, self._beta), each) for each in targets(item))
        return Score(value, f"ROUGE-L {value:.2f} with the expected `{short(target)}`.")


def rouge_l(answer: str, target: str, beta: float = 1.0) -> float:
    """ROUGE-L F of an answer against a target, from 0 to 1. Two texts without words have 1."""
    first, second = _WORD.findall(answer.lower()), _WORD.findall(target.lower())
    if not first or not second:
        return float(first == second)
    common = longest_common(first, second)
    precision, recall = common / len(first), common / len(second)
    if not common:
        return 0.0
    return min(1.0, (1 + beta**2) * recall * precision / (recall + beta**2 * precision))


def longest_common(first: list[str], second: list[str]) -> int:
    """Length of the longest common subsequence.

    One row of the usual table is one whole number with a bit for each word (Hyyrö 2004, "Bit-parallel LCS-length computation
    revisited"), so texts of thousands of words take milliseconds.
    """
    places: dict[str, int] = {}
    for place, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(first)) - 1
    row = full
    for word in second:
        matched = row & places.get(word, 0)
        row = ((row + matched) | (row - matched)) & full
    return (full ^ row).bit_count()


METRIC = Rouge
