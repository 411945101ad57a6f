"""How good a frontier is: hypervolume of quality and logarithm of dollars, against the best there is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Array = NDArray[Any]

Point = tuple[float, float]
"""True quality, as a share, and dollars an item."""


@dataclass(frozen=True)
class Truth:
    """What there is to find.

    Attributes:
        frontier: The best there is, from the cheapest up.
        reference: Quality of the worst single model and dollars of the dearest topology: where hypervolume begins.
        single: Key of the truly best single model.
        single_quality: Its true quality.
    """

    frontier: tuple[Point, ...]
    reference: Point
    single: str
    single_quality: float

    @property
    def best(self) -> float:
        """The best quality there is."""
        return max(quality for quality, _ in self.frontier)

    def share(self, points: Iterable[Point]) -> float:
        """The part of the best hypervolume that these topologies have, from 0 to 1."""
        return hypervolume(points, self.reference) / hypervolume(self.frontier, self.reference)

    def level(self, points: Iterable[Point]) -> float:
        """The best quality at a price, as the mean over all prices, in logarithms of dollars.

        From the cheapest topology of the best frontier to the dearest of the space. Where these topologies are all dearer than a
        price, the quality there is 0.
        """
        dearest, cheapest = self.reference[1], self.frontier[0][1]
        within = ((quality, max(cost, cheapest)) for quality, cost in points)
        return hypervolume(within, (0.0, dearest)) / (math.log(dearest) - math.log(cheapest))


@dataclass(frozen=True)
class Target:
    """What one run is measured by.

    Attributes:
        truth: What there is to find.
        share: The part of the best hypervolume that belongs to whoever measured every topology on all items of the search and
            took the frontier of what was measured: more can hardly be known from these items.
        level: Mean quality over all prices of that frontier: see `Truth.level`.
        best: True quality of the best on that frontier.
    """

    truth: Truth
    share: float
    level: float
    best: float


def target(truth: Truth, measured: Array, costs: Array, true: Array) -> Target:
    """The target of a run.

    Args:
        truth: Of its world.
        measured: Quality on the items of the search, one a topology of the whole space.
        costs: Dollars an item of each.
        true: True quality of each.
    """
    taken: list[int] = []
    for at in np.lexsort((-measured, costs)).tolist():
        if not taken or measured[at] > measured[taken[-1]]:
            taken.append(at)
    points = [(float(true[at]), float(costs[at])) for at in taken]
    return Target(truth, truth.share(points), truth.level(points), float(true[taken[-1]]))


def pareto(points: Iterable[Point]) -> tuple[Point, ...]:
    """Those that no other beats in quality and dollars, from the cheapest up."""
    found: list[Point] = []
    for quality, cost in sorted(points, key=lambda each: (each[1], -each[0])):
        if not found or quality > found[-1][0]:
            found.append((quality, cost))
    return tuple(found)


def hypervolume(points: Iterable[Point], reference: Point) -> float:
    """The area between a frontier and its reference point, quality times the logarithm of dollars.

    Args:
        points: Quality and dollars.
        reference: The worst quality and the highest price that count.
    """
    worst, dearest = reference
    steps = [each for each in pareto(points) if each[0] > worst and each[1] < dearest]
    area, end = 0.0, dearest
    for quality, cost in reversed(steps):
        area += (quality - worst) * (math.log(end) - math.log(cost))
        end = cost
    return area
