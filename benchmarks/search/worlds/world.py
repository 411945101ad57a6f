"""What every world offers: topologies as calls with prices, and scores on all of its items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from benchmarks.search.truth import Target
    from moaql.searching.arena import Entrant, Voice

    Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a topology, on every item of the world.

    Attributes:
        key: Calls of equal keys are one call: who paid for it once has its answer.
        costs: Dollars, one an item.
        voice: The answer of the first layer that it is, if it is one.
        asked: On which items the call is made; None for all.
    """

    key: Hashable
    costs: Array
    voice: Voice | None = None
    asked: Array | None = None


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What a topology does on every item of the world.

    Attributes:
        calls: Its calls.
        scores: 0 or 1, one an item.
        latencies: Seconds, one an item.
    """

    calls: tuple[Call, ...]
    scores: Array
    latencies: Array

    @property
    def costs(self) -> Array:
        """List price in dollars, one an item."""
        parts = [each.costs if each.asked is None else np.where(each.asked, each.costs, 0.0) for each in self.calls]
        total: Array = np.sum(parts, axis=0)
        return total


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be told of a topology before it is measured.

    Attributes:
        calls: The key of each call, and its mean price in dollars an item.
        latency: Mean seconds an item, about.
    """

    calls: tuple[tuple[Hashable, float], ...]
    latency: float

    @property
    def cost(self) -> float:
        """Mean list price in dollars an item."""
        return sum(price for _, price in self.calls)


@dataclass(frozen=True, eq=False)
class Split:
    """The items of one run.

    Attributes:
        search: Positions in the world of the items to search on, in the order that all entrants share.
        select: Of those that a method may use to choose among its finalists.
        report: Of those that it may use for the figures that it states.
        held: Of those on which only the protocol compares.
    """

    search: Array
    select: Array
    report: Array
    held: Array


class World(Protocol):
    """A place to search in, whose truth is known."""

    name: str
    regime: str
    space: Any

    def entrant(self, point: Any, baseline: str = "") -> Entrant | None:
        """The topology of a point; None where it makes no sense."""
        ...

    def singles(self) -> Sequence[Entrant]:
        """Every model alone."""
        ...

    def repeated(self, best: Entrant, samples: int, how: Literal["vote", "merge"]) -> Entrant | None:
        """A single model asked several times; None where that cannot be done."""
        ...

    def plan(self, entrant: Entrant) -> Plan:
        """What can be told of an entrant without measuring it."""
        ...

    def outcomes(self, entrant: Entrant) -> Outcomes:
        """What an entrant does on every item."""
        ...

    def codes(self, voice: Voice) -> Array:
        """What a voice answers to every item, as codes."""
        ...

    def alone(self, judge: str) -> Voice:
        """The voice that says how good a judge is when it is asked alone."""
        ...

    def split(self, seed: int) -> Split:
        """The items of a run."""
        ...

    def survey(self, seeds: int) -> list[Target]:
        """What the runs of the first seeds are measured by, from a walk through the whole space."""
        ...

    def true(self, entrant: Entrant, seed: int) -> tuple[float, float]:
        """True quality and dollars an item of an entrant."""
        ...
