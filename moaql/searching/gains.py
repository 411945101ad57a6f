"""What measuring a topology is expected to bring: a better frontier of quality and dollars."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from moaql.searching.goals import Figures, Goals

    Array = NDArray[Any]

_END = 0.5
"""Weight of the best quality whatever it costs; the rest is that of the frontier below it."""


@dataclass(frozen=True)
class Steps:
    """A frontier as stairs: from each price on, the best quality that it buys.

    Attributes:
        stairs: (logarithm of dollars, quality) from the cheapest up; quality rises.
        low: Where the prices that count begin, as a logarithm.
        high: Where they end.
    """

    stairs: tuple[tuple[float, float], ...]
    low: float
    high: float

    def gains(self, mean: Array, deviation: Array, cost: Array, *, cheap: bool) -> Array:
        """The expected growth of the area under the stairs, as a share of the whole, for topologies of known price.

        With its price known and its quality uncertain, the expected hypervolume improvement is a sum of expected improvements, one
        for each step that it could lie above (Emmerich, Deutz and Klinkenberg 2011, for two goals).

        Args:
            mean: Of the qualities.
            deviation: Of them.
            cost: Dollars an item.
            cheap: Whether dollars count at all.
        """
        import numpy as np

        end = expected_gain(mean, deviation, self.stairs[-1][1] if self.stairs else 0.0)
        if not cheap or self.high <= self.low:
            return end
        begin = np.clip(np.log(np.maximum(cost, 1e-12)), self.low, self.high)
        edges = [self.low, *(at for at, _ in self.stairs if self.low < at < self.high), self.high]
        area = np.zeros(len(mean))
        for left, right in pairwise(edges):
            width = right - np.clip(begin, left, right)
            area += width * expected_gain(mean, deviation, self._at(left))
        return _END * end + (1 - _END) * area / (self.high - self.low)

    @property
    def area(self) -> float:
        """The quality that a price buys, as the mean over all prices that count, in logarithms of dollars; 0 where nothing does."""
        if self.high <= self.low:
            return self.stairs[-1][1] if self.stairs else 0.0
        edges = [self.low, *(at for at, _ in self.stairs if self.low < at < self.high), self.high]
        bought = [
            max((quality for at, quality in self.stairs if at <= left + 1e-12), default=0.0) for left in edges[:-1]
        ]
        widths = [right - left for left, right in pairwise(edges)]
        return sum(each * width for each, width in zip(bought, widths, strict=True)) / (self.high - self.low)

    def _at(self, price: float) -> float:
        """The best quality at a price; a little below the cheapest's where nothing is that cheap."""
        reached = [quality for at, quality in self.stairs if at <= price + 1e-12]
        return max(reached, default=max(0.0, self.stairs[0][1] - 0.3) if self.stairs else 0.0)


def steps(front: Iterable[Figures], goals: Goals, low: float, high: float) -> Steps:
    """The stairs of a frontier.

    Args:
        front: Its figures.
        goals: Limits on cost end the prices that count.
        low: Dollars of the cheapest topology.
        high: Dollars of the dearest that counts.
    """
    for limit in goals.limits:
        if limit.measure == "cost" and limit.operator in ("<", "<="):
            high = min(high, limit.value)
    stairs: list[tuple[float, float]] = []
    for each in sorted(front, key=lambda each: (each.cost, -each.quality)):
        if not math.isnan(each.cost) and (not stairs or each.quality > stairs[-1][1]):
            stairs.append((math.log(max(each.cost, 1e-12)), each.quality))
    return Steps(tuple(stairs), math.log(max(low, 1e-12)), math.log(max(high, low, 1e-12)))


def expected_gain(mean: Array, deviation: Array, best: float) -> Array:
    """By how much scores will exceed the best so far, on average, where they do not counting as 0 (expected improvement).

    Args:
        mean: Of the scores.
        deviation: Of them.
        best: The best score so far that is not dearer.

    Returns:
        Shares of 1, as scores are.
    """
    import numpy as np
    from scipy.special import ndtr

    spread = np.maximum(deviation, 1e-9)
    z = (mean - best) / spread
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    gain: Array = spread * (density + z * ndtr(z))
    return gain
