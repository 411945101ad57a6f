"""Intervals of little, equal and unusable data. How often intervals hold the mean is the matter of test_coverage.py."""

import math

import numpy as np
import pytest

from moaql.errors import UsageError
from moaql.evaluation.statistics import interval


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
