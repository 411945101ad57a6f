"""Intervals hold the mean as often as they say."""

import math
from functools import cache

import numpy as np
import pytest

from moaql.errors import UsageError
from moaql.evaluation.statistics import Interval, interval

SAMPLES = 2_000


@cache
def of_right(right: int, count: int) -> Interval:
    return interval([1] * right + [0] * (count - right))


@pytest.mark.parametrize("count", [30, 100, 500])
@pytest.mark.parametrize("middle", [0.5, 0.97])
def test_19_of_20_intervals_of_right_and_wrong_hold_the_share(middle: float, count: int) -> None:
    """Averaged over shares around the middle: at one share, coverage jumps with each item."""
    rng = np.random.default_rng(count)
    held = 0
    for share in rng.uniform(middle - 0.015, middle + 0.015, SAMPLES):
        found = of_right(int(rng.binomial(count, share)), count)
        held += found.low <= share <= found.high
    assert 0.93 <= held / SAMPLES <= 0.97


SHAPES = {
    "beta(2, 2)": (lambda rng, size: rng.beta(2, 2, size), 0.5),
    "beta(8, 2)": (lambda rng, size: rng.beta(8, 2, size), 0.8),
    "beta(9, 0.5)": (lambda rng, size: rng.beta(9, 0.5, size), 9 / 9.5),
    "beta(0.5, 4)": (lambda rng, size: rng.beta(0.5, 4, size), 0.5 / 4.5),
    "60 % are 1": (lambda rng, size: np.where(rng.random(size) < 0.6, 1.0, rng.random(size)), 0.8),
}


@pytest.mark.parametrize("count", [30, 100, 500])
@pytest.mark.parametrize("shape", SHAPES)
def test_19_of_20_intervals_of_skewed_scores_hold_their_mean(shape: str, count: int) -> None:
    draw, mean = SHAPES[shape]
    rng = np.random.default_rng(1)
    found = [interval(scores.tolist()) for scores in draw(rng, (SAMPLES, count))]
    held = np.mean([each.low <= mean <= each.high for each in found])
    assert 0.93 <= held <= 0.97


@pytest.mark.parametrize(
    ("scores", "low", "high", "method"),
    [
        ([1] * 30, 0.886, 1.0, "wilson"),
        ([False] * 30, 0.0, 0.114, "wilson"),
        ([1], 0.207, 1.0, "wilson"),
        ([0.7] * 30, 0.619, 0.735, "all equal"),
        ([0.7], 0.0175, 0.9925, "all equal"),
        ([0.5, 0.6], 0.126, 0.912, "dispersed wilson"),
    ],
)
def test_few_and_equal_scores_leave_room(scores: list[float], low: float, high: float, method: str) -> None:
    found = interval(scores)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))
    assert found.method == method


def test_more_confidence_is_a_wider_interval() -> None:
    for scores in ([0, 1, 1] * 10, [0.2, 0.9, 1] * 10, [0.4] * 10):
        narrow, wide = interval(scores, 0.8), interval(scores, 0.99)
        assert 0 <= wide.low < narrow.low < np.mean(scores) < narrow.high < wide.high <= 1


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], "there are none"),
        ([1, math.nan], "nan at position 1"),
        ([0, 1, 1.2], "1.2 at position 2"),
        ([None], "None at position 0"),
    ],
)
def test_what_is_no_score_is_named(scores: list[float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        interval(scores)


def test_a_confidence_is_a_share() -> None:
    with pytest.raises(UsageError, match="not between 0 and 1"):
        interval([1, 0], 95)
