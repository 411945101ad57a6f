"""Equations and remainders. Category `math`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.simulation.questions.base import Family, Solved, answers, numbers

if TYPE_CHECKING:
    from random import Random


def _linear(match: re.Match[str]) -> Solved | None:
    factor, sign, added, total = int(match[1]), match[2], int(match[3]), int(match[4])
    added = added if sign == "+" else -added
    if factor == 0 or (total - added) % factor:
        return None
    right = (total - added) // factor
    return answers(right, (total + added) // factor, total - added, right + 1, right - 1)


def _write_linear(random: Random) -> str:
    factor, added, right = random.randint(2, 19), random.randint(3, 60), random.randint(2, 40)
    sign = random.choice("+-")
    total = factor * right + (added if sign == "+" else -added)
    return f"Solve for x: {factor}x {sign} {added} = {total}"


def _remainder(match: re.Match[str]) -> Solved | None:
    base, power, divisor = numbers(match)
    if divisor == 0 or power > 10_000:
        return None
    right = pow(base, power, divisor)
    return answers(right, (base * power) % divisor, (right + 1) % divisor, divisor - right, 1)


def _write_remainder(random: Random) -> str:
    base, power, divisor = random.randint(2, 15), random.randint(4, 40), random.randint(5, 23)
    return f"What is the remainder when {base}^{power} is divided by {divisor}?"


def _divisors(match: re.Match[str]) -> Solved | None:
    (number,) = numbers(match)
    if not 0 < number <= 100_000:
        return None
    right = sum(number % each == 0 for each in range(1, number + 1))
    return answers(right, right - 2, right - 1, right + 2, right // 2)


def _write_divisors(random: Random) -> str:
    return f"How many positive divisors does {random.randint(24, 720)} have?"


FAMILIES = (
    Family(
        "equations",
        "math",
        re.compile(r"Solve for x:\s*(\d{1,9})x\s*([+-])\s*(\d{1,9})\s*=\s*(-?\d{1,9})"),
        _linear,
        _write_linear,
    ),
    Family(
        "remainders",
        "math",
        re.compile(r"remainder when (\d{1,9})\^(\d{1,9}) is divided by (\d{1,9})\?"),
        _remainder,
        _write_remainder,
    ),
    Family(
        "divisors", "math", re.compile(r"How many positive divisors does (\d{1,9}) have\?"), _divisors, _write_divisors
    ),
)
