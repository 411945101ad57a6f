"""Confirmation: finalists on items that chose nothing so far, the winner and the baselines on items that nobody has seen.

The best of many measured topologies was lucky, too: its score on the items that chose it is too high (the winner's curse;
"overtuning", arXiv 2506.19540). So the finalists are measured on the select split, the choice is made, and only then the report
split is opened, once. Its figures are the ones that are stated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import BudgetReached
from moaql.evaluation.compare import Comparison, compare
from moaql.evaluation.statistics import Interval, interval
from moaql.searching.frontier import nearest_limits
from moaql.searching.goals import Figures
from moaql.searching.hunt import best_single

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from moaql.searching.arena import Arena, Block, Entrant, Record
    from moaql.searching.hunt import Hunt

    Array = NDArray[Any]

FINALISTS = 5
_MOST_REPEATS = 15


@dataclass(frozen=True)
class Measurement:
    """A score on one split."""

    score: float
    interval: Interval
    items: int

    @classmethod
    def of(cls, scores: Array, confidence: float = 0.95) -> Measurement | None:
        """The mean of what was measured; None where nothing was."""
        import numpy as np

        known = scores[~np.isnan(scores)]
        if not len(known):
            return None
        return cls(float(known.mean()), interval(known.tolist(), confidence), len(known))


@dataclass
class Finalist:
    """A topology in the confirmation.

    Attributes:
        entrant: Which.
        role: `finalist` or `baseline`.
        searched: Scores on the items of the search.
        select: Scores on the select split.
        report: Scores on the report split.
        cost: Dollars an item.
        latency: Seconds an item.
    """

    entrant: Entrant
    role: str
    searched: Array
    select: Array
    report: Array
    cost: float
    latency: float

    @property
    def chosen_on(self) -> Array:
        """All scores that may choose: those of the search, and of the select split."""
        import numpy as np

        return np.concatenate([self.searched, self.select])


@dataclass(frozen=True)
class Confirmed:
    """What the confirmation says.

    Attributes:
        finalists: All that were measured again, baselines among them, the winner first.
        winner: The default choice: the cheapest of those that lie close to the best, within the limits.
        best: The best quality that was found, whatever it costs.
        within: The best quality within the limits; None where nothing meets them.
        single: The best single model.
        tied: Those within one standard error of the best that keeps the limits, the cheapest first.
        difference: The winner less the best single model, on the report split; None where there is none, or they are one.
        fell_back: The topology that was to win, and was significantly worse than the best single model on the report split.
        whole: Whether the money sufficed for everything above.
        confidence: Of all intervals, as a share.
    """

    finalists: tuple[Finalist, ...]
    winner: Finalist
    best: Finalist
    within: Finalist | None
    single: Finalist | None
    tied: tuple[Finalist, ...]
    difference: Comparison | None
    fell_back: Finalist | None = None
    whole: bool = True
    confidence: float = 0.95

    @property
    def beaten(self) -> bool:
        """Whether the winner is an ensemble, and better than the best single model on items that chose nothing."""
        return self.difference is not None and self.difference.low > 0 and self.winner.entrant.kind != "single"


async def confirm(hunt: Hunt, select: Arena, report: Arena) -> Confirmed | None:
    """Choose, and measure what was chosen.

    Args:
        hunt: What the search measured.
        select: The items to choose on; they may be none.
        report: The items to report; they may be none.

    Returns:
        None where the search measured nothing.
    """
    if not hunt.records:
        return None
    return await _Confirmation(hunt, select, report).run()


class _Confirmation:
    def __init__(self, hunt: Hunt, select: Arena, report: Arena) -> None:
        self._hunt, self._select, self._report = hunt, select, report
        self._finalists: dict[str, Finalist] = {}
        self._whole = True

    async def run(self) -> Confirmed:
        single = best_single(self._hunt)
        records = self._chosen(single)
        for record in records:
            self._enter(record)
        for finalist in sorted(self._finalists.values(), key=lambda each: -self._quality(each)):
            if self._spares_the_report(finalist):
                finalist.select = await self._measure(self._select, finalist.entrant)
        able = [each for each in self._finalists.values() if self._hunt.settings.goals.keeps(self._figures(each))]
        best = max(self._finalists.values(), key=self._quality)
        within = max(able, key=self._quality, default=None)
        tied = self._tied(within, able) if within is not None else ()
        winner = tied[0] if tied and self._hunt.settings.goals.cheap else within or self._nearest() or best
        lone = self._finalists.get(single.entrant.key) if single is not None else None
        await self._open(winner, lone)
        difference = self._difference(winner, lone)
        fell_back = None
        if difference is not None and difference.high < 0 and lone is not None:
            fell_back, winner, difference = winner, lone, None
        ordered = sorted(self._finalists.values(), key=lambda each: (each is not winner, -self._quality(each)))
        return Confirmed(
            tuple(ordered),
            winner,
            best,
            within,
            lone,
            tied,
            difference,
            fell_back=fell_back,
            whole=self._whole,
            confidence=self._hunt.settings.confidence,
        )

    def _chosen(self, single: Record | None) -> list[Record]:
        """The best single model, and the best of the frontier."""
        hunt = self._hunt
        front = hunt.front() or sorted(
            (record for record in hunt.records.values() if record.items),
            key=lambda each: -hunt.quality(each.entrant).mean,
        )
        chosen = {record.entrant.key: record for record in ([single] if single is not None else [])}
        top = max((hunt.quality(record.entrant).mean for record in front), default=0.0)
        # Those that may be as good as the best come first, the cheapest of them among them.
        close = [
            record
            for record in front
            if hunt.quality(record.entrant).mean + 2 * hunt.quality(record.entrant).deviation >= top
        ]
        near = nearest_limits(
            {key: hunt.figures(each) for key, each in hunt.records.items() if each.items}, hunt.settings.goals
        )
        missed = near is not None and near[1]
        for record in [*([hunt.records[near[0]]] if near is not None and missed else []), *close, *front]:
            if len(chosen) < FINALISTS + 1:
                chosen.setdefault(record.entrant.key, record)
        return list(chosen.values())

    def _nearest(self) -> Finalist | None:
        """The one that misses the limits by least; None where there are no limits."""
        goals = self._hunt.settings.goals
        found = nearest_limits({key: self._figures(each) for key, each in self._finalists.items()}, goals)
        return self._finalists[found[0]] if found is not None and goals.limits else None

    def _enter(self, record: Record) -> Finalist:
        import numpy as np

        figures = self._hunt.figures(record)
        found = Finalist(
            record.entrant,
            "baseline" if record.entrant.baseline else "finalist",
            record.scores,
            np.empty(0),
            np.empty(0),
            figures.cost,
            figures.latency,
        )
        self._finalists[record.entrant.key] = found
        return found

    async def _measure(self, arena: Arena, entrant: Entrant) -> Array:
        import numpy as np

        if not arena.size:
            return np.empty(0)
        try:
            block: Block = await arena.measure(entrant, range(arena.size))
        except BudgetReached:
            self._whole = False
            return np.empty(0)
        self._hunt.paid += block.paid
        return block.scores

    def _spares_the_report(self, each: Finalist) -> bool:
        """Whether the report split can still be paid for after this one is measured on the select split.

        The dearest finalist may win, and it and the best single model are what the report is of.
        """
        budget = self._hunt.settings.budget
        if budget is None:
            return True
        priced = [one.cost for one in self._finalists.values() if not math.isnan(one.cost)]
        singles = [one.cost for one in self._finalists.values() if one.entrant.kind == "single"]
        both = max(priced, default=0.0) + max((cost for cost in singles if not math.isnan(cost)), default=0.0)
        left = budget - self._hunt.paid - 1.2 * self._report.size * both
        return self._select.price(each.entrant, range(self._select.size)) <= left

    def _quality(self, each: Finalist) -> float:
        import numpy as np

        # What the model thought before, pulls a lucky score back: see `moaql.searching.predict.combined`.
        searched = self._hunt.quality(each.entrant).mean
        if not len(each.select) or np.isnan(each.select).all():
            return searched
        share = len(each.searched) / (len(each.searched) + len(each.select))
        return float(share * searched + (1 - share) * np.nanmean(each.select))

    def _figures(self, each: Finalist) -> Figures:
        return Figures(self._quality(each), each.cost, each.latency)

    def _tied(self, best: Finalist, able: Iterable[Finalist]) -> tuple[Finalist, ...]:
        """Those that lie within one standard error of the best, on the items of search and select split, the cheapest first.

        The rule is that of Breiman et al. (1984): what a test at 95 % cannot tell apart may well differ, and the cheapest of all
        that it cannot would too often be worse.
        """
        tied = [each for each in able if each is best or _within_one_error(each.chosen_on, best.chosen_on)]
        return tuple(
            sorted(tied, key=lambda each: (math.inf if math.isnan(each.cost) else each.cost, -self._quality(each)))
        )

    async def _open(self, winner: Finalist, single: Finalist | None) -> None:
        """Measure the winner and the baselines on the report split, once."""
        winner.report = await self._measure(self._report, winner.entrant)
        if single is not None and single is not winner:
            single.report = await self._measure(self._report, single.entrant)
        await self._equal_cost(winner, single)
        for finalist in self._finalists.values():
            own = finalist.entrant.baseline == "own" and not len(finalist.report)
            if own and self._affords(finalist.entrant):
                finalist.report = await self._measure(self._report, finalist.entrant)

    async def _equal_cost(self, winner: Finalist, single: Finalist | None) -> None:
        """The best single model as often as the winner's price pays for, with a vote and with an aggregator."""
        import numpy as np

        if single is None or winner is single or not single.cost > 0 or math.isnan(winner.cost):
            return
        times = min(_MOST_REPEATS, round(winner.cost / single.cost))
        for repeated in (
            self._report.repeated(single.entrant, times, "vote"),
            self._report.repeated(single.entrant, max(2, times - 1), "merge") if times >= 2 else None,
        ):
            if repeated is None or repeated.key in self._finalists or not self._affords(repeated):
                continue
            scores = await self._measure(self._report, repeated)
            cost, latency = self._report.cost(repeated), self._report.latency(repeated)
            self._finalists[repeated.key] = Finalist(
                repeated, "baseline", np.empty(0), np.empty(0), scores, cost, latency
            )

    def _affords(self, entrant: Entrant) -> bool:
        """Whether the report split of one more can be paid for."""
        budget = self._hunt.settings.budget
        price = 1.2 * self._report.price(entrant, range(self._report.size))
        return budget is None or self._hunt.paid + price <= budget

    def _difference(self, winner: Finalist, single: Finalist | None) -> Comparison | None:
        if single is None or winner is single:
            return None
        return difference(winner.report, single.report, self._hunt.settings.confidence)


def difference(one: Array, other: Array, confidence: float = 0.95) -> Comparison | None:
    """One less the other, on the items that were measured for both; None where there are none."""
    import numpy as np

    count = min(len(one), len(other))
    both = ~(np.isnan(one[:count]) | np.isnan(other[:count]))
    if not both.any():
        return None
    return compare(one[:count][both].tolist(), other[:count][both].tolist(), confidence)


def _within_one_error(one: Array, best: Array) -> bool:
    """Whether one is worse than the best by no more than the standard error of their paired difference."""
    import numpy as np

    count = min(len(one), len(best))
    gaps = best[:count] - one[:count]
    gaps = gaps[~np.isnan(gaps)]
    return bool(len(gaps) > 1 and gaps.mean() <= gaps.std(ddof=1) / math.sqrt(len(gaps)))
