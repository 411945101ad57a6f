"""Paired comparisons: intervals hold the difference, and nothing is found where nothing is."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from moaql.errors import UsageError
from moaql.evaluation.compare import Comparison, compare, compare_all, holm
from moaql.evaluation.resolution import resolution_sentence, smallest_difference

SAMPLES = 2_000


@cache
def of_counts(wins: int, losses: int, count: int) -> Comparison:
    ties = count - wins - losses
    return compare([1] * wins + [0] * losses + [1] * ties, [0] * wins + [1] * losses + [1] * ties)


def sampled(wins: float, losses: float, count: int) -> list[Comparison]:
    """Comparisons of two that are right and wrong, with these shares of wins and losses."""
    drawn = np.random.default_rng(count).multinomial(count, [wins, losses, 1 - wins - losses], SAMPLES)
    return [of_counts(int(won), int(lost), count) for won, lost, _ in drawn]


@pytest.mark.parametrize("count", [30, 100, 500])
@pytest.mark.parametrize(("wins", "losses"), [(0.2, 0.2), (0.25, 0.1), (0.15, 0.05), (0.1, 0.1)])
def test_19_of_20_intervals_hold_the_difference_of_shares(wins: float, losses: float, count: int) -> None:
    held = np.mean([each.low <= wins - losses <= each.high for each in sampled(wins, losses, count)])
    assert 0.93 <= held <= 0.97


@pytest.mark.parametrize("count", [30, 100, 500])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.25])
def test_equal_topologies_are_rarely_told_apart(share: float, count: int) -> None:
    found = sampled(share, share, count)
    assert np.mean([each.p <= 0.05 for each in found]) <= 0.06
    assert np.mean([each.resolved for each in found]) <= 0.06


def alike(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Two equal topologies whose scores follow the items' difficulty."""
    difficulty = rng.beta(4, 2, size)
    return tuple(np.clip(difficulty + rng.normal(0, 0.15, size), 0, 1) for _ in "ab")  # type: ignore[return-value]


