"""All ways through the gates of a topology, each measured once on all items: what any thresholds would do follows from that.

A way is what its gates decide. The first way has every gate say yes; each gate on it that could have said no begins another way.
Calls that ways share are made and paid once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.run.events import NodeFinished
from moaql.run.gates import compare, holds
from moaql.tuning.numbers.conditions import number_of
from moaql.tuning.numbers.sides import as_told, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from moaql.evaluation.outcome import Outcome
    from moaql.run.events import Event, Listener
    from moaql.tuning.numbers.conditions import Marked
    from moaql.tuning.numbers.sides import Asking

    Array = NDArray[Any]

MOST = 32
"""Ways that are measured at most."""
Seen = dict[str, tuple[Any, ...]]
"""By gate: the values of the signals that it compared."""


@dataclass(frozen=True)
class Way:
    """One way through the gates.

    Attributes:
        name: Such as `when=yes, when2=no`.
        told: What each gate on it says.
        seen: What the gates saw, by item.
    """

    name: str
    told: Mapping[str, bool]
    seen: Sequence[Seen]


@dataclass(frozen=True)
class Ways:
    """All ways.

    Attributes:
        ways: In the order in which they were found.
        scores: A row for each way, a column for each item that was measured on all of them.
        costs: Likewise, list dollars.
        items: The positions of those items in the eval set.
    """

    ways: tuple[Way, ...]
    scores: Array
    costs: Array
    items: Array


async def all_ways(program: Marked, asking: Asking) -> Ways:
    """Measure every way through the gates whose thresholds are to be fitted.

    Raises:
        UsageError: if there are too many, a price is unknown, or nothing can be measured.
        BudgetReached: if the money ends before.
    """
    found: list[Way] = []
    outcomes: list[tuple[Outcome, ...]] = []
    todo: list[dict[str, bool]] = [{}]
    while todo:
        told = todo.pop()
        if len(found) + len(todo) >= MOST:
            raise UsageError(
                f"there are more than {MOST} ways through the conditions of `{program.graph.name}`",
                "Fit fewer thresholds at a time: name them.",
            )
        way, came = await _measured(program, told, asking)
        found.append(way)
        outcomes.append(came)
        passed = dict(told)
        for gate in way.told:
            if gate not in told:
                todo.append(passed | {gate: False})
                passed[gate] = True
    scores, costs, items = table_of(outcomes, [each.name for each in found])
    return Ways(tuple(found), scores, costs, items)


async def _measured(program: Marked, told: Mapping[str, bool], asking: Asking) -> tuple[Way, tuple[Outcome, ...]]:
    seen: dict[int, Seen] = defaultdict(dict)

    def listener(_name: str, position: int) -> Listener:
        def hear(event: Event) -> None:
            if isinstance(event, NodeFinished) and event.node.id in program.gates:
                seen[position][event.node.id] = event.seen

        return hear

    every = {gate: told.get(gate, True) for gate in program.gates}
    name = program.graph.name
    (came,) = (await asking.measure({name: as_told(program.graph, every)}, listener)).values()
    reached = {gate for each in seen.values() for gate in each}
    on_it = {gate: yes for gate, yes in every.items() if gate in reached}  # in the order of the graph
    words = ", ".join(f"{gate}={'yes' if yes else 'no'}" for gate, yes in on_it.items())
    return Way(words or name, on_it, [seen[at] for at in range(len(came))]), came


class Taken:
    """Which way each item takes, for any thresholds.

    Args:
        program: Its gates.
        ways: What they saw.
        count: How many thresholds there are.
    """

    def __init__(self, program: Marked, ways: Ways, count: int) -> None:
        self._conditions = program.gates
        self._ways = ways
        self._count = count
        self._known: dict[tuple[int, str, tuple[float, ...]], Array] = {}
        self._uses = {gate: _used(condition, count) for gate, condition in program.gates.items()}

    def by(self, values: Sequence[float]) -> Array:
        """The number of the way that each item takes with these thresholds."""
        import numpy as np

        takes = np.ones(self._ways.scores.shape, dtype=bool)
        for number, way in enumerate(self._ways.ways):
            for gate, yes in way.told.items():
                takes[number] &= self._says(number, gate, values, yes=yes)
        found: Array = takes.argmax(axis=0)
        return found

    def _says(self, number: int, gate: str, values: Sequence[float], *, yes: bool) -> Array:
        """On which items a gate of a way says that; True where an item does not reach it."""
        import numpy as np

        key = (number, gate, tuple(values[each] for each in self._uses[gate]))
        if key not in self._known:
            seen = self._ways.ways[number].seen
            says = [self._decides(gate, seen[at].get(gate), values, yes=yes) for at in self._ways.items]
            self._known[key] = np.array(says, dtype=bool)
        return self._known[key]

    def _decides(self, gate: str, seen: tuple[Any, ...] | None, values: Sequence[float], *, yes: bool) -> bool:
        if seen is None:
            return True
        signals = iter(seen)

        def decide(given: dict[str, Any]) -> bool | None:
            number = number_of(given["value"], self._count)
            return compare(next(signals), given["operator"], given["value"] if number is None else values[number])

        return (holds(self._conditions[gate], decide) is True) == yes

    def signals(self, number: int) -> list[float]:
        """The numbers that a threshold was compared with, on any way."""
        found: set[float] = set()
        for way in self._ways.ways:
            for at in self._ways.items:
                for gate, seen in way.seen[at].items():
                    places = _places(self._conditions[gate], self._count)
                    found |= {
                        float(v) for v, place in zip(seen, places, strict=True) if place == number and _is_number(v)
                    }
        return sorted(found)


def _used(condition: Any, count: int) -> list[int]:
    return sorted({place for place in _places(condition, count) if place is not None})


def _places(condition: Any, count: int) -> list[int | None]:
    """For each comparison of a condition, in its order, the number of its threshold."""
    places: list[int | None] = []

    def note(given: dict[str, Any]) -> bool:
        places.append(number_of(given["value"], count))
        return True

    holds(condition, note)
    return places


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
