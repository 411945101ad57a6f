"""What is thought of the topologies that were proposed and not measured, as arrays, so that thousands are ranked in a moment.

New answers change what is known of many proposals at once. Looking all of them up anew at every step would take most of a search's
time, so a row keeps what was known when it was last looked up, and the rows that matter (those that rank first, and a few at
random) are looked up again before one is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.searching.predict import SIZE, Inputs, features, inputs

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
        self._columns = _Columns()

    def add(self, proposals: Iterable[Proposal]) -> None:
        """Rows for those that have none yet."""
        for each in proposals:
            if each.entrant.key not in self._rows:
                row = self._rows[each.entrant.key] = len(self.proposals)
                self.proposals.append(each)
                self._columns.make_room(row)
                self._columns.open[row] = True
                self._fill(row)

    def close(self, key: str) -> None:
        """A proposal is measured, and is none any more."""
        row = self._rows.get(key)
        if row is not None:
            self._columns.open[row] = False

    def look_up(self, rows: Iterable[int]) -> None:
        """Look up anew what is known of these rows, and what they would cost now."""
        for row in rows:
            self._fill(row)

    def at_random(self, random: random.Random) -> list[int]:
        """Some rows, so that none stays out of date for ever."""
        return random.sample(range(len(self.proposals)), min(AT_RANDOM, len(self.proposals)))

    @property
    def inputs(self) -> Inputs:
        """What the response model reads of all rows."""
        each, count = self._columns, len(self.proposals)
        return Inputs(each.base[:count], each.noise[:count], each.doubt[:count], each.rows[:count], each.known[:count])

    @property
    def costs(self) -> Array:
        """List price an item, of all rows."""
        return self._columns.cost[: len(self.proposals)]

    @property
    def latencies(self) -> Array:
        """Seconds an item, of all rows."""
        return self._columns.latency[: len(self.proposals)]

    @property
    def prices(self) -> Array:
        """Dollars that a first look takes now, of all rows."""
        return self._columns.price[: len(self.proposals)]

    @property
    def open(self) -> Array:
        """Whether rows are still proposals."""
        return self._columns.open[: len(self.proposals)]

    def _fill(self, row: int) -> None:
        entrant, columns = self.proposals[row].entrant, self._columns
        each = inputs(entrant, features(entrant, self._arena.known(entrant)))
        columns.base[row], columns.noise[row], columns.doubt[row] = each.base, each.noise, each.doubt
        columns.rows[row], columns.known[row] = each.row, each.known
        columns.cost[row] = self._arena.cost(entrant)
        columns.latency[row] = self._arena.latency(entrant)
        columns.price[row] = self._arena.price(entrant, range(self._block))


class _Columns:
    """Arrays that grow by doubling."""

    def __init__(self) -> None:
        import numpy as np

        self.base, self.noise, self.doubt = np.zeros(256), np.zeros(256), np.zeros(256)
        self.cost, self.latency, self.price = np.zeros(256), np.zeros(256), np.zeros(256)
        self.rows = np.zeros((256, SIZE))
        self.known, self.open = np.zeros(256, dtype=bool), np.zeros(256, dtype=bool)

    def make_room(self, row: int) -> None:
        """There is a place for that row."""
        import numpy as np

        if row < len(self.base):
            return
        for name, column in list(vars(self).items()):
            setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
