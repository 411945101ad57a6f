"""`metric=number`: the number that the answer gives is the target's, compared as exact fractions.

The measure of GSM8K (Cobbe et al. 2021, arXiv 2110.14168) and of MATH with numeric answers. `0.5`, `1/2` and `\\frac12` in braces
are one number, and `0.1 + 0.2` never matters: nothing passes through a float.
"""

from __future__ import annotations

from fractions import Fraction

from moaql.answers.numbers import number, numbers
from moaql.errors import UsageError
from moaql.metrics.base import Asker, Judged, Score, comparison, short, targets


class Number:
    """1 where the answer's number is one of the targets, or within `tolerance` of it; else 0.

    Args:
        tolerance: The largest difference that is still right, in the unit of the target; 0 for none. A text such as "0.001" is
            read exactly.

    Raises:
        UsageError: if the tolerance is no number of at least 0.
    """

    reads_answer = True

    def __init__(self, tolerance: float | str = 0) -> None:
        try:
            self._tolerance = Fraction(str(tolerance))
        except (ValueError, ZeroDivisionError):
            self._tolerance = Fraction(-1)
        if self._tolerance < 0 or isinstance(tolerance, bool):
            raise UsageError(
                f"`tolerance` of the metric `number` is {short(repr(tolerance))}", "It is a number of at least 0."
            )

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if a target holds no number.
        """
        _wanted(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Compare the number of an answer with the target, or with each of a list.

        Raises:
            UsageError: if a target holds no number.
        """
        wanted, read = _wanted(item), number(answer)
        right = read is not None and any(abs(Fraction(read) - each) <= self._tolerance for each in wanted.values())
        return comparison(right, read, list(wanted))


def _wanted(item: Judged) -> dict[str, Fraction]:
    """The targets, and the number of each."""
    return {each: _target(each, item) for each in targets(item, "a number")}


def _target(text: str, item: Judged) -> Fraction:
    read = number(text)
    # A short target such as `12 apples and 3 pears.` is no number, but `$12.` and `x = 12` are.
    if read is None and len(found := numbers(text)) == 1:
        return found[0]
    if read is None:
        raise UsageError(
            f"{item.place} has the target {short(repr(text))}, in which no number can be read",
            "Give a number, or use `metric=exact`.",
        )
    return Fraction(read)


METRIC = Number
