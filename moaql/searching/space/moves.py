"""Single values of a dimension: which are valid, which is nearest, which stand beside one, and a draw of any."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Collection

    from moaql.searching.space.points import Dimension, Value

_FAR = 0.2
"""How often a number is changed to any other one instead of one beside it."""


def is_valid(dimension: Dimension, value: object) -> bool:
    """Whether the dimension can be set to the value."""
    if dimension.kind == "subset":
        if not isinstance(value, tuple) or len(value) not in dimension.sizes:
            return False
        return value == _in_order(dimension, value)
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in dimension.values)


def nearest(dimension: Dimension, value: Any = None) -> Value:
    """The valid value nearest to a wanted one; without one, the first or least.

    A subset keeps the wanted members, the first ones where they are too many, and gains the first others where they are too few.
    """
    if dimension.kind == "subset":
        return _nearest_subset(dimension, value)
    if is_valid(dimension, value):
        return next(each for each in dimension.values if each == value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if dimension.kind == "number" and is_number:
        return min(dimension.values, key=lambda each: _distance(dimension, float(each), float(value)))
    return next((each for each in dimension.values if str(each) == str(value)), dimension.values[0])


def _distance(dimension: Dimension, one: float, other: float) -> float:
    if dimension.log and one > 0 and other > 0:
        return abs(math.log(one / other))
    return abs(one - other)


def _nearest_subset(dimension: Dimension, value: Any) -> tuple[str, ...]:
    wanted = (
        {value}
        if isinstance(value, str)
        else set(value)
        if isinstance(value, list | tuple | set | frozenset)
        else set()
    )
    chosen = list(_in_order(dimension, wanted))[: dimension.sizes[-1]]
    others = [each for each in dimension.members if each not in chosen]
    return _in_order(dimension, [*chosen, *others[: max(0, dimension.sizes[0] - len(chosen))]])


def beside(dimension: Dimension, value: Value, random: random.Random) -> Value:
    """Another value: a number mostly beside the old one, a subset with one member more, fewer or exchanged, any other alternative.

    The dimension has more than one value.
    """
    if dimension.kind == "subset":
        assert isinstance(value, tuple)
        return _another_subset(dimension, value, random)
    others = [each for each in dimension.values if each != value]
    if dimension.kind == "number" and random.random() >= _FAR:
        place = dimension.values.index(value)
        return random.choice([dimension.values[each] for each in (place - 1, place + 1) if 0 <= each < dimension.size])
    return random.choice(others)


def _another_subset(dimension: Dimension, value: tuple[str, ...], random: random.Random) -> tuple[str, ...]:
    missing = [each for each in dimension.members if each not in value]
    moves = []
    if missing and len(value) + 1 in dimension.sizes:
        moves.append("add")
    if value and len(value) - 1 in dimension.sizes:
        moves.append("remove")
    if missing and value:
        moves.append("swap")
    move, members = random.choice(moves), set(value)
    if move != "add":
        members.remove(random.choice(value))
    if move != "remove":
        members.add(random.choice(missing))
    return _in_order(dimension, members)


def any_value(dimension: Dimension, random: random.Random) -> Value:
    """Any value, each as likely as any other."""
    if dimension.kind != "subset":
        return random.choice(dimension.values)
    ways = [math.comb(len(dimension.members), size) for size in dimension.sizes]
    ticket = random.randrange(sum(ways))
    size = next(size for size, way in zip(dimension.sizes, ways, strict=True) if (ticket := ticket - way) < 0)
    return _in_order(dimension, random.sample(dimension.members, size))


def _in_order(dimension: Dimension, members: Collection[Any]) -> tuple[str, ...]:
    return tuple(each for each in dimension.members if each in members)
