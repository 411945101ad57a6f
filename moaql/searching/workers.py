"""One of several processes that search the same space: what others measure is left to them, and what they measured is taken over.

Before a process measures a topology, it says so in the study. To the others that topology has no price then, and when it is
measured, they read its answers from the bank they share. What a process that died was measuring is taken up by the first who sees
it.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Literal, Protocol

from moaql.errors import BudgetReached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.searching.arena import Arena, Block, Entrant, Known, Space
    from moaql.searching.hunt import Hunt
    from moaql.searching.ledger import Ledger, Seen
    from moaql.searching.purse import Purse, SharedBudget
    from moaql.searching.search import Suggest

_SELDOM = 0.5
"""Seconds between two looks at what the others do."""


class Crew(Protocol):
    """Further processes that this one has started."""

    def start(self) -> None:
        """Start them."""
        ...

    async def ended(self) -> None:
        """Wait until all of them have ended."""
        ...


class SharedArena:
    """An arena, as one of several processes uses it.

    Args:
        arena: Where topologies are measured.
        ledger: Of the study that all share.
        purse: What they may spend.
        budget: What this process may spend of it.
        suggest: Learns from what others measured.
        trials: Topologies that all of them together measure at most.
    """

    def __init__(
        self, arena: Arena, ledger: Ledger, purse: Purse, budget: SharedBudget, suggest: Suggest, trials: int
    ) -> None:
        self.space: Space = arena.space
        self.size = arena.size
        self.hunt: Hunt | None = None
        """Of this process, as soon as it has measured something."""
        self._arena, self._ledger, self._purse, self._budget = arena, ledger, purse, budget
        self._suggest, self._trials = suggest, trials
        self._old = {each.key for each in ledger.seen() if each.state == "over"}
        self._others: set[str] = set()
        self._full = False
        self._looked = self._taken = -math.inf
        self._busy = False

    def entrant(self, point: Any) -> Entrant | None:
        """See `Arena`."""
        return self._arena.entrant(point)

    def baselines(self) -> Sequence[Entrant]:
        """See `Arena`. Every process begins with another one, so that they do not all wait for the same answers."""
        found = list(self._arena.baselines())
        first = self._purse.ordinal % max(1, len(found))
        return [*found[first:], *found[:first]]

    def repeated(self, best: Entrant, samples: int, how: Literal["vote", "merge"]) -> Entrant | None:
        """See `Arena`."""
        return self._arena.repeated(best, samples, how)

    def price(self, entrant: Entrant, items: Sequence[int]) -> float:
        """See `Arena`. What another process is measuring cannot be had, and nothing new once there are trials enough."""
        if entrant.key in self._others:
            return math.inf
        new = self.hunt is not None and entrant.key not in self.hunt.records and not entrant.baseline
        return math.inf if new and self._full else self._arena.price(entrant, items)

    def cost(self, entrant: Entrant) -> float:
        """See `Arena`."""
        return self._arena.cost(entrant)

    def latency(self, entrant: Entrant) -> float:
        """See `Arena`."""
        return self._arena.latency(entrant)

    def known(self, entrant: Entrant) -> Known:
        """See `Arena`."""
        return self._arena.known(entrant)

    async def measure(self, entrant: Entrant, items: Sequence[int]) -> Block:
        """See `Arena`. Says so to the others before; what one of them is measuring is waited for."""
        if self._busy:  # what others measured is read from the bank, and nobody need know
            return await self._arena.measure(entrant, items)
        if time.monotonic() - self._taken >= _SELDOM:
            await self.take_over(entrant.key)
        self._looked = -math.inf
        wanted = max(items) + 1
        while not self._ledger.announce(entrant, wanted) and not entrant.baseline:
            # Both chose it at the same moment. Its answers are there when the other one has them.
            if not self._at_it(entrant.key, wanted):
                break
            self._budget.rest()
            await asyncio.sleep(_SELDOM)
        self._purse.expect(self._budget, self._arena.price(entrant, items))
        try:
            return await self._arena.measure(entrant, items)
        finally:
            self._purse.expect(self._budget, 0.0)

    def look(self) -> None:
        """See what the others are at, and what they spend: before every step, but not more often than it can have changed."""
        if time.monotonic() - self._looked < _SELDOM:
            return
        self._looked = time.monotonic()
        seen = self._ledger.seen()
        self._others = {each.key for each in seen if each.state == "running" and self._is_others(each)}
        measured = len({each.key for each in seen if not each.baseline and each.state != "lost"})
        # Of the last ones, each process leaves as many as there are before it: so all of them together begin none too many.
        self._full = measured + self._purse.ordinal >= self._trials
        if self.hunt is not None:
            # What the others have spent is not left for this one.
            self.hunt.paid = self._purse.committed(self._budget)

    async def take_over(self, but: str = "") -> None:
        """Take over what others have measured since this process came, and take up what the dead have left.

        Args:
            but: Key of the topology that is being measured here.
        """
        if self.hunt is None or self._busy:
            return
        self._busy = True
        try:
            for each in self._ledger.bury():
                entrant = None if each.point is None else self._arena.entrant(each.point)
                if entrant is not None and entrant.key != but and self._ledger.announce(entrant, each.wanted):
                    await self._extend(entrant, each.wanted)
            for each in self._ledger.seen():
                if each.worker != self._ledger.worker and each.items and each.key not in self._old | {but}:
                    await self._adopt(each)
        finally:
            self._busy = False
            self._taken = time.monotonic()

    async def _adopt(self, each: Seen) -> None:
        assert self.hunt is not None
        entrant = None if each.point is None else self._arena.entrant(each.point)
        record = None if entrant is None else self.hunt.records.get(entrant.key)
        if entrant is not None and (record is None or record.items < min(each.items, self.size)):
            await self._extend(entrant, each.items)

    async def _extend(self, entrant: Entrant, items: int) -> None:
        assert self.hunt is not None
        try:
            record = await self.hunt.extend(entrant, "earlier", items)
        except BudgetReached:
            return  # what else can be paid is for the search to find out
        self.hunt.judge(record)
        figures = self.hunt.figures(record)
        if not math.isnan(figures.cost):
            both = self.hunt.settings.goals.cheap
            self._suggest.learn(entrant.point, [figures.quality, figures.cost] if both else [figures.quality])

    def _at_it(self, key: str, wanted: int) -> bool:
        """Whether another process is still measuring the items that are wanted."""
        seen = [each for each in self._ledger.seen() if each.key == key and each.state == "running"]
        return any(self._is_others(each) and each.items < wanted for each in seen)

    def _is_others(self, each: Seen) -> bool:
        return each.worker != self._ledger.worker and self._ledger.alive(each.worker)
