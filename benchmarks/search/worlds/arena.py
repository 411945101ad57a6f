"""A search's view of a world: the items of one run, a bank of paid answers, and a budget."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from moaql.errors import BudgetReached
from moaql.searching.arena import Block, Entrant, Known, Voice

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from benchmarks.search.worlds.world import Outcomes, Split, World

    Array = NDArray[Any]


class WorldArena:
    """Implements `moaql.searching.arena.Arena` on a world.

    Args:
        world: Where.
        split: The items of this run.
        budget: Dollars that may be paid.
        reuse: Whether an answer that was paid for is free from then on. Without it every measurement is charged in full,
            although what was answered is still known: it is the bill that differs.
    """

    def __init__(self, world: World, split: Split, budget: float, *, reuse: bool = True) -> None:
        self.world, self.budget, self.reuse = world, budget, reuse
        self.space = world.space
        self.size = len(split.search)
        self.paid = 0.0
        self.cells = 0
        """Pairs of an entrant and an item that were measured, repetitions included."""
        self._split, self._order = split, split.search
        self._bank: dict[Hashable, Array] = {}
        self._answers: dict[str, _Answers] = {}

    def kept(self, which: Literal["select", "report"]) -> WorldArena:
        """Other items of this run, with a bank and a bill of their own, and no limit to it."""
        return WorldArena(self.world, replace(self._split, search=getattr(self._split, which)), math.inf)

    def entrant(self, point: Any) -> Entrant | None:
        """The topology of a point."""
        return self.world.entrant(point)

    def baselines(self) -> Sequence[Entrant]:
        """Every model alone."""
        return self.world.singles()

    def repeated(self, best: Entrant, samples: int, how: Literal["vote", "merge"]) -> Entrant | None:
        """A single model asked several times."""
        return self.world.repeated(best, samples, how)

    def price(self, entrant: Entrant, items: Sequence[int]) -> float:
        """Dollars that measuring would take now, from mean prices: what an item costs is only known once it was asked."""
        total = 0.0
        for key, price in self.world.plan(entrant).calls:
            banked = self._bank.get(key) if self.reuse else None
            total += price * (len(items) if banked is None else len(items) - int(banked[_where(items)].sum()))
        return total

    def cost(self, entrant: Entrant) -> float:
        """Dollars an item by list price, from mean prices."""
        return self.world.plan(entrant).cost

    def latency(self, entrant: Entrant) -> float:
        """Mean seconds an item."""
        return self.world.plan(entrant).latency

    def known(self, entrant: Entrant) -> Known:
        """What the answers of its first layer say so far."""
        known = [self._answers.get(voice.model) for voice in entrant.voices]
        if any(each is None for each in known):
            return Known(np.empty(0, int), np.empty((len(known), 0), np.int8), self._alone(entrant.judge))
        present = [each for each in known if each is not None]
        some = np.logical_and.reduce([each.some for each in present])
        rows = [each.of(voice.sample) for each, voice in zip(present, entrant.voices, strict=True)]
        own = [each.own(voice.sample, some) for each, voice in zip(present, entrant.voices, strict=True)]
        standing = 1 - float(np.mean(own)) if some.any() else 0.0
        return Known(np.flatnonzero(some), np.stack(rows)[:, some], self._alone(entrant.judge), standing)

    async def measure(self, entrant: Entrant, items: Sequence[int]) -> Block:
        """Ask and score these items.

        Raises:
            BudgetReached: It would cost more than is left; then nothing is asked.
        """
        at, found = np.asarray(items, int), self.world.outcomes(entrant)
        bill, asked = self._bill(found, at)
        if self.paid + bill > self.budget:
            raise BudgetReached("the next measurement costs more than is left of the budget")
        self.paid += bill
        self.cells += len(at)
        for (key, voice), where in asked.items():
            self._bank.setdefault(key, np.zeros(self.size, bool))[where] = True
            if voice is not None:
                self._learn(voice, where)
        place = self._order[at]
        return Block(found.scores[place].astype(float), found.costs[place], found.latencies[place], bill)

    def _bill(self, found: Outcomes, at: Array) -> tuple[float, dict[tuple[Hashable, Voice | None], Array]]:
        """Dollars for some items, and which call is asked on which of them."""
        bill, asked = 0.0, {}
        for call in found.calls:
            where = at if call.asked is None else at[call.asked[self._order[at]]]
            banked = self._bank.get(call.key) if self.reuse else None
            if banked is not None:
                where = where[~banked[where]]
            if len(where):
                bill += float(call.costs[self._order[where]].sum())
                asked[call.key, call.voice] = where
        return bill, asked

    def _learn(self, voice: Voice, where: Array) -> None:
        found = self._answers.setdefault(voice.model, _Answers(self.size))
        found.learn(voice.sample, where, self.world.codes(voice)[self._order[where]])

    def _alone(self, judge: str) -> float | None:
        """Mean score of a judge that was asked alone; None where it was not."""
        if not judge:
            return None
        voice = self.world.alone(judge)
        known, banked = self._answers.get(voice.model), self._bank.get(voice)
        if known is None or banked is None:
            return None
        return float((known.of(voice.sample)[banked] == 0).mean())


def _where(items: Sequence[int]) -> Any:
    """Items as something that numpy takes fast."""
    return slice(items.start, items.stop) if isinstance(items, range) and items.step == 1 else np.asarray(items, int)


class _Answers:
    """What one model at one temperature is known to answer."""

    def __init__(self, size: int) -> None:
        self.some = np.zeros(size, bool)
        self._first = np.full(size, -1, np.int8)
        self._codes: dict[int, Array] = {}
        self._own: dict[int, Array] = {}

    def learn(self, sample: int, where: Array, codes: Array) -> None:
        """The answers of a sample to some items."""
        if sample not in self._codes:
            self._codes[sample] = np.full(len(self.some), -1, np.int8)
            self._own[sample] = np.zeros(len(self.some), bool)
        self._codes[sample][where] = codes
        self._own[sample][where] = True
        fresh = where[~self.some[where]]
        self._first[fresh] = self._codes[sample][fresh]
        self.some[where] = True

    def own(self, sample: int, items: Array) -> float:
        """The share of these items to which the sample itself was asked."""
        return float(self._own[sample][items].mean()) if sample in self._own and items.any() else 0.0

    def of(self, sample: int) -> Array:
        """The answers of a sample; where it was not asked, those of the first that was."""
        if sample not in self._codes:
            return self._first
        found: Array = np.where(self._own[sample], self._codes[sample], self._first)
        return found
