"""The frontier, the limits, and what a further topology is expected to add."""

import math

import numpy as np
import pytest

from moaql.searching.frontier import frontier, nearest_limits
from moaql.searching.gains import expected_gain, steps
from moaql.searching.goals import Figures, Goals, Limit

FIGURES = {
    "cheap": Figures(0.70, 0.001, 1.0),
    "good": Figures(0.90, 0.010, 2.0),
    "dear": Figures(0.90, 0.020, 2.0),
    "worse": Figures(0.80, 0.015, 1.0),
    "best": Figures(0.95, 0.050, 9.0),
}


@pytest.mark.parametrize(
    ("goals", "front"),
    [
        (Goals(), ["best", "good", "cheap"]),
        (Goals(cheap=False), ["best"]),
        (Goals(fast=True), ["best", "good", "worse", "cheap"]),
        (Goals(limits=(Limit("cost", "<=", 0.02),)), ["good", "cheap"]),
        (Goals(limits=(Limit("latency", "<", 2.0), Limit("quality", ">=", 0.75))), ["worse"]),
        (Goals(limits=(Limit("quality", ">", 0.99),)), []),
    ],
)
def test_frontier(goals: Goals, front: list[str]) -> None:
    assert frontier(FIGURES, goals) == front


def test_an_unknown_price_keeps_no_limit() -> None:
    assert not Limit("cost", "<=", 1.0).holds(Figures(1.0, math.nan, 1.0))


def test_the_nearest_to_limits_that_nothing_meets() -> None:
    goals = Goals(limits=(Limit("quality", ">=", 0.96), Limit("cost", "<=", 0.05)))
    assert nearest_limits(FIGURES, goals) == ("best", ["quality >= 0.96"])


def test_expected_gain_is_the_mean_of_what_is_above() -> None:
    random = np.random.default_rng(0)
    drawn = random.normal(0.6, 0.1, 200_000)
    [gain] = expected_gain(np.array([0.6]), np.array([0.1]), 0.65)
    assert gain == pytest.approx(np.maximum(drawn - 0.65, 0).mean(), abs=2e-4)


def test_the_gain_of_a_certain_point_is_the_area_that_it_adds() -> None:
    """Stairs 0.5 at $1 and 0.7 at $10; prices count from $1 to $100. A topology of 0.6 at $1 raises the first step by 0.1."""
    stairs = steps([Figures(0.5, 1, 0), Figures(0.7, 10, 0)], Goals(), 1, 100)
    [below, above, both] = stairs.gains(np.array([0.6, 0.8, 0.8]), np.zeros(3), np.array([1.0, 10.0, 1.0]), cheap=True)
    assert below == pytest.approx(0.5 * 0.1 * 0.5)
    assert above == pytest.approx(0.5 * 0.1 + 0.5 * 0.1 * 0.5)
    assert both == pytest.approx(0.5 * 0.1 + 0.5 * (0.3 * 0.5 + 0.1 * 0.5))


def test_dollars_may_not_count() -> None:
    stairs = steps([Figures(0.5, 1, 0), Figures(0.7, 10, 0)], Goals(cheap=False), 1, 100)
    assert stairs.gains(np.array([0.6]), np.zeros(1), np.array([1.0]), cheap=False) == pytest.approx([0.0])
