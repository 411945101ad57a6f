"""Scores as statistics read them: numbers from 0 to 1, one an item."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def checked(scores: Sequence[float], what: str = "scores") -> NDArray[Any]:
    """The scores as an array of floats.

    Args:
        scores: One score an item, from 0 to 1. True and False are 1 and 0.
        what: How a message calls them.

    Raises:
        UsageError: There is none, or one is not a number from 0 to 1; the message names its position, counted from 0.
    """
    import numpy as np

    values = [_number(score, position, what) for position, score in enumerate(scores)]
    if not values:
        raise UsageError(f"{what}: there are none", "Statistics need at least one item.")
    return np.array(values, dtype=float)


def checked_confidence(confidence: float) -> float:
    """The confidence, if it is one.

    Raises:
        UsageError: It does not lie between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise UsageError(f"a confidence of {confidence} is not between 0 and 1", "Give a share, such as 0.95.")
    return confidence


def is_binary(scores: NDArray[Any]) -> bool:
    """Whether all scores are 0 or 1."""
    return bool(((scores == 0) | (scores == 1)).all())


def _number(score: float, position: int, what: str) -> float:
    try:
        value = float(score)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 <= value <= 1:
        raise UsageError(
            f"{what}: {score!r} at position {position} is not a score from 0 to 1",
            "Positions count from 0. Count a failed item as 0 instead of leaving its score out.",
        )
    return value
