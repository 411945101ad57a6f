"""Variants of a topology on the same items: scores, dollars and paired differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.evaluation.compare import Comparison, compare
from moaql.evaluation.diagnosis.figures import Share, mean, share, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.evaluation.outcome import Outcome


@dataclass(frozen=True)
class Trial:
    """One variant on all items.

    Attributes:
        score: Mean score with its interval, of the items that were measured; None of none.
        cost: List dollars an item that was answered; None where a price is unknown, or none was.
        calls: Calls an item that was answered.
        failed: Items without an answer, which count as 0.
        scores: Of each item; None where it was not measured.
    """

    score: Share | None
    cost: float | None
    calls: float | None
    failed: int
    scores: tuple[float | None, ...]


def trial_of(outcomes: Sequence[Outcome]) -> Trial:
    """What came of a variant."""
    scores = tuple(each.score for each in outcomes)
    answered = [each for each in outcomes if each.answered]
    cost = total([each.cost for each in answered])
    return Trial(
        score=share([each for each in scores if each is not None]),
        cost=cost / len(answered) if cost is not None and answered else None,
        calls=mean([float(each.calls) for each in answered]),
        failed=sum(each.status == "failed" for each in outcomes),
        scores=scores,
    )


def paired(one: Trial, other: Trial) -> Comparison | None:
    """How much better the first is than the second, on the items that both were measured on; None where there are none."""
    both = [(a, b) for a, b in zip(one.scores, other.scores, strict=True) if a is not None and b is not None]
    return compare([a for a, _ in both], [b for _, b in both]) if both else None
