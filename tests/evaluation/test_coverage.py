"""95 % intervals hold the truth in 93 to 97 of 100 cases; docs/statistics.md shows the same figures.

The cases stand in benchmarks/interval_coverage.py, which prints them all.
"""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.interval_coverage import (
    COUNTS,
    GRADED,
    GRADED_PAIRS,
    HIGH,
    LOW,
    METHODS,
    PAIRS,
    RARE_PAIRS,
    SAMPLES,
    SHARES,
    band_coverage,
    exact_coverage,
    exact_pair_coverage,
    graded_coverage,
    graded_pair_coverage,
    jeffreys,
    of_pairs,
    of_right,
    ours,
    wald,
    within,
)
from moaql.evaluation.resolution import smallest_difference

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
SHOWN_IN_FULL = ("beta(8, 2), mean 0.80", "beta(9, 0.5), mean 0.95", "rubric in tenths, mean 0.86")


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("share", SHARES)
def test_a_share_is_held_by_exact_count(share: float, count: int) -> None:
    assert LOW <= exact_coverage(ours, count, share) <= HIGH


def test_no_other_usual_interval_does_so_at_every_point() -> None:
    def holds(name: str) -> bool:
        covered = [exact_coverage(METHODS[name], count, share) for share in SHARES for count in COUNTS]
        return all(LOW <= each <= HIGH for each in covered)

    assert [name for name in METHODS if holds(name)] == ["Wilson (used here)"]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("middle", SHARES)
def test_a_share_is_held_on_average_near_the_point(middle: float, count: int) -> None:
    assert LOW <= band_coverage(ours, count, middle - 0.015, middle + 0.015, steps=31) <= HIGH


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("middle", SHARES)
def test_a_share_is_held_in_repeated_samples(middle: float, count: int) -> None:
    rng = np.random.default_rng(count)
    shares = rng.uniform(middle - 0.015, middle + 0.015, SAMPLES)
    found = [of_right(right, count) for right in rng.binomial(count, shares).tolist()]
    held = np.mean([each.low <= share <= each.high for each, share in zip(found, shares, strict=True)])
    assert LOW <= held <= HIGH


def test_the_measure_finds_intervals_that_are_too_short_and_too_long() -> None:
    assert exact_coverage(wald, 30, 0.97) < 0.6
    assert exact_coverage(jeffreys, 30, 0.97) > HIGH
    assert exact_coverage(jeffreys, 100, 0.97) < LOW
    assert exact_coverage(lambda right, count: (0, 1), 30, 0.5) == pytest.approx(1)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", SHOWN_IN_FULL)
def test_the_mean_of_graded_scores_is_held(name: str, count: int) -> None:
    assert LOW <= graded_coverage(*GRADED[name], count) <= HIGH


@pytest.mark.parametrize("count", [30, 100])
@pytest.mark.parametrize(("wins", "losses"), PAIRS)
def test_a_difference_of_shares_is_held_by_exact_count(wins: float, losses: float, count: int) -> None:
    assert LOW <= exact_pair_coverage(wins, losses, count) <= HIGH


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("share", "correlation"), [(0.7, 0.2), (0.7, 0.6), (0.9, 0.3)])
def test_a_difference_of_correlated_shares_is_held_in_repeated_samples(
    share: float, correlation: float, count: int
) -> None:
    """The first is right on that share of the items, the second on a tenth less."""
    other = share - 0.1
    both = share * other + correlation * (share * (1 - share) * other * (1 - other)) ** 0.5
    wins, losses = share - both, other - both
    drawn = np.random.default_rng(count).multinomial(count, [wins, losses, 1 - wins - losses], SAMPLES)
    found = [of_pairs(won, lost, count) for won, lost, _ in drawn.tolist()]
    assert LOW <= np.mean([within((each.low, each.high), 0.1) for each in found]) <= HIGH


@pytest.mark.parametrize("count", [30, 100])
@pytest.mark.parametrize(("wins", "losses"), RARE_PAIRS)
def test_where_one_or_two_items_differ_intervals_are_too_long_and_never_too_short(
    wins: float, losses: float, count: int
) -> None:
    assert exact_pair_coverage(wins, losses, count) >= LOW


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", ["rubric, one better", "beta(8, 2) and beta(5, 2)"])
def test_a_difference_of_graded_scores_is_held(name: str, count: int) -> None:
    assert LOW <= graded_pair_coverage(*GRADED_PAIRS[name], count) <= HIGH


def cells(name: str) -> list[list[str]]:
    """The rows of the page's tables that begin so."""
    return [row.split(" | ") for row in re.findall(rf"^\| {re.escape(name)} \| (.+) \|$", PAGE, re.MULTILINE)]


@pytest.mark.parametrize("name", METHODS)
def test_the_page_shows_the_exact_figures(name: str) -> None:
    shown = cells({"Wald": "Wald (± 1.96 standard errors)"}.get(name, name))[0]
    covered = [100 * exact_coverage(METHODS[name], count, share) for share in SHARES for count in COUNTS]
    assert shown == [f"{each:.1f}{'' if 100 * LOW <= each <= 100 * HIGH else '*'}" for each in covered]


@pytest.mark.parametrize("count", [30, 100, 1_000, 5_000])
def test_the_page_shows_what_can_be_resolved(count: int) -> None:
    shown = cells(f"{count:,}")[0]
    assert shown == [f"{100 * smallest_difference(count, share):.1f}" for share in (0.05, 0.1, 0.2, 0.3)]


def test_the_page_shows_what_its_example_prints() -> None:
    match = re.search(r"```python\n(.*?)```\s+```text\n(.*?)```", PAGE, re.DOTALL)
    assert match
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(match[1], {})
    assert printed.getvalue() == match[2]
