"""How many calls a topology makes at least, found without building it.

`((layer [a]x1000)x1000)x1000` is a short text for 10^9 calls. This walks the text, once for each named topology, so that such
a program is refused at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.arguments import Binder, Bound
from moaql.check.program import Topology
from moaql.check.tables import UNTIL
from moaql.language import nodes as n

if TYPE_CHECKING:
    from moaql.check.scope import Unit

MAX_CALLS = 20_000
"""More calls than this for one question are a mistake."""
MAX_READS = 1_000_000
"""Likewise candidates that are read, all calls together."""


class Size:
    """Counts the proposers that are surely asked; judges and aggregators come on top."""

    def __init__(self, binder: Binder) -> None:
        self.binder = binder
        self._known: dict[Topology, int] = {}

    def topology(self, topology: Topology) -> int:
        """The least number of calls of a topology, on its dearest way."""
        if topology not in self._known:
            self._known[topology] = self._pipeline(topology.body, topology.unit)
        return self._known[topology]

    def _pipeline(self, pipeline: n.Pipeline, unit: Unit) -> int:
        return sum(self._step(step, unit) for step in pipeline.steps)

    def _step(self, step: n.Step, unit: Unit) -> int:
        if isinstance(step, n.Stage):
            return self._stage(step, unit)
        if isinstance(step, n.Group):
            times = step.repeat.count if step.repeat is not None else 1
            return self._pipeline(step.body, unit) * (times if isinstance(times, int) else 1)
        if isinstance(step, n.When):
            ways = [step.then, *([step.otherwise] if step.otherwise is not None else [])]
            return max(self._pipeline(way, unit) for way in ways)
        if isinstance(step, n.Route):
            ways = [*(case.body for case in step.cases), *([step.otherwise] if step.otherwise is not None else [])]
            return max((self._pipeline(way, unit) for way in ways), default=0)
        if isinstance(step, n.Until):
            limit: int = self.binder.values.value(UNTIL, step.limit, unit)
            return self._pipeline(step.body, unit) * limit
        return 0

    def _stage(self, node: n.Stage, unit: Unit) -> int:
        bound = self.binder.bind(node, unit)
        if isinstance(bound, Topology):
            return self.topology(bound)
        if not isinstance(bound, Bound):
            return 0
        asked = 0
        repeat: int = bound.repeat
        for entry in bound.values.get("proposers") or ():
            each = self.topology(entry.target) if isinstance(entry.target, Topology) else 1
            asked += each * entry.samples
        return asked * repeat
