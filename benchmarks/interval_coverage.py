"""How often 95 % intervals hold the true value: exactly for shares, over 2,000 repeated samples for graded scores.

    python benchmarks/interval_coverage.py

Promised: 93 to 97 of 100 intervals hold the truth, at each case of the lists below. What is known to lie outside stands in lists of
its own; there it is promised that intervals are too long, never too short.
"""

import sys
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
from scipy.stats import beta, binom, norm

from moaql.evaluation.compare import Comparison, compare
from moaql.evaluation.statistics import Interval, interval

LOW, HIGH = 0.93, 0.97
COUNTS = (30, 100, 500)
SHARES = (0.5, 0.97)
SAMPLES = 2_000
TENTHS = np.arange(11) / 10

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
DrawPair = Callable[[np.random.Generator, tuple[int, int]], tuple[np.ndarray, np.ndarray]]
Ends = Callable[[int, int], tuple[float, float]]


# Scores of 0 and 1.


@cache
def of_right(right: int, count: int) -> Interval:
    """The package's interval of that many right answers."""
    return interval([1] * right + [0] * (count - right))


def ours(right: int, count: int) -> tuple[float, float]:
    """The ends of the package's interval."""
    found = of_right(right, count)
    return found.low, found.high


def exact_coverage(ends: Ends, count: int, share: float) -> float:
    """Coverage at one share, summed over all outcomes with their binomial probabilities."""
    held = [right for right in range(count + 1) if within(ends(right, count), share)]
    return float(binom.pmf(held, count, share).sum())


def band_coverage(ends: Ends, count: int, low: float, high: float, steps: int = 151) -> float:
    """Mean exact coverage over shares of a band."""
    return float(np.mean([exact_coverage(ends, count, share) for share in np.linspace(low, high, steps)]))


def within(ends: tuple[float, float], value: float) -> bool:
    """Whether an interval holds a value."""
    return ends[0] <= value <= ends[1]


def wald(right: int, count: int) -> tuple[float, float]:
    """The textbook interval: mean ± 1.96 standard errors."""
    share, limit = right / count, float(norm.ppf(0.975))
    half = limit * (share * (1 - share) / count) ** 0.5
    return share - half, share + half


def agresti_coull(right: int, count: int) -> tuple[float, float]:
    """Agresti and Coull 1998: two more right and two more wrong answers, nearly."""
    square = float(norm.ppf(0.975)) ** 2
    share = (right + square / 2) / (count + square)
    half = (square * share * (1 - share) / (count + square)) ** 0.5
    return share - half, share + half


def clopper_pearson(right: int, count: int) -> tuple[float, float]:
    """Clopper and Pearson 1934."""
    low = float(beta.ppf(0.025, right, count - right + 1)) if right else 0.0
    return low, float(beta.ppf(0.975, right + 1, count - right)) if right < count else 1.0


def jeffreys(right: int, count: int) -> tuple[float, float]:
    """Jeffreys' prior, with the ends 0 and 1 at none and all (Brown, Cai and DasGupta 2001)."""
    low = float(beta.ppf(0.025, right + 0.5, count - right + 0.5)) if right else 0.0
    return low, float(beta.ppf(0.975, right + 0.5, count - right + 0.5)) if right < count else 1.0


@cache
def mid_p(right: int, count: int) -> tuple[float, float]:
    """Clopper and Pearson's, with half of the observed outcome's probability."""
    from scipy.optimize import brentq

    def above(seen: int) -> float:
        if seen == count:
            return 1.0
        return float(brentq(lambda p: binom.cdf(seen, count, p) - binom.pmf(seen, count, p) / 2 - 0.025, 1e-12, 1))

    return 1 - above(count - right), above(right)


METHODS: dict[str, Ends] = {
    "Wilson (used here)": ours,
    "Wald": wald,
    "Agresti-Coull": agresti_coull,
    "Clopper-Pearson": clopper_pearson,
    "mid-p Clopper-Pearson": mid_p,
    "Jeffreys": jeffreys,
}


