"""`metric=contains`: the target stands somewhere in the answer.

The accuracy of open-domain question answering with generated text, where an answer counts once it contains a gold answer
(Mallen et al. 2023, arXiv 2212.10511).
"""

from __future__ import annotations

from moaql.errors import UsageError
from moaql.metrics.base import Asker, Judged, Score, require_flags, short, targets


class Contains:
    """1 where the whole text contains one of the targets, or all of them with `every`; else 0.

    Spaces and line breaks count as one space. A part of a word counts: `10` stands in `110`.

    Args:
        every: Whether all targets of a list must be there, instead of any.
        case: Whether upper and lower case differ.

    Raises:
        UsageError: if a setting is not true or false.
    """

    def __init__(self, every: bool = False, case: bool = False) -> None:
        require_flags("contains", every=every, case=case)
        self._every, self._case = every, case

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if a target is empty, or neither a text nor a number.
        """
        _wanted(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Look for the targets of an item in an answer.

        Raises:
            UsageError: if a target is empty, or neither a text nor a number.
        """
        wanted = _wanted(item)
        text = self._plain(answer)
        missing = [each for each in wanted if self._plain(each) not in text]
        right = not missing if self._every else len(missing) < len(wanted)
        joined = (" and " if self._every else " or ").join(f"`{short(each)}`" for each in missing)
        return Score(float(right), "Right: it is there." if right else f"The answer does not contain {joined}.")

    def _plain(self, text: str) -> str:
        joined = " ".join(text.split())
        return joined if self._case else joined.casefold()


def _wanted(item: Judged) -> list[str]:
    wanted = targets(item)
    if not all(each.strip() for each in wanted):
        raise UsageError(f"{item.place} has an empty target", "Every text contains it: fill it in.")
    return wanted


METRIC = Contains
