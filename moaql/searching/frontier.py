"""The frontier: topologies that no other one beats in everything that counts, and the picks that a user is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.searching.goals import Figures, Goals

K = TypeVar("K")


def frontier(figures: Mapping[K, Figures], goals: Goals) -> list[K]:
    """Those that keep the limits and that none of them dominates, from the best quality down.

    Of several with the same figures, the first stays.
    """
    kept = {key: each for key, each in figures.items() if goals.keeps(each)}
    ordered = sorted(kept, key=lambda key: (-kept[key].quality, kept[key].cost, kept[key].latency))
    found: list[K] = []
    for key in ordered:
        # The last one found costs least so far: where only dollars count besides quality, it settles the matter.
        if not any(goals.dominates(kept[other], kept[key]) or kept[other] == kept[key] for other in reversed(found)):
            found.append(key)
    return found


def nearest_limits(figures: Mapping[K, Figures], goals: Goals) -> tuple[K, list[str]] | None:
    """The topology that misses the limits by least, and which it misses; None where there is no topology."""
    if not figures:
        return None
    missed = {key: sum(limit.missed_by(each) for limit in goals.limits) for key, each in figures.items()}
    best = min(missed, key=lambda key: (missed[key], -figures[key].quality))
    return best, [limit.text for limit in goals.limits if not limit.holds(figures[best])]