# Differences of scores of 0 and 1: shares of items that only the first, and only the second, has right.

PAIRS = ((0.2, 0.2), (0.25, 0.1), (0.15, 0.05), (0.1, 0.1))
RARE_PAIRS = ((0.05, 0.02), (0.02, 0.02))
"""Few items differ; of 30, one or two."""


@cache
def of_pairs(wins: int, losses: int, count: int) -> Comparison:
    """The package's comparison for these counts."""
    ties = count - wins - losses
    return compare([1] * wins + [0] * losses + [1] * ties, [0] * wins + [1] * losses + [1] * ties)


def exact_pair_coverage(wins: float, losses: float, count: int) -> float:
    """Coverage of the difference, summed over all outcomes that are likelier than one in 10 million."""
    covered = 0.0
    for differing in range(count + 1):
        outer = float(binom.pmf(differing, count, wins + losses))
        inner = outer * binom.pmf(range(differing + 1), differing, wins / (wins + losses))
        for won in np.flatnonzero(inner > 1e-7).tolist():
            found = of_pairs(won, differing - won, count)
            covered += float(inner[won]) * within((found.low, found.high), wins - losses)
    return covered


# Graded scores and their differences.


def rubric(*weights: float) -> tuple[Draw, float]:
    """Scores in tenths with these weights, and their mean."""
    shares = np.array(weights) / sum(weights)
    return lambda rng, size: rng.choice(TENTHS, p=shares, size=size), float(TENTHS @ shares)


def of_beta(a: float, b: float) -> tuple[Draw, float]:
    """Scores of a beta distribution, and their mean."""
    return lambda rng, size: rng.beta(a, b, size), a / (a + b)


MIDDLE = (1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1)
GOOD = (1, 0, 0, 1, 1, 2, 4, 8, 20, 30, 33)
NEAR_TOP = (0, 0, 0, 0, 0, 1, 1, 2, 4, 12, 80)
GRADED: dict[str, tuple[Draw, float]] = {
    "beta(2, 2), mean 0.50": of_beta(2, 2),
    "beta(8, 2), mean 0.80": of_beta(8, 2),
    "beta(9, 0.5), mean 0.95": of_beta(9, 0.5),
    "rubric in tenths, mean 0.50": rubric(*MIDDLE),
    "rubric in tenths, mean 0.86": rubric(*GOOD),
    "rubric in tenths, mean 0.96": rubric(*NEAR_TOP),
}


