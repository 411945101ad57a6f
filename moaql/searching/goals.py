"""What a search is for: the measures that count, and the limits that a topology must keep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Measure: TypeAlias = Literal["quality", "cost", "latency"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a topology.

    Attributes:
        quality: Mean score, from 0 to 1.
        cost: List price in dollars an item; NaN where unknown.
        latency: Median seconds an item; NaN where unknown.
    """

    quality: float
    cost: float
    latency: float

    def of(self, measure: Measure) -> float:
        """The figure of a measure."""
        return float(getattr(self, measure))


@dataclass(frozen=True, slots=True)
class Limit:
    """`cost <= $0.01`: dollars an item, seconds, or a share."""

    measure: Measure
    operator: str
    value: float

    def holds(self, figures: Figures) -> bool:
        """Whether a topology keeps it. What is unknown does not."""
        value = figures.of(self.measure)
        if math.isnan(value):
            return False
        return {
            "<=": value <= self.value,
            "<": value < self.value,
            ">=": value >= self.value,
            ">": value > self.value,
        }.get(self.operator, value == self.value)

    @property
    def text(self) -> str:
        """As a program writes it."""
        if self.measure == "cost":
            return f"cost {self.operator} ${self.value:g}"
        return f"{self.measure} {self.operator} {self.value:g}{'s' if self.measure == 'latency' else ''}"

    def missed_by(self, figures: Figures) -> float:
        """By which share of its value a topology misses it; 0 where it holds, infinite where nothing is known."""
        if self.holds(figures):
            return 0.0
        value = figures.of(self.measure)
        return math.inf if math.isnan(value) else abs(value - self.value) / max(abs(self.value), 1e-12)


@dataclass(frozen=True)
class Goals:
    """Goals and limits.

    Attributes:
        cheap: Whether dollars are to be saved: `minimize cost`, or quality per dollar.
        fast: Whether seconds are.
        limits: All of them must hold.
    """

    cheap: bool = True
    fast: bool = False
    limits: tuple[Limit, ...] = ()

    def keeps(self, figures: Figures) -> bool:
        """Whether all limits hold."""
        return all(limit.holds(figures) for limit in self.limits)

    def affords(self, cost: float, latency: float) -> bool:
        """Whether the limits on cost and latency can hold, with room for what is only estimated."""
        room = Figures(1.0, cost / 1.5, latency / 1.5)
        return all(
            limit.holds(room) for limit in self.limits if limit.measure != "quality" and limit.operator in ("<", "<=")
        )

    def no_dearer(self, one: Figures, other: Figures) -> bool:
        """Whether one costs no more than the other, in every price that counts."""
        return (not self.cheap or not one.cost > other.cost) and (not self.fast or not one.latency > other.latency)

    def dominates(self, one: Figures, other: Figures) -> bool:
        """Whether one is at least as good in everything that counts, and better in something."""
        if one.quality < other.quality or not self.no_dearer(one, other):
            return False
        better = one.quality > other.quality
        better |= self.cheap and one.cost < other.cost
        return better or (self.fast and one.latency < other.latency)
