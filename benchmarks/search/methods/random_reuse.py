"""Topologies drawn uniformly, none twice, each measured on all items, on a bank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.search.methods.random_search import random_search

if TYPE_CHECKING:
    from benchmarks.search.methods.ledger import Outcome, Recommend
    from moaql.searching.arena import Arena

REUSE = True


async def random_reuse(arena: Arena, seed: int, budget: float, recommend: Recommend) -> Outcome:
    """Search until the next topology would cost more than is left."""
    return await random_search(arena, seed, budget, recommend)
