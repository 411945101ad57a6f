"""How sure a mean score is: intervals that hold what they promise on small sets and near 0 and 1.

docs/statistics.md compares the methods and says why these were chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.evaluation.scores import checked, checked_confidence, is_binary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a mean lies.

    Attributes:
        low: Lower end, as a share.
        high: Upper end, as a share.
        method: How it was found: `wilson`, `dispersed wilson` or `all equal`.
    """

    low: float
    high: float
    method: str


def interval(scores: Sequence[float], confidence: float = 0.95) -> Interval:
    """The interval of the mean score of all items of which these are a sample.

    Scores of 0 and 1 get Wilson's score interval (Wilson 1927). Other scores get the same interval with their own dispersion,
    `wilson_with_dispersion`. Scores that are all equal, and not all 0 or 1, get `unseen_share`.

    Args:
        scores: One score an item, from 0 to 1.
        confidence: How often such intervals hold the mean.

    Raises:
        UsageError: There is no score, one is not a number from 0 to 1, or the confidence is not a share.
    """
    from scipy.stats import binomtest

    values = checked(scores)
    checked_confidence(confidence)
    if is_binary(values):
        found = binomtest(int(values.sum()), len(values)).proportion_ci(confidence, method="wilson")
        return Interval(float(found.low), float(found.high), "wilson")
    if values.min() == values.max():
        reach, value = unseen_share(len(values), confidence), float(values[0])
        return Interval(value - value * reach, value + (1 - value) * reach, "all equal")
    low, high = wilson_with_dispersion(values, confidence)
    return Interval(low, high, "dispersed wilson")


def wilson_with_dispersion(
    values: NDArray[Any], confidence: float, dispersion: float | None = None
) -> tuple[float, float]:
    """Wilson's interval for scores that vary less than 0 and 1 do.

    Wilson's interval holds each mean m that the sample does not contradict, given a variance of m (1 - m) an item. Here the
    variance is f m (1 - m), with the dispersion f that the sample shows (quasi-likelihood: Wedderburn 1974), and Student's
    distribution takes the place of the normal one. Other than Student's interval it is skewed as bounded scores are.

    A few skewed scores rarely show their tail, and then look as if they varied little. Hence f grows by the share g² / n, with the
    sample's skewness g. That form and its constant of 1 were found by simulation, not derived: see docs/statistics.md.

    Args:
        values: At least two scores from 0 to 1.
        confidence: How often such intervals hold the mean.
        dispersion: f, where the values are all 0 or all 1 and show none.

    Returns:
        Lower and upper end, within 0 and 1.
    """
    from scipy.stats import skew, t

    count, mean = len(values), float(values.mean())
    if 0 < mean < 1:
        dispersion = float(values.var(ddof=1)) / (mean * (1 - mean)) * (1 + float(skew(values)) ** 2 / count)
    assert dispersion is not None
    weight = float(t.ppf((1 + confidence) / 2, count - 1)) ** 2 * dispersion / count
    centre = (mean + weight / 2) / (1 + weight)
    half = math.sqrt(weight * mean * (1 - mean) + weight * weight / 4) / (1 + weight)
    # The ends are 0 and 1 exactly at a mean of 0 and 1, whatever rounding says.
    return max(0.0, min(mean, centre - half)), min(1.0, max(mean, centre + half))


def unseen_share(count: int, confidence: float) -> float:
    """The largest share of items that may be different where all of a sample are alike.

    This is the upper end of Clopper and Pearson's interval (1934) for none of `count`; about 3.7 / count at 0.95.

    Args:
        count: Items in the sample.
        confidence: How often the share is not larger.
    """
    return float(1 - ((1 - confidence) / 2) ** (1 / count))
