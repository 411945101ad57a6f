"""One run of one method in one world, and what is noted of it.

**Dollars.** All worlds count list prices; without reuse every measurement is charged in full, with reuse an answer that was
paid for is free from then on. The arena keeps the bill, not the method, and everything is on it: screening, losers, judges.
Worlds differ in their prices, so figures are also given in *evaluations*: the price of measuring the mean topology of the
space on all items of the search. A method may pay so many evaluations; `SHARE_OF_OURS` of that for moaql's own search, which
is to need a fifth of what TPE needs.

**Quality of a frontier.** After every change, the recommended topologies are valued by their *true* quality and list price
(over the whole population, or over items that were never searched). The hypervolume lies between them and a reference point
that is fixed before the run: the quality of the worst single model, and the price of the dearest topology, in logarithms of
dollars. The share is that of the hypervolume of the true frontier of the whole space.

**There.** A frontier says which quality a price buys. A run is there when the quality that its recommendation buys, as the mean
over all prices (in logarithms), is first within 1 % of what the *best known* frontier buys: that of who measured every topology
of the space on all items of the search, and took the frontier of what was measured. More cannot be known from these items but
by luck. Two more readings are noted beside it. The *area* is the hypervolume described above, which begins at the worst single
model: there, 1 % is some tenths of a point of quality, far below what a few hundred items can tell apart. *One point*: the
recommended best is within a point of the best known. Runs that never get there are kept, as infinitely long (all runs of a
method in a world have the same budget, where the Kaplan-Meier median is the median).

**Held out.** The recommended best, or what a confirmation chose, is compared with the truly best single model on items that
no method has seen: paired difference, interval, p. For what a method states of its best, the true quality is noted beside it.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.search.methods import METHODS, Contender
from benchmarks.search.worlds import world as world_of
from benchmarks.search.worlds.arena import WorldArena
from moaql.evaluation.compare import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.search.methods.ledger import Outcome
    from benchmarks.search.truth import Target
    from benchmarks.search.worlds.world import World
    from moaql.searching.arena import Entrant

EVALUATIONS = 50.0
"""Default budget."""
SHARE_OF_OURS = 0.2
MOST = 60
"""More topologies than this are no recommendation."""


@dataclass
class Run:
    """What is noted of one run. Dollars are dollars; `unit` of them are one evaluation of the mean topology.

    Attributes:
        world: Its name.
        regime: Of the world.
        seed: Of the items and the method.
        method: Its name.
        unit: See above.
        budget: What it could pay.
        paid: What it paid.
        seconds: It took.
        stopped: Why it ended.
        evaluations: Measurements, whole or in part.
        cells: Pairs of a topology and an item that were measured.
        trace: After every change of the true figures of its recommendation: dollars, share of the true hypervolume, quality
            of the best, mean quality over all prices.
        target: Share, mean quality over all prices and quality of the best known, and the best quality there is.
        best: What is found of the last one: see `compared`.
    """

    world: str
    regime: str
    seed: int
    method: str
    unit: float
    budget: float
    paid: float = 0.0
    seconds: float = 0.0
    stopped: str = ""
    evaluations: int = 0
    cells: int = 0
    trace: list[tuple[float, float, float, float]] = field(default_factory=list)
    target: dict[str, float] = field(default_factory=dict)
    best: dict[str, Any] = field(default_factory=dict)


def unit_of(world: World) -> float:
    """Dollars of measuring the mean topology of a space on all items of a search, from plans."""
    draws = random.Random(0)
    entrants = (world.entrant(world.space.sample(draws)) for _ in range(300))
    costs = [world.plan(each).cost for each in entrants if each is not None]
    return float(np.mean(costs)) * len(world.split(0).search)


def run(name: str, seed: int, method: str, evaluations: float, target: Target) -> dict[str, Any]:
    """Play one run.

    Args:
        name: Of the world.
        seed: Of the items and the method.
        method: Its name.
        evaluations: Budget, in evaluations of the mean topology; moaql's own search gets its share of it.
        target: What the run is measured by.

    Returns:
        A `Run` as plain values.
    """
    world, contender = world_of(name), METHODS[method]
    unit = unit_of(world)
    budget = evaluations * unit * (SHARE_OF_OURS if method.startswith("ours") else 1.0)
    noted = Run(world.name, world.regime, seed, method, unit, budget)
    noted.target = {
        "share": target.share,
        "level": target.level,
        "quality": target.best,
        "best": target.truth.best,
    }
    begun = time.perf_counter()
    played = _Played(world, seed, target, contender, noted)
    outcome = asyncio.run(contender.run(played.arena, seed, budget, played.note))
    noted.seconds = time.perf_counter() - begun
    noted.paid, noted.cells = played.arena.paid, played.arena.cells
    noted.stopped, noted.evaluations = outcome.stopped, outcome.evaluations
    noted.best = compared(world, seed, target, outcome, played.recommended)
    return asdict(noted)


class _Played:
    """A run while it is played."""

    def __init__(self, world: World, seed: int, target: Target, contender: Contender, noted: Run) -> None:
        self._world, self._seed, self._target, self._noted = world, seed, target, noted
        self.arena = WorldArena(world, world.split(seed), noted.budget, reuse=contender.reuse)
        self.recommended: Sequence[Entrant] = ()

    def note(self, paid: float, entrants: Sequence[Entrant]) -> None:
        """Value a recommendation.

        Raises:
            ValueError: It is none: too long, or with another bill than the arena's.
        """
        if len(entrants) > MOST or abs(paid - self.arena.paid) > 1e-6 * self.arena.budget:
            raise ValueError(
                f"{self._noted.method} recommends {len(entrants)} for ${paid:g}, billed ${self.arena.paid:g}"
            )
        self.recommended = entrants
        points = [self._world.true(each, self._seed) for each in entrants]
        truth = self._target.truth
        now = truth.share(points), points[-1][0] if points else 0.0, truth.level(points)
        if not self._noted.trace or self._noted.trace[-1][1:] != now:
            self._noted.trace.append((self.arena.paid, *now))


def compared(
    world: World, seed: int, target: Target, outcome: Outcome, recommended: Sequence[Entrant]
) -> dict[str, Any]:
    """The one that a method ends with, against the best single model, on held-out items; and against what it states.

    Returns:
        Its name; its true quality, and by how much that exceeds the single model's; on held-out items the paired difference,
        its interval and p; what it states, and whether its interval holds the true quality, where there is one.
    """
    winner = outcome.winner or (recommended[-1] if recommended else None)
    if winner is None:
        return {}
    single = next(each for each in world.singles() if each.key == target.truth.single)
    split = world.split(seed)
    held = split.held
    one, other = (world.outcomes(each).scores[held].astype(float).tolist() for each in (winner, single))
    found = compare(one, other)
    quality, cost = world.true(winner, seed)
    noted: dict[str, Any] = {
        "name": winner.name,
        "quality": quality,
        "cost": cost,
        "gain": quality - target.truth.single_quality,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "p": found.p,
    }
    if outcome.stated is not None:
        stated, low, high = outcome.stated
        if low is None or high is None:
            noted |= {"stated": stated, "gap": stated - quality}
        elif split.report is not split.held:
            # where the truth is the mean of the report's own items, every interval would hold it
            noted |= {"stated": stated, "gap": stated - quality, "stated low": low, "stated high": high}
            noted["covered"] = low <= quality <= high
    return noted
