"""The search: screen, predict, propose, race. Every step goes where the frontier is expected to gain most for a dollar.

Two kinds of steps compete: a first look at a topology that nobody has measured, and a further look at one that is in the race. Both
are worth what the frontier is expected to gain, divided by what they cost now: answers that are in the bank cost nothing, so that
topologies which share answers with those before are cheap to try (Chen et al. 2023 on prefix sharing, arXiv 2411.03731; Lee et al.
2020 on cost-aware improvement, arXiv 2003.10870).
"""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from moaql.errors import BudgetReached
from moaql.searching.hunt import Hunt, best_single
from moaql.searching.propose import Pool, Proposal
from moaql.searching.table import FIRST, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from moaql.searching.arena import Arena, Entrant, Record
    from moaql.searching.settings import Settings

    Array = NDArray[Any]

SCREEN = 40
"""Items on which every single model is measured first."""
_WORTH = 3e-5
"""Expected gain, as a share of the frontier, below which nothing is worth its price."""
_LEAST_POWER, _MOST_POWER = 0.2, 0.7
"""Between which powers the price of a step cools down as the money goes."""
_FINISHES = 50
"""Times that the frontier is finished at most: who moves up to it then is finished, too."""
_NEVER_FREE = 2e-5
"""A step counts as at least this share of the budget, so that of two free ones the better comes first."""


class Suggest(Protocol):
    """TPE, or nobody."""

    def learn(self, point: Any, values: list[float]) -> None:
        """A point was measured."""
        ...

    def suggest(self, count: int) -> list[Any]:
        """Points to try."""
        ...


@dataclass(frozen=True)
class Progress:
    """How a search stands.

    Attributes:
        hunt: Its records and its frontier.
        changed: The record that was just extended.
        trials: Topologies measured, baselines left out.
    """

    hunt: Hunt
    changed: Record
    trials: int


@dataclass(frozen=True)
class Found:
    """What a search found before it is confirmed.

    Attributes:
        hunt: Its records and its frontier.
        trials: Topologies measured, baselines left out.
        stopped: Why it stopped, in words.
        proposed: Topologies that were looked at, measured or not.
        invalid: Points that make no sense as programs.
    """

    hunt: Hunt
    trials: int
    stopped: str
    proposed: int
    invalid: int


