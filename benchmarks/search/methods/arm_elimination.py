"""Arm elimination as AgentOpt does it (arXiv 2604.06296): drop what lies more than one standard error below the best.

The space is too large to hold every arm, so a random subset plays; survivors stay and the next subset joins, until the
dollars are out. Comparisons are unpaired, as there. Other than there, an arm is compared with those that are no dearer, so
that a frontier survives and not one arm; and answers are reused, as its cache of requests does.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from benchmarks.search.methods.ledger import BudgetReached, Ledger, Outcome, Recommend

if TYPE_CHECKING:
    from moaql.searching.arena import Arena, Entrant

REUSE = True
ARMS, ROUNDS = 40, 40
_BATCH = 20


async def arm_elimination(arena: Arena, seed: int, budget: float, recommend: Recommend) -> Outcome:  # noqa: ARG001
    """Play subset after subset until the dollars are out."""
    ledger, draws = Ledger(arena, recommend), random.Random(seed)
    survivors: list[Entrant] = []
    try:
        await ledger.baselines()
        seen = {each.key for each in arena.baselines()}
        for _ in range(ROUNDS):
            arms = _drawn(arena, draws, seen)
            if not arms:
                break
            survivors = await _played(arena, ledger, arms, survivors)
    except BudgetReached:
        return ledger.outcome("budget")
    return ledger.outcome("done")


def _drawn(arena: Arena, draws: random.Random, seen: set[str]) -> list[Entrant]:
    found: list[Entrant] = []
    for _ in range(ARMS * 20):
        entrant = arena.entrant(arena.space.sample(draws))
        if entrant is not None and entrant.key not in seen:
            seen.add(entrant.key)
            found.append(entrant)
        if len(found) == ARMS:
            break
    return found


async def _played(arena: Arena, ledger: Ledger, arms: list[Entrant], survivors: list[Entrant]) -> list[Entrant]:
    """Measure arms in batches; after each, drop those that are beaten, also by survivors of other subsets."""
    figures: dict[str, tuple[float, float, float]] = {}
    for each in survivors:
        figures[each.key] = _bounds(*_known(arena, ledger, each))
    start = 0
    while start < arena.size:
        stop = min(arena.size, start + _BATCH if start < 2 * _BATCH else 2 * start)
        for arm in arms:
            quality, cost = await ledger.on(arm, range(start, stop))
            figures[arm.key] = _bounds(quality, cost, stop)
        arms = [arm for arm in arms if not _beaten(arm.key, figures)]
        start = stop
    return [each for each in (*survivors, *arms) if not _beaten(each.key, figures)]


def _known(arena: Arena, ledger: Ledger, entrant: Entrant) -> tuple[float, float, int]:
    scores = ledger.scores[entrant.key]
    return float(scores.mean()), arena.cost(entrant), len(scores)


def _bounds(quality: float, cost: float, items: int) -> tuple[float, float, float]:
    """One standard error below and above the mean, and dollars."""
    error = math.sqrt(max(quality * (1 - quality), 0.25 / items) / items)
    return quality - error, quality + error, cost


def _beaten(key: str, figures: dict[str, tuple[float, float, float]]) -> bool:
    _, high, cost = figures[key]
    return any(low > high and price <= cost for low, _, price in figures.values())
