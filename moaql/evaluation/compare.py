"""Which of two topologies is better: a paired comparison on the same items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.evaluation.paired import RESAMPLES, flipped, mcnemar, recovered, tango
from moaql.evaluation.resolution import smallest_difference
from moaql.evaluation.scores import checked, checked_confidence, is_binary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better the first of two is than the second, on the same items.

    Attributes:
        difference: Mean score of the first less that of the second, from -1 to 1.
        low: Lower end of its interval.
        high: Upper end.
        p: How often a difference at least as large comes about if neither is better.
        method: Test and interval, such as `mcnemar mid-p, tango`.
        wins: Items on which the first scores higher.
        losses: Items on which the second does.
        ties: Items on which they score the same.
        resolvable: The smallest true difference that so many items, differing as these do, find in 4 of 5 cases; infinite where
            they are too few for any.
        confidence: Of the interval.
        adjusted: p after Holm's correction, where it is one of several comparisons.
    """

    difference: float
    low: float
    high: float
    p: float
    method: str
    wins: int
    losses: int
    ties: int
    resolvable: float
    confidence: float = 0.95
    adjusted: float | None = None

    @property
    def resolved(self) -> bool:
        """Whether one of the two is better: the interval leaves out 0, and p, adjusted if it is one of several, agrees."""
        p = self.p if self.adjusted is None else self.adjusted
        return (self.low > 0 or self.high < 0) and p <= 1 - self.confidence


def compare(
    a: Sequence[float], b: Sequence[float], confidence: float = 0.95, *, seed: int = 0, resamples: int = RESAMPLES
) -> Comparison:
    """Compares what two topologies scored on the same items.

    Scores of 0 and 1: McNemar's test with mid-p, and Tango's interval. Others: sign-flip permutation test, and an interval by
    recovered variances. docs/statistics.md says why.

    Args:
        a: Scores of the first, from 0 to 1.
        b: Scores of the second on the same items in the same order.
        confidence: Of the interval.
        seed: Of the drawn sign flips.
        resamples: How many sign flips are drawn where there are too many to try all.

    Raises:
        UsageError: There is no item, the two have different numbers of items, or a score is not a number from 0 to 1.
    """
    one, other = checked(a, "scores of the first"), checked(b, "scores of the second")
    if len(one) != len(other):
        raise UsageError(
            f"{len(one)} scores cannot be paired with {len(other)}", "Compare on the same items, in the same order."
        )
    checked_confidence(confidence)
    differences = (one - other).round(12)  # 0.3 and 0.1 + 0.2 are a tie
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    count = len(differences)
    if is_binary(one) and is_binary(other):
        p, method = mcnemar(wins, losses), "mcnemar mid-p, tango"
        low, high = tango(wins, losses, count, confidence)
    else:
        p = flipped(differences, seed, resamples)
        low, high, how = recovered(differences, confidence)
        method = f"sign flips, {how}"
    return Comparison(
        difference=float(differences.mean()),
        low=low,
        high=high,
        p=p,
        method=method,
        wins=wins,
        losses=losses,
        ties=count - wins - losses,
        resolvable=_resolvable(differences, confidence),
        confidence=confidence,
    )


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down correction (Holm 1979, Scand. J. Stat. 6:65).

    With it, the risk that any of several true null hypotheses is rejected stays below the level, however they depend on each other.

    Args:
        p_values: One p for each comparison.

    Returns:
        Adjusted p, in the same order, at most 1.
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda position: p_values[position])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = largest
    return tuple(adjusted)


def compare_all(
    table: Mapping[str, Sequence[float]], confidence: float = 0.95, *, seed: int = 0
) -> dict[str, Comparison]:
    """Compares each topology with the first.

    `adjusted` is p after Holm's correction over all these comparisons. The intervals are not widened: each holds its own difference
    with the confidence that was asked for.

    Args:
        table: Scores by name, all on the same items in the same order.
        confidence: Of each interval.
        seed: Of the drawn sign flips.

    Returns:
        By name, how much better each other is than the first.

    Raises:
        UsageError: As `compare`, with the name of the topology; or the table is empty.
    """
    if not table:
        raise UsageError("there is nothing to compare", "Give the scores of at least one topology.")
    first, *others = table
    checked(table[first], f"scores of `{first}`")
    found = {name: _named(name, table[name], table[first], confidence, seed) for name in others}
    adjusted = holm([each.p for each in found.values()])
    return {name: replace(each, adjusted=p) for (name, each), p in zip(found.items(), adjusted, strict=True)}


def _named(name: str, a: Sequence[float], b: Sequence[float], confidence: float, seed: int) -> Comparison:
    try:
        return compare(a, b, confidence, seed=seed)
    except UsageError as error:
        raise UsageError(f"`{name}`: {error.message}", error.next_step) from None


def _resolvable(differences: NDArray[Any], confidence: float) -> float:
    import numpy as np

    square, size = float((differences**2).mean()), float(np.abs(differences).mean())
    # Rounding may bring the quotient of equal numbers above 1.
    step = min(1.0, square / size) if size else 1.0
    return smallest_difference(len(differences), square, step=step, confidence=confidence)