def rubric_pair(
    weights: tuple[float, ...], better: tuple[float, ...], other: tuple[float, ...]
) -> tuple[DrawPair, float]:
    """Scores in tenths of two on the same items, and their mean difference.

    An item has a level with these weights; each of the two lies 2 tenths below to 2 above it with its own, within 0 and 1.
    """
    steps, level = np.arange(-2, 3), np.array(weights) / sum(weights)
    one, two = (np.array(each) / sum(each) for each in (better, other))

    def draw(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        at = rng.choice(11, p=level, size=size)
        moved = (np.clip(at + rng.choice(steps, p=each, size=size), 0, 10) / 10 for each in (one, two))
        first, second = moved
        return first, second

    places = np.clip(np.arange(11)[:, None] + steps, 0, 10) / 10
    return draw, float(level @ places @ (one - two))


def beta_pair(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Scores of beta(8, 2) and beta(5, 2) that follow the items' difficulty (normal copula, correlation 0.5)."""
    shared = rng.normal(0, 1, size)
    one, two = (norm.cdf((shared + rng.normal(0, 1, size)) / 2**0.5) for _ in "ab")
    # Quantiles by a table: scipy's own take a minute for all.
    at = np.linspace(1e-6, 1 - 1e-6, 20_001)
    return np.interp(one, at, beta.ppf(at, 8, 2)), np.interp(two, at, beta.ppf(at, 5, 2))


EVEN, UP = (1, 3, 6, 3, 1), (1, 2, 4, 6, 3)
GRADED_PAIRS: dict[str, tuple[DrawPair, float]] = {
    "rubric, equally good": rubric_pair(GOOD, EVEN, EVEN),
    "rubric, one better": rubric_pair(GOOD, UP, EVEN),
    "beta(8, 2) and beta(5, 2)": (beta_pair, 8 / 10 - 5 / 7),
}
RARE_GRADED_PAIRS: dict[str, tuple[DrawPair, float]] = {
    "rubric near 1, mostly ties": rubric_pair(NEAR_TOP, (0, 0, 18, 2, 0), (0, 1, 18, 1, 0)),
}
"""Nearly all items are ties; of 30, three or four are none."""


def graded_coverage(draw: Draw, mean: float, count: int, samples: int = SAMPLES) -> float:
    """Share of repeated samples whose interval holds the mean."""
    scores = draw(np.random.default_rng(count), (samples, count)).tolist()
    found = (interval(each) for each in scores)
    return float(np.mean([within((each.low, each.high), mean) for each in found]))


def graded_pair_coverage(draw: DrawPair, difference: float, count: int, samples: int = SAMPLES) -> float:
    """Share of repeated samples whose interval holds the mean difference."""
    one, two = draw(np.random.default_rng(count), (samples, count))
    # The intervals do not depend on the sign flips, so few are drawn.
    found = (compare(a, b, resamples=19) for a, b in zip(one.tolist(), two.tolist(), strict=True))
    return float(np.mean([within((each.low, each.high), difference) for each in found]))


def row(name: str, shares: Iterable[float]) -> list[float]:
    """Print a line of the table, with a star at what lies outside 93 to 97, and give the shares."""
    listed = list(shares)
    cells = (f"{100 * each:.1f}{'' if LOW <= each <= HIGH else '*'}" for each in listed)
    print(f"| {name} | {' | '.join(cells)} |")
    return listed


def main() -> int:
    """Print the tables; 1 where a promise is broken."""
    print("share right: 0.5 at 30, 100, 500 items, 0.97 at 30, 100, 500 items (exact)")
    for name, ends in METHODS.items():
        found = row(name, (exact_coverage(ends, count, share) for share in SHARES for count in COUNTS))
        if ends is ours:
            promised = list(found)
    print("share right, averaged over 0.485 to 0.515 and over 0.955 to 0.985 (exact)")
    for name, ends in METHODS.items():
        bands = ((middle, count) for middle in (0.5, 0.97) for count in COUNTS)
        found = row(name, (band_coverage(ends, count, middle - 0.015, middle + 0.015) for middle, count in bands))
        if ends is ours:
            promised += found
    print(f"at 30, 100, 500 items ({SAMPLES:,} samples; pairs of shares exact)")
    for name, (draw, mean) in GRADED.items():
        promised += row(name, (graded_coverage(draw, mean, count) for count in COUNTS))
    for wins, losses in PAIRS:
        promised += row(f"{wins:g} won, {losses:g} lost", (exact_pair_coverage(wins, losses, n) for n in COUNTS))
    for name, (paired, difference) in GRADED_PAIRS.items():
        promised += row(name, (graded_pair_coverage(paired, difference, count) for count in COUNTS))
    too_long = []
    for wins, losses in RARE_PAIRS:
        too_long += row(f"{wins:g} won, {losses:g} lost", (exact_pair_coverage(wins, losses, n) for n in COUNTS))
    for name, (paired, difference) in RARE_GRADED_PAIRS.items():
        too_long += row(name, (graded_pair_coverage(paired, difference, count) for count in COUNTS))
    return int(not all(LOW <= each <= HIGH for each in promised) or min(too_long) < LOW)


if __name__ == "__main__":
    sys.exit(main())
