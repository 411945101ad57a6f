"""Ranges to the numbers that a search tries.

A range of numbers without a step becomes at most 9 round values, its ends among them: topologies share a paid answer only where
they send the same setting, and a temperature of 0.7312 shares nothing. Whole numbers stay as they are up to 33 of
them; a longer range becomes at most 33 round ones. A logarithmic range has round values on a logarithmic scale. With
`by`, the values are exactly those that were written.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from math import ceil, floor
from typing import TYPE_CHECKING

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NUMBERS = 9
"""Values of a range of numbers without a step."""
MOST_INTEGERS = 33
"""Values of a range of whole numbers without a step."""
MOST_STEPS = 10_000
"""Values of a range with a step; more are a mistake."""
_MANTISSAS = (
    ("1", "1.2", "1.5", "2", "2.5", "3", "4", "5", "6", "8"),
    ("1", "1.5", "2", "3", "5", "7"),
    ("1", "2", "5"),
    ("1", "3"),
    ("1",),
)


def numbers(
    low: float, high: float, *, integer: bool, log: bool = False, step: float | None = None
) -> tuple[int | float, ...]:
    """The values of a range, in order.

    Args:
        low: First value.
        high: Bound, itself a value but where a step misses it.
        integer: Whether they are whole.
        log: Whether they lie on a logarithmic scale; low is above zero then.
        step: As it was written behind `by`.

    Raises:
        UsageError: if a step makes more than 10,000 values.
    """
    first, last = _exact(low), _exact(high)
    if step is not None:
        found = _stepped(first, last, _exact(step))
    elif integer and last - first < (MOST_NUMBERS if log else MOST_INTEGERS):
        found = _stepped(first, last, Fraction(1))
    elif log:
        found = _logarithmic(first, last)
    else:
        found = _round(first, last, MOST_INTEGERS if integer else MOST_NUMBERS, whole=integer)
    if integer:
        return tuple(sorted({round(each) for each in found}))
    return tuple(float(each) for each in found)


def _exact(number: float) -> Fraction:
    """The decimal fraction that was written."""
    return Fraction(repr(number))


def _stepped(low: Fraction, high: Fraction, step: Fraction) -> list[Fraction]:
    size = floor((high - low) / step) + 1
    if size > MOST_STEPS:
        raise UsageError(
            f"the range {float(low):g}..{float(high):g} by {float(step):g} has {size:,} values, more than a search can tell apart",
            f"Write a wider step: at most {MOST_STEPS:,} values.",
        )
    return [low + index * step for index in range(size)]


def _round(low: Fraction, high: Fraction, most: int, *, whole: bool) -> list[Fraction]:
    """Multiples of the smallest round step that gives few enough, and the ends."""
    if low == high:
        return [low]
    for step in _steps(high - low, most):
        if whole and step.denominator != 1:
            continue
        inside = [step * index for index in range(ceil(low / step), floor(high / step) + 1)]
        found = sorted({low, *inside, high})
        if len(found) <= most:
            return found
    raise AssertionError("some step is wide enough")


def _steps(width: Fraction, most: int) -> Iterator[Fraction]:
    """1, 2, 2.5 and 5 times powers of ten, upwards, from one that is too small."""
    power = Fraction(1)
    while power * most > width:
        power /= 10
    while power * most * 10 < width:
        power *= 10
    for exponent in count():
        for mantissa in ("1", "2", "2.5", "5"):
            yield Fraction(mantissa) * power * 10**exponent


def _logarithmic(low: Fraction, high: Fraction) -> list[Fraction]:
    """The ends, and between them the finest set of round values in every power of ten that gives few enough."""
    exponents = range(_power_below(low), _power_below(high) + 1)
    for mantissas in _MANTISSAS:
        found = _between(
            low, high, [Fraction(each) * Fraction(10) ** power for power in exponents for each in mantissas]
        )
        if len(found) <= MOST_NUMBERS:
            return found
    for every in count(2):
        found = _between(low, high, [Fraction(10) ** power for power in exponents if power % every == 0])
        if len(found) <= MOST_NUMBERS:
            return found
    raise AssertionError("every range has two ends")


def _between(low: Fraction, high: Fraction, values: list[Fraction]) -> list[Fraction]:
    return sorted({low, *(each for each in values if low < each < high), high})


def _power_below(number: Fraction) -> int:
    """The greatest exponent of ten that is not above the number."""
    power = 0
    while Fraction(10) ** power > number:
        power -= 1
    while Fraction(10) ** (power + 1) <= number:
        power += 1
    return power
