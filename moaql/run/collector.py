"""How often Python looks for reference cycles, in a process that runs topologies."""

from __future__ import annotations

import gc

_ALLOCATIONS, _YOUNG, _MIDDLE = 50_000, 20, 20


def collect_seldom() -> None:
    """Look for cycles less often than by default.

    Some hundred calls in flight are tens of thousands of objects that live for a second and then go without a collector. By default
    it looks through all of them, and through every loaded library, several times a second: a fifth of the time of a call
    (`docs/benchmarks.md`). The command line does this; a server that runs topologies may.
    """
    gc.enable()
    gc.set_threshold(_ALLOCATIONS, _YOUNG, _MIDDLE)
