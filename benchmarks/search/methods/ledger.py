"""What a rival method has measured, and the frontier that it would recommend now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from moaql.errors import BudgetReached

if TYPE_CHECKING:
    from moaql.searching.arena import Arena, Entrant

Recommend: TypeAlias = Callable[[float, Sequence["Entrant"]], None]
"""Takes the dollars paid so far and the recommended frontier, from the cheapest up: the last one is held for the best."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a method ended.

    Attributes:
        stopped: `budget`, `trials`, or `done` where it has nothing left to try.
        evaluations: Measurements of a topology, whole or in part.
        stated: Quality that it states of its best, and the interval where it states one; as shares.
        winner: The one that it states this of, where that is not the last of the recommended.
    """

    stopped: str
    evaluations: int
    stated: tuple[float, float | None, float | None] | None = None
    winner: Entrant | None = None


class Ledger:
    """Measures for a method, keeps the books, and recommends what is best so far.

    Only topologies measured on all items are recommended. Where one is measured again, the last figures count.
    """

    def __init__(self, arena: Arena, recommend: Recommend) -> None:
        self.arena, self._recommend = arena, recommend
        self.paid = 0.0
        self.evaluations = 0
        self.scores: dict[str, Any] = {}
        self._whole: dict[str, tuple[float, float, Entrant]] = {}
        self._costs: dict[str, Any] = {}
        self._front: list[str] = []

    async def whole(self, entrant: Entrant) -> tuple[float, float]:
        """Measure an entrant on all items; quality and dollars an item.

        Raises:
            BudgetReached: Too little is left.
        """
        return await self.on(entrant, range(self.arena.size))

    async def on(self, entrant: Entrant, items: range) -> tuple[float, float]:
        """Measure an entrant on some more items; quality and dollars an item of these and the ones before.

        Args:
            entrant: Which.
            items: From 0, or from where its last measurement ended.
        """
        block = await self.arena.measure(entrant, items)
        self.paid += block.paid
        self.evaluations += 1
        before = items.start > 0
        self.scores[entrant.key] = np.append(self.scores[entrant.key], block.scores) if before else block.scores
        self._costs[entrant.key] = np.append(self._costs[entrant.key], block.costs) if before else block.costs
        quality, cost = float(self.scores[entrant.key].mean()), float(self._costs[entrant.key].mean())
        if items.stop == self.arena.size:
            self._whole[entrant.key] = (quality, cost, entrant)
            self._tell()
        return quality, cost

    async def baselines(self) -> None:
        """Measure every single model: all methods begin with them, so that none is handicapped by not knowing them."""
        for entrant in self.arena.baselines():
            await self.whole(entrant)

    @property
    def best(self) -> tuple[float, float, Entrant]:
        """Quality, dollars and entrant of the best so far."""
        return max(self._whole.values(), key=lambda each: (each[0], -each[1]))

    def outcome(self, stopped: str) -> Outcome:
        """How the method ended, with what it states of its best."""
        return Outcome(stopped, self.evaluations, (self.best[0], None, None) if self._whole else None)

    def _tell(self) -> None:
        front: list[str] = []
        best = -1.0
        for quality, _, entrant in sorted(self._whole.values(), key=lambda each: (each[1], -each[0])):
            if quality > best:
                front.append(entrant.key)
                best = quality
        if front != self._front:
            self._front = front
            self._recommend(self.paid, [self._whole[key][2] for key in front])


__all__ = ["BudgetReached", "Ledger", "Outcome", "Recommend"]
