"""How many topologies a space holds, and what it would cost to evaluate all of them.

Several points may be one topology, and some are no valid program. Small spaces are listed in full; large ones are judged by a
uniform sample, and the result says so.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.graph.assumptions import QUESTION_TOKENS
from moaql.graph.plan import plan
from moaql.searching.space.identity import identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moaql.graph.assumptions import Estimate
    from moaql.graph.nodes import Graph
    from moaql.searching.space.points import Point
    from moaql.searching.space.space import Space

LIMIT = 20_000
"""Spaces of more points are sampled."""
DRAWN = 1_000
"""Points of such a sample."""
LISTED = "every point was looked at"
ESTIMATED = (
    "estimated from {drawn:,} points drawn uniformly: the share of invalid ones, and the number of different topologies by Chao's "
    "lower bound (Chao 1984), or all valid points where no two drawn ones are the same"
)


@dataclass(frozen=True)
class Distinct:
    """The size of a space.

    Attributes:
        points: Exact number of points.
        topologies: Number of different topologies.
        invalid: Number of points that are no valid program.
        exact: Whether the two numbers before are exact.
        method: How they were found, in words.
    """

    points: int
    topologies: int
    invalid: int
    exact: bool
    method: str


@dataclass(frozen=True)
class MostDollars:
    """What evaluating everything would cost at most.

    Attributes:
        dollars: For every topology on every item, each at the high end of its plan, nothing shared; None where a price is unknown.
        exact: Whether every topology was planned; otherwise it is an estimate: the dearest of a sample for each of them.
        unpriced: Ids of models without a known price.
    """

    dollars: float | None
    exact: bool
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Survey:
    """Both of them, from one look at the space."""

    distinct: Distinct
    most: MostDollars


def distinct(space: Space, limit: int = LIMIT) -> Distinct:
    """How many points, topologies and invalid points a space has.

    Args:
        space: The space.
        limit: Up to so many points all are looked at, at about a millisecond each.
    """
    return _look(space, limit).distinct(space.size)


def survey(space: Space, items: int, *, limit: int = LIMIT, question: Estimate = QUESTION_TOKENS) -> Survey:
    """How many points, topologies and invalid points a space has, and what evaluating all of it would cost at most.

    Args:
        space: The space.
        items: Items of the eval set.
        limit: Up to so many points all are looked at, at about a millisecond each.
        question: Tokens of a question.
    """
    look = _look(space, limit)
    found = look.distinct(space.size)
    plans = [plan(graph, question) for graph in look.graphs.values()]
    unpriced = tuple(sorted({each for one in plans for each in one.unpriced}))
    highs = [each.cost.high for each in plans if each.cost is not None]
    if unpriced:
        return Survey(found, MostDollars(None, found.exact, unpriced))
    each_item = sum(highs) if found.exact else max(highs, default=0.0) * found.topologies
    return Survey(found, MostDollars(each_item * items, found.exact))


@dataclass(frozen=True)
class _Look:
    """What was seen of a space."""

    graphs: dict[str, Graph]
    counts: Counter[str]
    invalid: int
    whole: bool

    def distinct(self, points: int) -> Distinct:
        if self.whole:
            return Distinct(points, len(self.counts), self.invalid, True, LISTED)
        seen = sum(self.counts.values())
        drawn = seen + self.invalid
        invalid = points * self.invalid // drawn
        topologies = min(_chao(self.counts), points - invalid) if len(self.counts) < seen else points - invalid
        return Distinct(points, topologies, invalid, False, ESTIMATED.format(drawn=drawn))


def _look(space: Space, limit: int) -> _Look:
    whole = space.size <= limit
    graphs: dict[str, Graph] = {}
    counts: Counter[str] = Counter()
    invalid = 0
    for point in space.points() if whole else _drawn(space, min(DRAWN, limit)):
        filled = space.fill(point)
        if filled.problem is not None:
            invalid += 1
            continue
        key = identity(filled.graph)
        counts[key] += 1
        graphs.setdefault(key, filled.graph)
    return _Look(graphs, counts, invalid, whole)


def _drawn(space: Space, count: int) -> Iterable[Point]:
    """Different points, drawn uniformly. The space has more than that."""
    source = random.Random(0)  # noqa: S311 - the same answer each time
    found: dict[Point, None] = {}
    while len(found) < max(1, count):
        found.setdefault(space.sample(source))
    return found


def _chao(counts: Counter[str]) -> int:
    """At least so many classes there are, by how many were seen once and twice."""
    once = sum(count == 1 for count in counts.values())
    twice = sum(count == 2 for count in counts.values())
    return len(counts) + once * (once - 1) // (2 * (twice + 1))
