"""A race may be looked at after every block, and the better one is rarely dropped."""

import numpy as np
import pytest

from moaql.searching.race import bounds


def test_nothing_is_known_of_nothing() -> None:
    assert bounds(np.empty(0)) == (-1.0, 1.0)


def test_ten_ties_are_no_proof() -> None:
    low, high = bounds(np.zeros(10))
    assert low < -0.1
    assert high > 0.1


def test_bounds_close_in() -> None:
    widths = [np.diff(bounds(np.tile([0.0, 1.0, 0.0, -1.0], count)))[0] for count in (5, 20, 80, 320)]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("gap", [0.0, 0.05])
def test_the_truth_stays_inside_at_all_looks_together(gap: float) -> None:
    """Two systems that differ on a quarter of the items; looks at 20, 40, 80, 160 and 320 items; 1,000 races."""
    random = np.random.default_rng(1)
    lost = 0
    for _ in range(1_000):
        drawn = random.choice([1.0, -1.0, 0.0], p=[0.125 + gap / 2, 0.125 - gap / 2, 0.75], size=320)
        looks = [bounds(drawn[:count], alpha=0.1) for count in (20, 40, 80, 160, 320)]
        lost += any(not low <= gap <= high for low, high in looks)
    assert lost / 1_000 <= 0.1
