"""Topologies drawn uniformly, none twice, each measured on all items and paid for in full."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from benchmarks.search.methods.ledger import BudgetReached, Ledger, Outcome, Recommend

if TYPE_CHECKING:
    from moaql.searching.arena import Arena

REUSE = False
_MISSES = 200
"""Draws in a row that bring nothing new, after which the space counts as searched."""


async def random_search(arena: Arena, seed: int, budget: float, recommend: Recommend) -> Outcome:  # noqa: ARG001
    """Search until the next topology would cost more than is left."""
    ledger, draws = Ledger(arena, recommend), random.Random(seed)
    seen = {each.key for each in arena.baselines()}
    misses = 0
    try:
        await ledger.baselines()
        while misses < _MISSES:
            entrant = arena.entrant(arena.space.sample(draws))
            if entrant is None or entrant.key in seen:
                misses += 1
                continue
            misses = 0
            seen.add(entrant.key)
            await ledger.whole(entrant)
    except BudgetReached:
        return ledger.outcome("budget")
    return ledger.outcome("done")
