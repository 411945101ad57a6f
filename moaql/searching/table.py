"""What is thought of the topologies that were proposed and not measured, as arrays, so that thousands are ranked in a moment.

New answers change what is known of many proposals at once. Looking all of them up anew at every step would take most of a search's
time, so a row keeps what was known when it was last looked up, and the rows that matter (those that rank first, and a few at
random) are looked up again before one is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.searching.predict import Input, Inputs, features, inputs

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from moaql.searching.arena import Arena
    from moaql.searching.propose import Proposal

    Array = NDArray[Any]

FIRST, AT_RANDOM = 40, 30
"""Rows that are looked up anew at each step."""


class Table:
    """Rows of proposals.

    Args:
        arena: What is known of them is asked there.
        block: Items of a first look, for its price.
    """

    def __init__(self, arena: Arena, block: int) -> None:
        self._arena, self._block = arena, block
        self.proposals: list[Proposal] = []
        self._rows: dict[str, int] = {}
        self._inputs: list[Input] = []
        self._costs: list[float] = []
        self._latencies: list[float] = []
        self._prices: list[float] = []
        self._open: list[bool] = []
        self._arrays: Inputs | None = None

    def add(self, proposals: Iterable[Proposal]) -> None:
        """Rows for those that have none yet."""
        for each in proposals:
            if each.entrant.key not in self._rows:
                self._rows[each.entrant.key] = len(self.proposals)
                self.proposals.append(each)
                self._inputs.append(self._input(each))
                self._costs.append(self._arena.cost(each.entrant))
                self._latencies.append(self._arena.latency(each.entrant))
                self._prices.append(self._arena.price(each.entrant, range(self._block)))
                self._open.append(True)
                self._arrays = None

    def close(self, key: str) -> None:
        """A proposal is measured, and is none any more."""
        row = self._rows.get(key)
        if row is not None:
            self._open[row] = False

    def look_up(self, rows: Iterable[int]) -> None:
        """Look up anew what is known of these rows, and what they would cost now."""
        for row in rows:
            entrant = self.proposals[row].entrant
            self._inputs[row] = self._input(self.proposals[row])
            self._costs[row] = self._arena.cost(entrant)
            self._latencies[row] = self._arena.latency(entrant)
            self._prices[row] = self._arena.price(entrant, range(self._block))
            self._arrays = None

    def at_random(self, random: random.Random) -> list[int]:
        """Some rows, so that none stays out of date for ever."""
        return random.sample(range(len(self.proposals)), min(AT_RANDOM, len(self.proposals)))

    @property
    def inputs(self) -> Inputs:
        """What the response model reads of all rows."""
        if self._arrays is None:
            self._arrays = Inputs.of(self._inputs)
        return self._arrays

    @property
    def costs(self) -> Array:
        """List price an item, of all rows."""
        import numpy as np

        return np.array(self._costs)

    @property
    def latencies(self) -> Array:
        """Seconds an item, of all rows."""
        import numpy as np

        return np.array(self._latencies)

    @property
    def prices(self) -> Array:
        """Dollars that a first look takes now, of all rows."""
        import numpy as np

        return np.array(self._prices)

    @property
    def open(self) -> Array:
        """Whether rows are still proposals."""
        import numpy as np

        return np.array(self._open, dtype=bool)

    def _input(self, each: Proposal) -> Input:
        return inputs(each.entrant, features(self._arena.known(each.entrant)))
