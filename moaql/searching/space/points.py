"""Dimensions and points: what a search may choose, and one choice of everything.

Plain data, so that a ledger, a dashboard and another process can hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | tuple[str, ...]
"""What a dimension is set to: a constant, the text of an alternative, or the names of the members of a subset."""
Kind: TypeAlias = Literal["choice", "number", "subset"]


@dataclass(frozen=True)
class Dimension:
    """One hole.

    Attributes:
        name: From its place, such as `layer1.temperature`; no two dimensions of a space share one.
        kind: `choice`, `number` or `subset`.
        values: All alternatives of a choice, or all numbers from low to high (dollars, seconds, shares, tokens or plain).
        members: What a subset is drawn from, in the order of the program.
        low: Least number, or least size of a subset; None for a choice.
        high: Greatest number, or greatest size of a subset; None for a choice.
        integer: Whether its numbers are whole.
        log: Whether its numbers were asked for on a logarithmic scale.
        condition: (dimension, value) pairs of which one must hold for this one to be active; None where it always is. For a
            subset, the value is a member that must be in it. There are several pairs where a named topology is
            used in several alternatives. Values of a dimension exist only while it is active itself, so no pair repeats
            what it depends on.
    """

    name: str
    kind: Kind
    values: tuple[Scalar, ...] = ()
    members: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    integer: bool = False
    log: bool = False
    condition: tuple[tuple[str, Scalar], ...] | None = None

    @property
    def sizes(self) -> range:
        """The sizes that a subset may have."""
        return range(int(self.low or 0), int(self.high or 0) + 1)

    @property
    def size(self) -> int:
        """How many values it has by itself, dimensions inside it left out."""
        if self.kind == "subset":
            return sum(comb(len(self.members), size) for size in self.sizes)
        return len(self.values)


class Point(Mapping[str, Value]):
    """One value for each active dimension, in the order of the space. Immutable and hashable.

    Args:
        pairs: (dimension, value) pairs in canonical order; a `Space` makes them.
    """

    __slots__ = ("_by_name", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, Value]]) -> None:
        self._pairs = tuple(pairs)
        self._by_name = dict(self._pairs)

    def __getitem__(self, name: str) -> Value:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._pairs)

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, Point) else NotImplemented

    def __repr__(self) -> str:
        return f"Point({', '.join(f'{name}={value!r}' for name, value in self._pairs)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Point, (self._pairs,)
