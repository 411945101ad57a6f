"""When an early vote may stop: adaptive consistency (Aggarwal et al. 2023, arXiv 2305.11860).

A vote is decided once nobody can overtake the leader any more, or once it is unlikely enough that anybody would: with a uniform
prior, the leader's share against the runner-up is distributed as Beta(v1 + 1, v2 + 1), and P(share > 1/2) is a sum of binomial
coefficients. `moaql.stages.vote.fewest_voters` is the same rule for voters who all agree.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def needed(counts: Sequence[float], remaining: Sequence[float], confidence: float, least: int, heard: int) -> int:
    """How many further voters must be heard before the outcome can be decided, if all of them agree with the leader.

    Args:
        counts: Weight of each answer's voters so far, in any order. Voters without an answer are in none.
        remaining: Weight of each voter who was not heard yet.
        confidence: How sure an early stop must be, from 0.5 to 1; 1 stops only on certainty. With weights that differ only
            certainty stops.
        least: How many must be heard before a likely outcome counts.
        heard: How many were heard, those without an answer included.

    Returns:
        0 where the outcome is decided now, and at most the number of remaining voters.
    """
    leader, runner_up = _first_two(counts)
    equal = confidence < 1 and all(weight == 1 for weight in remaining) and _are_heads(counts, heard)
    gained = list(accumulate(sorted(remaining, reverse=True), initial=0.0))

    def decided(extra: int) -> bool:
        ahead, left = leader + gained[extra], gained[-1] - gained[extra]
        if left <= 0 or ahead > runner_up + left:
            return True
        return equal and heard + extra >= least and doubt(int(ahead), int(runner_up)) <= 1 - confidence

    # With each voter for the leader the outcome is surer, so the least number can be found by halving.
    return bisect_left(range(len(remaining)), True, key=decided)


def doubt(leader: int, runner_up: int) -> float:
    """Probability that the leader of a vote is not the more frequent of the first two answers.

    Args:
        leader: Its votes.
        runner_up: The votes of the next.

    Returns:
        P(share < 1/2) where the share is distributed as Beta(leader + 1, runner_up + 1).
    """
    tosses = leader + runner_up + 1
    term = total = 1
    for tails in range(runner_up):
        term = term * (tosses - tails) // (tails + 1)
        total += term
    cases: int = 2**tosses
    return total / cases


def _first_two(counts: Sequence[float]) -> tuple[float, float]:
    first, second = sorted((*counts, 0.0, 0.0), reverse=True)[:2]
    return first, second


def _are_heads(counts: Sequence[float], heard: int) -> bool:
    """Whether the counts can be numbers of voters of weight 1."""
    return all(count == int(count) for count in counts) and sum(counts) <= heard
