"""Whether one topology can still be better than another, asked as often as one likes.

After every block of items a race is looked at again. An ordinary interval promises its 95 % for one look; at many looks it is wrong
far more often. A confidence sequence promises them for all looks together: here the asymptotic one of Waudby-Smith, Arbour, Sinha,
Kennedy and Ramdas (2021, arXiv 2103.06476, theorem 2.2), a running mean with the boundary of Robbins' normal mixture.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

SHARPEST = 60
"""Items at which the sequence is tightest."""


def bounds(differences: Array, alpha: float = 0.1) -> tuple[float, float]:
    """Between which values the mean difference lies, at this look and all others.

    Args:
        differences: Score of the one less that of the other, an item each.
        alpha: How often the mean may lie outside at any look.

    Returns:
        Lower and upper bound; -1 and 1 where nothing is known.
    """
    count = len(differences)
    if not count:
        return -1.0, 1.0
    mean = float(differences.mean())
    radius = deviation(differences) * _boundary(count, alpha)
    return max(-1.0, mean - radius), min(1.0, mean + radius)


def deviation(differences: Array) -> float:
    """Standard deviation of a difference, drawn to that of a coin by one item: ten ties in a row are no proof that all are ties."""
    count = len(differences)
    return math.sqrt((float(differences.var()) * count + 0.25) / (count + 1))


def _boundary(count: int, alpha: float) -> float:
    rho = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / SHARPEST
    scale = count * rho + 1
    return math.sqrt(2 * scale / (count * count * rho) * math.log(math.sqrt(scale) / alpha))
