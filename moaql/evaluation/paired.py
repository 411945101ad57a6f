"""The interval and the p of a paired difference, for scores of 0 and 1 and for others.

Each function takes what two systems scored on the same items. Measuring on the same items takes the items' difficulty out of the
comparison, which is most of the variance (Miller 2024, arXiv 2411.00640).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moaql.evaluation.statistics import unseen_share, wilson_with_dispersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

RESAMPLES = 9_999
"""Sign flips that are drawn where there are too many to try all."""

_EXACT = 13  # 2**13 sign flips are fewer than RESAMPLES
_CELLS = 2_000_000  # signs in memory at once

Ends = tuple[float, float]


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided mid-p of McNemar's exact test (Fagerland, Lydersen and Laake 2013, BMC Med. Res. Methodol. 13:91).

    Args:
        wins: Items on which only the first is right.
        losses: Items on which only the second is right.

    Returns:
        The probability, if neither were better, of so uneven a division; the observed one counts half.
    """
    from scipy.stats import binom

    few, both = min(wins, losses), wins + losses
    # Half of the observed division is on each side when it is even, hence exactly 1 there.
    return 1.0 if wins == losses else float(2 * binom.cdf(few, both, 0.5) - binom.pmf(few, both, 0.5))


def tango(wins: int, losses: int, count: int, confidence: float) -> Ends:
    """Score interval of the difference of two shares that were measured on the same items (Tango 1998, Stat. Med. 17:891).

    Args:
        wins: Items on which only the first is right.
        losses: Items on which only the second is right.
        count: All items.
        confidence: How often such intervals hold the difference.

    Returns:
        Lower and upper end, within -1 and 1.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    limit = float(norm.ppf((1 + confidence) / 2))
    seen = (wins - losses) / count

    def excess(difference: float) -> float:
        """(Score / limit)² - 1, without its denominator: 0 at the ends, negative between them."""
        variance = _tango_variance(wins, losses, count, difference)
        return (wins - losses - count * difference) ** 2 - limit * limit * variance

    # Where nothing speaks against the difference that was seen, its variance is 0, and it would be taken for an end.
    low = -1.0 if seen == -1 else float(brentq(excess, -1.0, seen - 1e-9))
    high = 1.0 if seen == 1 else float(brentq(excess, seen + 1e-9, 1.0))
    return low, high


def _tango_variance(wins: int, losses: int, count: int, difference: float) -> float:
    """Variance of wins - losses, with the likeliest share of losses under this difference."""
    linear = -wins - losses + (2 * count - wins + losses) * difference
    constant = -losses * difference * (1 - difference)
    share = (math.sqrt(max(0.0, linear * linear - 8 * count * constant)) - linear) / (4 * count)
    return max(0.0, count * (2 * share + difference * (1 - difference)))


def flipped(differences: NDArray[Any], seed: int = 0, resamples: int = RESAMPLES) -> float:
    """Two-sided p of the sign-flip permutation test (Fisher 1935): as if each item's two scores had been dealt by a coin.

    All flips are tried where at most 13 differences are not 0. Otherwise `resamples` are drawn, and the observed one counts as one
    of them (Phipson and Smyth 2010), so that p is never 0.

    Args:
        differences: First score minus second, an item each.
        seed: Of the draws.
        resamples: How many are drawn.
    """
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    if len(moved) <= _EXACT:
        every = _all_signs(len(moved))
        return _as_extreme(every, moved) / len(every)
    extreme = sum(_as_extreme(signs, moved) for signs in _drawn_signs(len(moved), seed, resamples))
    return (extreme + 1) / (resamples + 1)


def _as_extreme(signs: NDArray[Any], moved: NDArray[Any]) -> int:
    """How many of the flips give a sum at least as far from 0."""
    import numpy as np

    # Sums that are equal on paper may differ in their last digits.
    return int((np.abs(signs @ moved) >= abs(moved.sum()) - 1e-9).sum())


def _all_signs(count: int) -> NDArray[Any]:
    import numpy as np

    return 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)


def _drawn_signs(count: int, seed: int, resamples: int) -> Iterable[NDArray[Any]]:
    """Rows of signs, in blocks that fit in memory."""
    if count * resamples <= _CELLS:
        return _kept_signs(count, seed, resamples)
    return _blocks_of_signs(count, seed, resamples)


@lru_cache(maxsize=1)
def _kept_signs(count: int, seed: int, resamples: int) -> tuple[NDArray[Any], ...]:
    # Comparisons that follow each other are mostly of sets of one size.
    return tuple(_blocks_of_signs(count, seed, resamples))


def _blocks_of_signs(count: int, seed: int, resamples: int) -> Iterator[NDArray[Any]]:
    import numpy as np

    rng = np.random.default_rng(seed)
    rows = max(1, _CELLS // count)
    for start in range(0, resamples, rows):
        size = (min(rows, resamples - start), count)
        yield 1.0 - 2.0 * rng.integers(0, 2, size, dtype=np.int8)


def recovered(differences: NDArray[Any], confidence: float) -> tuple[float, float, str]:
    """Interval of the mean difference of scores from 0 to 1.

    The mean difference is the mean gain less the mean loss. Each has a Wilson interval with dispersion, which follows their skew,
    and the two are joined by recovering variances from the ends (Newcombe 1998; Zou and Donner 2008, Stat. Med. 27:1693). Student's
    interval fails where most items are ties.

    Args:
        differences: First score minus second, an item each, from -1 to 1.
        confidence: How often such intervals hold the difference.

    Returns:
        Lower end, upper end and the method. Where all differences are equal, the ends are as far as those items could draw the
        mean that may be different, see `unseen_share`.
    """
    import numpy as np

    mean = float(differences.mean())
    if differences.min() == differences.max():
        reach = unseen_share(len(differences), confidence)
        return mean - (mean + 1) * reach, mean + (1 - mean) * reach, "all equal"
    gain, loss = np.maximum(differences, 0), np.maximum(-differences, 0)
    # A sign that was not seen is taken to be as large as the other, as far as there are ties that it could come from.
    ties = float((differences == 0).mean())
    unseen = ties * float((differences**2).mean() / np.abs(differences).mean())
    (least_gain, most_gain), (least_loss, most_loss) = (
        wilson_with_dispersion(each, confidence, unseen) for each in (gain, loss)
    )
    apart = float(gain.std() * loss.std())
    correlation = -float(gain.mean() * loss.mean()) / apart if apart > 0 else 0.0
    below = _joined(float(gain.mean()) - least_gain, most_loss - float(loss.mean()), correlation)
    above = _joined(most_gain - float(gain.mean()), float(loss.mean()) - least_loss, correlation)
    return max(-1.0, mean - below), min(1.0, mean + above), "recovered variances"


def _joined(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one * one + other * other - 2 * correlation * one * other))