async def search(
    arena: Arena,
    settings: Settings,
    *,
    suggest: Suggest | None = None,
    known: Sequence[Entrant] = (),
    on_change: Callable[[Progress], None] = lambda _progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Found:
    """Look for the best frontier that the budget buys.

    Args:
        arena: What can be measured, and for how much.
        settings: Goals, budget, seed.
        suggest: TPE, or None to do without.
        known: Topologies that an earlier run of this search, or another worker, has measured: they come first, and cost nothing.
        on_change: Is called after every step.
        stop: Asked before every step; True ends the search as if the budget had ended.

    Returns:
        Everything measured.
    """
    return await _Search(arena, settings, suggest, on_change, stop).run(known)


@dataclass(frozen=True)
class _Step:
    """A look at an entrant, and what it is worth."""

    proposal: Proposal
    items: int
    gain: float
    price: float


class _Search:
    def __init__(
        self,
        arena: Arena,
        settings: Settings,
        suggest: Suggest | None,
        on_change: Callable[[Progress], None],
        stop: Callable[[], bool],
    ) -> None:
        self.hunt = Hunt(arena, settings)
        self._arena, self._settings = arena, settings
        self._suggest, self._on_change, self._stop = suggest, on_change, stop
        self._random = random.Random(settings.seed)  # noqa: S311 - draws, not secrets
        asked = suggest.suggest if suggest is not None and "tpe" in settings.sources else None
        self._pool = Pool(arena, self._random, asked, settings.sources)
        self._table = Table(arena, self.hunt.next_stop(None))
        self._begun = 0
        self._spent = {"first": 0.0, "further": 0.0}

    async def run(self, known: Sequence[Entrant]) -> Found:
        try:
            await self._baselines()
            for entrant in known:
                await self._look(Proposal(entrant, "earlier"), self.hunt.next_stop(self.hunt.records.get(entrant.key)))
            stopped = await self._steps()
            await self._finish()
        except BudgetReached:
            stopped = "the budget is spent"
        pool = self._pool
        return Found(self.hunt, self._begun, stopped, len(pool.proposals), pool.invalid)

    async def _baselines(self) -> None:
        """Every single model, then the best of them several times."""
        first = min(SCREEN, self._arena.size) if self._settings.racing else self._arena.size
        for entrant in self._arena.baselines():
            await self._look(Proposal(entrant, "baseline"), first)
        best = best_single(self.hunt)
        if best is None:
            return
        for repeated in (
            self._arena.repeated(best.entrant, 5, "vote"),
            self._arena.repeated(best.entrant, 5, "merge"),
        ):
            if repeated is not None and self._within(self._arena.price(repeated, range(first))):
                await self._look(Proposal(repeated, "baseline"), first)

    async def _steps(self) -> str:
        """Step after step, until one of the reasons to stop holds; that is returned."""
        while True:
            if self._stop():
                return "it was asked to stop"
            self.hunt.learn()
            self._pool.grow([record.entrant for record in self.hunt.front()])
            further, first = self._sorted(self._further()), self._sorted(self._first())
            if not further and not first:
                return "nothing is left to measure"
            if max(step.gain for step in (*further[:1], *first[:1])) < _WORTH:
                return "nothing left is worth its price"
            further, first = ([step for step in each if self._within(step.price)] for each in (further, first))
            if not further and not first:
                return "the budget for the search is spent"
            chosen = self._chosen(further, first)
            if not chosen:
                full = self._begun >= self._settings.trials
                return (
                    f"{self._settings.trials} topologies are measured" if full else "the budget for the search is spent"
                )
            await asyncio.gather(*(self._take(step) for step in chosen))

    async def _finish(self) -> None:
        """Measure the frontier on all items, as far as the money goes: a lucky first look may stand on it."""
        for _ in range(_FINISHES):
            racing = [record for record in self.hunt.front() if record.state == "racing"]
            able = [
                record
                for record in racing
                if self._within(self._arena.price(record.entrant, range(record.items, self._arena.size)))
            ]
            if not able or self._stop():
                return
            for record in able:
                await self._look(Proposal(record.entrant, record.source), self._arena.size)
            self.hunt.learn()

    def _chosen(self, further: list[_Step], first: list[_Step]) -> list[_Step]:
        """The steps that are taken now, side by side.

        What is promising is measured further for as many dollars as what is new is looked at. By expected gain alone, the new
        would always win: it is uncertain, and the frontier would be a list of lucky first looks (top-two sampling, Russo 2016,
        divides the effort for the same reason).
        """
        chosen: list[_Step] = []
        left = self._settings.trials - self._begun
        spent, planned = dict(self._spent), 0.0
        while len(chosen) < self._settings.at_once and (further or (first and left > 0)):
            new = bool(first) and left > 0 and (not further or spent["first"] <= spent["further"])
            step = (first if new else further).pop(0)
            if not self._within(planned + step.price):
                continue
            left -= new
            planned += step.price
            spent["first" if new else "further"] += step.price
            chosen.append(step)
        return chosen

    async def _take(self, step: _Step) -> None:
        before = self.hunt.paid
        new = step.proposal.entrant.key not in self.hunt.records
        await self._look(step.proposal, step.items)
        self._spent["first" if new else "further"] += max(self.hunt.paid - before, step.price)

    def _sorted(self, steps: list[_Step]) -> list[_Step]:
        able = [step for step in steps if math.isfinite(step.price)]  # others are at it, or nobody can be asked
        return sorted(able, key=lambda step: -self._worth(step.gain, step.price))

    def _further(self) -> list[_Step]:
        """Further looks at those that are in the race. Of those on the frontier, what they add to the others counts."""
        racing = [record for record in self.hunt.records.values() if record.state == "racing"]
        found = []
        for record, gain in zip(racing, self._gains_of(racing), strict=True):
            items = self.hunt.next_stop(record)
            price = self._arena.price(record.entrant, range(record.items, items))
            found.append(_Step(Proposal(record.entrant, record.source), items, gain, price))
        return found

    def _gains_of(self, records: Sequence[Record]) -> list[float]:
        """Of records in the race. All that are not on the frontier are set against the same one."""
        import numpy as np

        thoughts = [self.hunt.quality(record.entrant) for record in records]
        mean = np.array([thought.mean for thought in thoughts])
        deviation = np.array([thought.deviation for thought in thoughts])
        costs = np.array([self.hunt.figures(record).cost for record in records])
        cheap = self._settings.goals.cheap
        gains = self.hunt.stairs().gains(mean, deviation, costs, cheap=cheap)
        front = {record.entrant.key for record in self.hunt.front()}
        for row, record in enumerate(records):
            if record.entrant.key in front:
                own = slice(row, row + 1)
                others = self.hunt.stairs(record.entrant.key)
                gains[row] = others.gains(mean[own], deviation[own], costs[own], cheap=cheap)[0]
        return [float(gain) for gain in gains]

    def _first(self) -> list[_Step]:
        """First looks at the best of those that were proposed."""
        self._table.add(self._pool.proposals.values())
        if not self._table.proposals:
            return []
        self._table.look_up(self._table.at_random(self._random))
        rows = self._best_rows()
        self._table.look_up(rows)
        gains, prices = self._gains(), self._table.prices
        items = self.hunt.next_stop(None)
        return [_Step(self._table.proposals[row], items, float(gains[row]), float(prices[row])) for row in rows]

    def _best_rows(self) -> list[int]:
        gains, prices, free = self._gains(), self._table.prices, self._floor()
        import numpy as np

        worth = gains / np.maximum(prices, free) ** self._cooled()
        worth = np.where(self._table.open & (gains > 0), worth, -1.0)
        order = np.argsort(-worth, kind="stable")[:FIRST]
        return [int(row) for row in order if worth[row] > 0]

    def _gains(self) -> Array:
        import numpy as np

        goals, table = self._settings.goals, self._table
        mean, deviation = self.hunt.model.predict_all(table.inputs)
        gains: Array = self.hunt.stairs().gains(mean, deviation, table.costs, cheap=goals.cheap)
        if goals.limits:
            affords = [goals.affords(cost, latency) for cost, latency in zip(table.costs, table.latencies, strict=True)]
            gains = np.where(affords, gains, 0.0)
        return gains

    def _worth(self, gain: float, price: float) -> float:
        return float(gain / max(price, self._floor()) ** self._cooled())

    async def _look(self, proposal: Proposal, items: int) -> None:
        entrant = proposal.entrant
        new = entrant.key not in self.hunt.records and proposal.source != "baseline"
        record = await self.hunt.extend(entrant, proposal.source, items)
        self._begun += new
        self._table.close(entrant.key)
        self.hunt.judge(record)
        if self._suggest is not None:
            figures = self.hunt.figures(record)
            if figures.cost == figures.cost:
                values = [figures.quality, figures.cost] if self._settings.goals.cheap else [figures.quality]
                self._suggest.learn(entrant.point, values)
        self._on_change(Progress(self.hunt, record, self._begun))

    def _cooled(self) -> float:
        """The power that prices are divided by: a dollar counts for less the fewer there are left to spend.

        Gain for a dollar alone is short-sighted: it buys whatever is cheap until the money is gone. Cooling the price (Lee et al.
        2020) looks at cheap topologies first, and at dear ones while they can still be afforded.
        """
        if not self._settings.price_aware:
            return 0.0
        budget = self._settings.budget
        left = 1.0 if not budget else max(0.0, 1 - self.hunt.paid / (self._settings.share * budget))
        return _LEAST_POWER + (_MOST_POWER - _LEAST_POWER) * left

    def _floor(self) -> float:
        budget = self._settings.budget
        return _NEVER_FREE * budget if budget is not None else 1e-9

    def _within(self, price: float) -> bool:
        budget = self._settings.budget
        return budget is None or self.hunt.paid + price <= self._settings.share * budget
