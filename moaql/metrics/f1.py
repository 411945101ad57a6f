"""`metric=f1`: overlap of words, as in SQuAD (Rajpurkar et al. 2016, arXiv 1606.05250).

Case, ASCII punctuation and the articles a, an, the do not count. With s words in common, counted as often as both texts have
them, precision is s by the answer's words, recall is s by the target's, and the score is their harmonic mean.
"""

from __future__ import annotations

import re
import string
from collections import Counter

from moaql.answers.marked import marked as marked_part
from moaql.metrics.base import Asker, Judged, Score, require_flags, short, targets

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class F1:
    """The best F1 against any of the targets. An empty target is right for an empty answer only.

    Args:
        marked: Whether only the marked answer is compared, such as what stands behind `The answer is`, where a text marks one.
            By default it is the whole text.

    Raises:
        UsageError: if a setting is not true or false.
    """

    def __init__(self, marked: bool = False) -> None:
        require_flags("f1", marked=marked)
        self._marked = marked

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if the item has no target that is a text or a number.
        """
        targets(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Compare the words of an answer with those of each target.

        Raises:
            UsageError: if the item has no target that is a text or a number.
        """
        found = marked_part(answer) if self._marked else None
        read = answer if found is None else found
        value, target = max((f1(read, each), each) for each in targets(item))
        return Score(value, f"F1 {value:.2f} with the expected `{short(target)}`; read was `{short(read)}`.")


def f1(one: str, other: str) -> float:
    """The F1 of two texts' words, from 0 to 1; symmetric. Two texts without words have 1."""
    first, second = words(one), words(other)
    if not first or not second:
        return float(first == second)
    common = (Counter(first) & Counter(second)).total()
    # 2·P·R / (P + R), where P and R share their numerator.
    return 2 * common / (len(first) + len(second))


def words(text: str) -> list[str]:
    """The words of a text as SQuAD's evaluation counts them."""
    return _ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION)).split()


METRIC = F1
