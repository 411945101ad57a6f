"""A space of holes as the search and Optuna see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from moaql.searching.space.points import Point
    from moaql.searching.space.space import Space


class EncodedSpace:
    """A space, its points as Optuna's parameters, and back.

    Args:
        space: The holes of a search.
    """

    def __init__(self, space: Space) -> None:
        self._space = space

    @property
    def size(self) -> int:
        """How many points there are."""
        return self._space.size

    def points(self, limit: int | None = None) -> Iterator[Point]:
        """The first of them, in a fixed order."""
        return self._space.points(limit)

    def sample(self, random: random.Random) -> Point:
        """One of them, each as likely as the others."""
        return self._space.sample(random)

    def neighbours(self, point: Point, random: random.Random) -> Point:
        """Another one, which differs in one dimension."""
        return self._space.neighbours(point, random)

    def distributions(self) -> Mapping[str, Any]:
        """Optuna's distributions."""
        from moaql.searching.space.distributions import distributions

        return distributions(self._space)

    def params_of(self, point: Point) -> dict[str, Any]:
        """The parameters of a point."""
        from moaql.searching.space.distributions import params_of

        return dict(params_of(self._space, point))

    def point_of(self, params: Mapping[str, Any]) -> Point:
        """The point of parameters, or the nearest one that is valid."""
        from moaql.searching.space.distributions import point_of

        return point_of(self._space, params)
