"""Optuna's TPE with full evaluations, on a bank: an answer that was paid for is free from then on.

A proposal that costs nothing is no bound on a search, so trials are capped: the sampler's own time grows with their square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.search.methods.tpe import tpe

if TYPE_CHECKING:
    from benchmarks.search.methods.ledger import Outcome, Recommend
    from moaql.searching.arena import Arena

REUSE = True
TRIALS = 300


async def tpe_reuse(arena: Arena, seed: int, budget: float, recommend: Recommend) -> Outcome:
    """Search until the dollars or the trials are out."""
    return await tpe(arena, seed, budget, recommend, TRIALS)
