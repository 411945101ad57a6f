"""What a search knows while it runs: records of what was measured, predictions of what was not, and the frontier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from moaql.searching.arena import Record
from moaql.searching.frontier import frontier
from moaql.searching.gains import Steps, steps
from moaql.searching.goals import Figures
from moaql.searching.predict import Features, Prediction, ResponseModel, combined, features, measurement
from moaql.searching.race import bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from moaql.searching.arena import Arena, Entrant
    from moaql.searching.settings import Settings

    Array = NDArray[Any]

ENOUGH = 40
"""Items after which a topology may stand on the frontier."""
_NOW_AND_THEN = 8
"""Every so many lessons."""


class Hunt:
    """Records, predictions and the frontier of one search.

    Args:
        arena: Where topologies are measured.
        settings: Of the search.
    """

    def __init__(self, arena: Arena, settings: Settings) -> None:
        self.arena, self.settings = arena, settings
        self.records: dict[str, Record] = {}
        self.paid = 0.0
        self.model = ResponseModel(enabled=settings.predicting)
        self._features: dict[str, Features | None] = {}
        self._thoughts: dict[str, Prediction] = {}
        self._measurements: dict[str, Prediction | None] = {}
        self._prices: dict[str, tuple[float, float]] = {}
        self._front: list[Record] | None = None
        self._stairs: Steps | None = None
        self._able: dict[str, Figures] | None = None
        self._stale: set[str] = set()
        self._lessons = 0

    # Measuring

    async def extend(self, entrant: Entrant, source: str, items: int) -> Record:
        """Measure an entrant until so many items are there.

        Raises:
            BudgetReached: if the money ends before; nothing is recorded of the block then.
        """
        import numpy as np

        record = self.records.get(entrant.key)
        if record is None:
            record = Record(entrant, np.empty(0), np.empty(0), np.empty(0), source=source)
        wanted = range(record.items, min(items, self.arena.size))
        if wanted:
            block = await self.arena.measure(entrant, wanted)
            record.scores = np.concatenate([record.scores, block.scores])
            record.costs = np.concatenate([record.costs, block.costs])
            record.latencies = np.concatenate([record.latencies, block.latencies])
            record.paid += block.paid
            self.paid += block.paid
        record.state = "whole" if record.items >= self.arena.size else "racing"
        self.records[entrant.key] = record
        self._stale.add(entrant.key)
        self._thoughts.pop(entrant.key, None)
        self._measurements.pop(entrant.key, None)
        self._prices.pop(entrant.key, None)
        self._forget()
        return record

    def next_stop(self, record: Record | None) -> int:
        """How many items the next look at an entrant has: 20, 40, 80 and so on."""
        if not self.settings.racing:
            return self.arena.size
        done = 0 if record is None else record.items
        wanted = self.settings.block if done == 0 else 2 * done
        # A last block of a few items is not worth a look of its own.
        return self.arena.size if wanted * 1.25 >= self.arena.size else wanted

    # Knowing

    def learn(self) -> None:
        """Bring predictions up to date with what was measured.

        What is known of an entrant's answers is looked up again when it was measured, and else only now and then: new answers of
        others change it little.
        """
        measured = [record for record in self.records.values() if record.items]
        self._lessons += 1
        for place, record in enumerate(measured):
            key = record.entrant.key
            if key in self._stale or key not in self._features or (place + self._lessons) % _NOW_AND_THEN == 0:
                self._features[key] = features(record.entrant, self.arena.known(record.entrant))
        self._stale.clear()
        known = [self._features[record.entrant.key] for record in measured]
        self.model.learn(measured, known)
        priors = self.model.predict_each([record.entrant for record in measured], known)
        self._thoughts = {
            record.entrant.key: self._with_measurement(prior, record)
            for record, prior in zip(measured, priors, strict=True)
        }
        self._forget()

    def quality(self, entrant: Entrant) -> Prediction:
        """What is thought of an entrant: the prediction, and its own measurements."""
        thought = self._thoughts.get(entrant.key)
        if thought is None:
            if entrant.key not in self._features:
                self._features[entrant.key] = features(entrant, self.arena.known(entrant))
            prior = self.model.predict_each([entrant], [self._features[entrant.key]])[0]
            thought = self._thoughts[entrant.key] = self._with_measurement(prior, self.records.get(entrant.key))
        return thought

    def _with_measurement(self, prior: Prediction, record: Record | None) -> Prediction:
        if record is None:
            return prior
        key = record.entrant.key
        if key not in self._measurements:
            self._measurements[key] = measurement(record.scores)
        return combined(prior, self._measurements[key])

    def figures(self, record: Record) -> Figures:
        """Quality, dollars and seconds of what was measured."""
        key = record.entrant.key
        found = self._prices.get(key)
        if found is None:
            found = self._prices[key] = _prices(record)
        return Figures(self.quality(record.entrant).mean, *found)

    def front(self, but: str = "") -> list[Record]:
        """The frontier of what was measured on enough items and is not out, from the best quality down."""
        if self._front is None:
            self._front = self._frontier("")
        if any(record.entrant.key == but for record in self._front):
            return self._frontier(but)
        return self._front

    def stairs(self, but: str = "") -> Steps:
        """The frontier as stairs of quality over dollars."""
        front = self.front(but)
        if front is self._front and self._stairs is not None:
            return self._stairs
        costs = [self.figures(each).cost for each in self.records.values() if each.entrant.kind == "single"]
        known = [cost for cost in costs if cost > 0]
        low, high = (min(known), 8 * max(known)) if known else (1e-6, 1.0)
        found = steps([self.figures(record) for record in front], self.settings.goals, low, high)
        if front is self._front:
            self._stairs = found
        return found

    def _frontier(self, but: str) -> list[Record]:
        if self._able is None:
            enough = min(ENOUGH, self.arena.size)
            self._able = {
                key: self.figures(record)
                for key, record in self.records.items()
                if record.state != "out" and record.items >= enough
            }
        able = {key: each for key, each in self._able.items() if key != but} if but else self._able
        return [self.records[key] for key in frontier(able, self.settings.goals)]

    def _forget(self) -> None:
        self._front = self._stairs = self._able = None

    # Racing

    def judge(self, record: Record) -> None:
        """Take a topology out that cannot be better than one that costs no more, as far as its measurements say."""
        if not self.settings.racing or record.state != "racing":
            return
        rival = self._rival(record)
        if rival is None:
            return
        high = self._upper_bound(record, rival)
        if high < self.settings.smallest:
            record.state = "out"
            self._forget()
            record.why = f"at most {100 * high:+.1f} points against {rival.entrant.name}, which costs no more"

    def _upper_bound(self, record: Record, rival: Record) -> float:
        import numpy as np

        count = min(record.items, rival.items)
        differences = record.scores[:count] - rival.scores[:count]
        if not self.settings.paired:
            # As if the two had been measured on different items.
            spread = np.sqrt(record.scores[:count].var() + rival.scores[:count].var())
            own = differences.std()
            differences = differences.mean() + (differences - differences.mean()) * (spread / own if own > 0 else 1.0)
        return bounds(differences[~np.isnan(differences)], self.settings.alpha)[1]

    def _rival(self, record: Record) -> Record | None:
        """The best of the frontier that costs no more, and was measured on as many items."""
        own = self.figures(record)
        able = [
            each
            for each in self.front(record.entrant.key)
            if each.items >= record.items and self.settings.goals.no_dearer(self.figures(each), own)
        ]
        return max(able, key=lambda each: self.figures(each).quality, default=None)


def _prices(record: Record) -> tuple[float, float]:
    """Mean dollars and median seconds of what was measured."""
    import numpy as np

    # An item without an answer has no cost. A price that is unknown is refused before a search begins.
    costs = record.costs[~np.isnan(record.costs)]
    latencies = record.latencies[~np.isnan(record.latencies)]
    cost = float(costs.mean()) if len(costs) else math.nan
    return cost, float(np.median(latencies)) if len(latencies) else math.nan


def best_single(hunt: Hunt) -> Record | None:
    """The single model of the best quality."""
    singles = [record for record in hunt.records.values() if record.entrant.kind == "single" and record.items]
    return max(singles, key=lambda record: hunt.figures(record).quality, default=None)
