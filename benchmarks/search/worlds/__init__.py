"""The worlds by name: simulated ones, and recorded families as `recorded/FAMILY`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from benchmarks.search.worlds.simulated import SimulatedWorld
from benchmarks.search.worlds.specs import SPECS

if TYPE_CHECKING:
    from benchmarks.search.worlds.world import World

SIMULATED = {spec.name: spec for spec in SPECS}


@lru_cache(maxsize=2)
def world(name: str) -> World:
    """A world by its name; the last two are kept.

    Raises:
        UsageError: There is none of that name, or its recorded answers are not here.
    """
    if name in SIMULATED:
        return SimulatedWorld(SIMULATED[name])
    from benchmarks.search.worlds.recorded import recorded_world

    return recorded_world(name)