def mostly_tied(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The first gains 0.05 on average, by a great gain on one item in ten."""
    base = rng.beta(2, 6, size) / 2
    return base + np.where(rng.random(size) < 0.1, 0.5, 0.0), base


def skewed(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return rng.beta(9, 0.5, size), rng.beta(3, 3, size)


SHAPES = {"alike": (alike, 0.0), "mostly tied": (mostly_tied, 0.05), "skewed": (skewed, 9 / 9.5 - 0.5)}


@pytest.mark.parametrize("count", [30, 100, 500])
@pytest.mark.parametrize("shape", ["alike", "skewed"])
def test_19_of_20_intervals_hold_the_difference_of_means(shape: str, count: int) -> None:
    found, difference = compared(shape, count)
    assert 0.93 <= np.mean([each.low <= difference <= each.high for each in found]) <= 0.97


@pytest.mark.parametrize("count", [100, 500])
def test_intervals_hold_where_most_items_are_ties(count: int) -> None:
    found, difference = compared("mostly tied", count)
    assert 0.93 <= np.mean([each.low <= difference <= each.high for each in found]) <= 0.975


@pytest.mark.parametrize("count", [30, 100, 500])
def test_equal_scorers_are_rarely_told_apart(count: int) -> None:
    found, _ = compared("alike", count)
    assert np.mean([each.p <= 0.05 for each in found]) <= 0.06


@cache
def compared(shape: str, count: int) -> tuple[list[Comparison], float]:
    draw, difference = SHAPES[shape]
    a, b = draw(np.random.default_rng(2), (SAMPLES, count))
    pairs = zip(a.tolist(), b.tolist(), strict=True)
    return [compare(one, other, resamples=999) for one, other in pairs], difference


def test_it_is_compared_item_by_item() -> None:
    a, b = [1, 1, 1, 0, 1, 0.5, 0], [0, 0, 1, 1, 0, 0.5, 0]
    found = compare(a, b)
    assert (found.wins, found.losses, found.ties) == (3, 1, 3)
    assert found.difference == pytest.approx(2 / 7)
    back = compare(b, a)
    assert (back.low, back.high, back.p) == pytest.approx((-found.high, -found.low, found.p))


@pytest.mark.parametrize(
    ("a", "b", "low", "high", "p"),
    [
        ([1], [0], -0.587, 1, 0.5),
        ([1], [1], -0.793, 0.793, 1),
        ([1] * 30, [1] * 30, -0.114, 0.114, 1),
        ([0] * 30, [1] * 30, -1, -0.773, 0),
        ([0.5] * 30, [0.5] * 30, -0.116, 0.116, 1),
        ([0.5], [0.4], -0.973, 0.978, 1),
        ([0.5] * 5, [0.4] * 5, -0.474, 0.57, 2 / 32),
    ],
)
def test_little_and_equal_data_leaves_room(a: list[float], b: list[float], low: float, high: float, p: float) -> None:
    found = compare(a, b)
    assert (found.low, found.high, found.p) == pytest.approx((low, high, p), abs=6e-4)


def test_few_differences_are_counted_out_and_many_are_drawn_by_seed() -> None:
    a, b = [0.5, 0.9, 0.8, 0.7, 0.2, 0.3], [0.4, 0.7, 0.5, 0.3, 0.2, 0.8]
    flips = [0.1, 0.2, 0.3, 0.4, -0.5]
    more = sum(
        abs(sum(d if bit & 1 << i else -d for i, d in enumerate(flips))) >= abs(sum(flips)) - 1e-9 for bit in range(32)
    )
    assert compare(a, b).p == more / 32
    many, others = a * 10, b * 10
    assert compare(many, others, seed=1) == compare(many, others, seed=1)
    assert 0 < compare(many, [0.0] * 60).p <= 1e-3


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([], [], "there are none"),
        ([1, 0], [1], "2 scores cannot be paired with 1"),
        ([1, 0], [1, math.nan], "scores of the second: nan at position 1"),
    ],
)
def test_what_cannot_be_compared_is_said(a: Sequence[float], b: Sequence[float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare(a, b)


def test_holm_corrects_in_order_of_p() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.9, 0.5]) == (1.0, 1.0)
    assert holm([]) == ()


def test_of_many_equal_topologies_hardly_ever_one_is_found_better() -> None:
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(300):
        table = {str(name): rng.binomial(1, 0.7, 60).tolist() for name in range(6)}
        alarms += any(each.resolved for each in compare_all(table).values())
    assert alarms / 300 <= 0.08


def test_each_other_is_compared_with_the_first() -> None:
    first = [0, 1] * 20
    found = compare_all({"user": first, "same": first, "better": [1] * 40})
    assert list(found) == ["same", "better"]
    assert found["better"].resolved
    assert found["better"].adjusted == 2 * found["better"].p
    assert (found["same"].difference, found["same"].resolved) == (0, False)
    with pytest.raises(UsageError, match="`short`: 1 scores"):
        compare_all({"user": first, "short": [1]})
    with pytest.raises(UsageError, match="nothing to compare"):
        compare_all({})


@pytest.mark.parametrize(("count", "discordance"), [(60, 0.3), (100, 0.2), (500, 0.05)])
def test_the_smallest_difference_is_found_in_4_of_5_cases(count: int, discordance: float) -> None:
    least = smallest_difference(count, discordance)
    wins, losses = (discordance + least) / 2, max(0.0, (discordance - least) / 2)
    found = np.mean([each.p <= 0.05 for each in sampled(wins, losses, count)])
    assert 0.75 <= found <= 0.85


def test_the_smallest_difference_of_graded_scores_too() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.15, (600, 100))
    least = smallest_difference(100, 0.15**2, step=0.15)
    raised = (0.5 + noise + least).clip(0, 1).tolist()
    found = np.mean([compare(each, [0.5] * 100, resamples=999).p <= 0.05 for each in raised])
    assert 0.74 <= found <= 0.86


def test_a_comparison_says_what_its_items_resolve() -> None:
    found = of_counts(12, 8, 100)
    assert found.resolvable == smallest_difference(100, 0.2)
    assert not found.resolved
    assert compare([1] * 4, [0] * 4).resolvable == math.inf
    assert compare([1] * 50, [1] * 50).resolvable == pytest.approx(0.15, abs=0.01)


def test_small_sets_are_told_in_a_sentence() -> None:
    assert resolution_sentence(100) == (
        "100 items resolve a difference of 12.4 points or more (in 4 of 5 cases, at p < 0.05), "
        "if the two differ on 20 % of the items."
    )
    assert "given that the two differ on 5 %" in resolution_sentence(1_319, 0.05)
    assert resolution_sentence(1) == "1 item cannot resolve any difference between two topologies."
    with pytest.raises(UsageError, match="not a share"):
        smallest_difference(10, 20)
    with pytest.raises(UsageError, match="0 items"):
        smallest_difference(0)
