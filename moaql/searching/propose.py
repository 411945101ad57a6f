"""Who is measured next: a portfolio of proposals, without duplicates, ranked by expected gain for a dollar.

No proposer wins everywhere: the response model finds what its features show, mutation finds what lies beside the good, TPE
(Bergstra et al. 2011) what the dimensions say by themselves, and a uniform draw what nobody thought of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from moaql.searching.arena import Arena, Entrant

WHOLE = 3_000
"""Spaces of at most so many points are looked through as a whole."""
_UNIFORM, _MUTATIONS, _SUGGESTED = 25, 40, 1
"""Points that are drawn anew in each round, by proposer."""


@dataclass(frozen=True)
class Proposal:
    """An entrant that could be measured, and who proposed it."""

    entrant: Entrant
    source: str


class Pool:
    """Entrants that were proposed so far, each once.

    Args:
        arena: Where points become entrants.
        random: Of all draws.
        suggest: TPE's proposals; called with how many are wanted.
        sources: Which proposers take part.
    """

    def __init__(
        self,
        arena: Arena,
        random: random.Random,
        suggest: Callable[[int], Sequence[Any]] | None = None,
        sources: frozenset[str] = frozenset({"model", "mutation", "tpe", "uniform"}),
    ) -> None:
        self._arena, self._random, self._suggest, self._sources = arena, random, suggest, sources
        self.proposals: dict[str, Proposal] = {}
        self._points: set[Any] = set()
        self.invalid = 0
        """Points that make no sense as programs."""
        self._whole = "model" in sources and arena.space.size <= WHOLE
        if self._whole:
            for point in arena.space.points(WHOLE):
                self._add(point, "model")

    def grow(self, good: Sequence[Entrant]) -> None:
        """Draw more points: around the good ones, and anywhere.

        Args:
            good: Those whose neighbours are proposed.
        """
        for source, point in self._draws([each for each in good if each.point is not None]):
            self._add(point, source)

    def _draws(self, good: Sequence[Entrant]) -> Iterator[tuple[str, Any]]:
        if "tpe" in self._sources and self._suggest is not None:
            for point in self._suggest(_SUGGESTED):
                yield "tpe", point
        if self._whole:
            return
        if "mutation" in self._sources and good:
            for _ in range(_MUTATIONS):
                point = self._arena.space.neighbours(self._random.choice(good).point, self._random)
                if self._random.random() < 0.3:
                    point = self._arena.space.neighbours(point, self._random)
                yield "mutation", point
        if self._sources & {"uniform", "model"}:
            for _ in range(_UNIFORM):
                yield "uniform", self._arena.space.sample(self._random)

    def _add(self, point: Any, source: str) -> None:
        if point in self._points:
            return
        self._points.add(point)
        entrant = self._arena.entrant(point)
        if entrant is None:
            self.invalid += 1
        else:
            self.proposals.setdefault(entrant.key, Proposal(entrant, source))
