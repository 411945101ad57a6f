"""What a fitted number is good for: as much quality as there is, for as few dollars as it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOSE = 1e-9
WITHIN = 0.005
"""Half a point."""


@dataclass(frozen=True)
class Goal:
    """Which of several choices is best.

    Attributes:
        within: The cheapest choice is taken that loses at most this much score against the best one; 0.005 is half a point.
        per_dollar: If given, score − this × dollars an item is maximised instead.
        at_least: If given, the cheapest choice is taken that scores this much; the best one where none does.
    """

    within: float = WITHIN
    per_dollar: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.within <= 1:
            raise UsageError(f"a loss of {100 * self.within:g} points makes no sense", "Give points from 0 to 100.")
        if self.at_least is not None and not 0 <= self.at_least <= 1:
            raise UsageError(f"{100 * self.at_least:g} points are no score", "Give points from 0 to 100.")
        if self.per_dollar is not None and self.at_least is not None:
            raise UsageError("a price of points and a least score are two goals", "Give one of them.")
        if self.per_dollar is not None and not 0 <= self.per_dollar < float("inf"):
            raise UsageError(
                f"{self.per_dollar:g} a dollar makes no sense", "Give what a dollar an item is worth, from 0."
            )

    def best(self, scores: Sequence[float], costs: Sequence[float]) -> int:
        """The position of the best choice; of equal ones the first.

        Args:
            scores: Mean score of each choice, from 0 to 1.
            costs: Dollars an item of each.
        """
        places = range(len(scores))
        if self.per_dollar is not None:
            price = self.per_dollar
            return max(places, key=lambda at: (round(scores[at] - price * costs[at], 12), -at))
        least = max(scores) - self.within if self.at_least is None else min(max(scores), self.at_least)
        return min(
            (at for at in places if scores[at] >= least - _CLOSE),
            key=lambda at: (round(costs[at], 15), -scores[at], at),
        )

    def allowed(self, saved: float) -> float:
        """The score that may be lost for dollars saved an item."""
        return self.within if self.per_dollar is None else self.per_dollar * saved

    @property
    def words(self) -> str:
        """What it asks for."""
        if self.per_dollar is not None:
            return f"{100 * self.per_dollar:g} points a dollar"
        if self.at_least is not None:
            return f"at least {100 * self.at_least:.4g} points"
        return f"within {100 * self.within:g} points of the best"
