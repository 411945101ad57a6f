"""Greedy widths, as the search of Archon (arXiv 2409.15254): models ranked alone, then one width after the other.

The order is the paper's: how many of the best models propose, how often each is sampled, who fuses them, whether a layer
comes between. Each width grows while the quality does. Every step is a full evaluation. It optimises quality only; the
frontier is what it met on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.search.methods.ledger import BudgetReached, Ledger, Outcome, Recommend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.searching.arena import Arena

REUSE = True
_WIDEST = 8


async def archon_greedy(arena: Arena, seed: int, budget: float, recommend: Recommend) -> Outcome:  # noqa: ARG001
    """Grow each width in turn until it does not help, then stop."""
    ledger = Ledger(arena, recommend)
    try:
        await ledger.baselines()
        walk = _Walk(arena, ledger)
        await walk.fusers()
        await walk.models()
        await walk.samples()
        await walk.fusers()
        await walk.layers()
    except BudgetReached:
        return ledger.outcome("budget")
    return ledger.outcome("done")


class _Walk:
    """Where the greedy walk stands."""

    def __init__(self, arena: Arena, ledger: Ledger) -> None:
        self._arena, self._ledger = arena, ledger
        space: Any = arena.space
        ranked = sorted(arena.baselines(), key=lambda each: -ledger.scores[each.key].mean())
        self._names = [name for each in ranked for name in space.models(each.point)]
        self._at: dict[str, Any] = {"models": self._names[:2], "samples": 1, "last": "vote"}
        self._quality = float(ledger.scores[ranked[0].key].mean())
        self._started = False

    async def models(self) -> None:
        """How many of the best models propose."""
        for width in range(3, len(self._names) + 1):
            if not await self._better({"models": self._names[:width]}):
                return

    async def samples(self) -> None:
        """How often each of them is asked."""
        for samples in range(2, _WIDEST + 1):
            if not await self._better({"samples": samples}):
                return

    async def fusers(self) -> None:
        """How the answers become one: a vote, or a text by one of the best models."""
        ways: Sequence[dict[str, Any]] = [{"last": "vote", "judge": ""}]
        ways = [*ways, *({"last": "merge", "judge": name} for name in self._names)]
        for way in ways:
            await self._better(way)

    async def layers(self) -> None:
        """Whether a layer of one model comes between."""
        for name in self._names:
            await self._better({"second": name})

    async def _better(self, change: dict[str, Any]) -> bool:
        """Make a change if the space has it and it does not lose quality; the first topology is taken as it is."""
        tried = self._at | change
        entrant = self._arena.entrant(self._arena.space.composed(**tried))  # type: ignore[attr-defined]
        if entrant is None:
            return False
        quality, _ = await self._ledger.whole(entrant)
        if self._started and quality <= self._quality:
            return False
        self._started, self._at, self._quality = True, tried, quality
        return True
