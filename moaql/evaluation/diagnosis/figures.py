"""Means and shares with their intervals, and the correlation of two rows of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.evaluation.statistics import interval

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Share:
    """A share, or a mean of scores.

    Attributes:
        value: From 0 to 1.
        low: Lower end of its 95 % interval.
        high: Upper end.
        count: What it is a share of.
    """

    value: float
    low: float
    high: float
    count: int


def share(scores: Sequence[float]) -> Share | None:
    """The mean of scores from 0 to 1 with its interval; None of none."""
    if not scores:
        return None
    ends = interval(scores)
    return Share(math.fsum(scores) / len(scores), ends.low, ends.high, len(scores))


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of none."""
    return math.fsum(values) / len(values) if values else None


def total(values: Sequence[float | None]) -> float | None:
    """The sum; None where a part of it is unknown."""
    known = [each for each in values if each is not None]
    return math.fsum(known) if len(known) == len(values) else None


def correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Pearson's correlation; None where one of the two is always the same, or there are fewer than three."""
    if len(one) < 3:
        return None
    a, b = math.fsum(one) / len(one), math.fsum(other) / len(other)
    left, right = [each - a for each in one], [each - b for each in other]
    spread = math.sqrt(math.fsum(each * each for each in left) * math.fsum(each * each for each in right))
    # What rounding leaves of rows that never change is no spread.
    if spread <= 1e-12:
        return None
    return max(-1.0, min(1.0, math.fsum(x * y for x, y in zip(left, right, strict=True)) / spread))
