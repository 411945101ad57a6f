"""Multiple choice with lettered options. Category `knowledge`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from moaql.simulation.questions.base import Family, Solved

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

LETTERS = "ABCDEFGHIJ"
OPTION = re.compile(r"^\s*\(?([A-J])[).:]\s+(.+?)\s*$", re.MULTILINE)
_OPTIONS = r"((?:\s*\n\s*\(?[A-J][).:]\s+[^\n]+)+)"
_CAPITALS = {
    "Chile": "Santiago", "Egypt": "Cairo", "Finland": "Helsinki", "Greece": "Athens", "Hungary": "Budapest", "Ireland": "Dublin",
    "Japan": "Tokyo", "Kenya": "Nairobi", "Norway": "Oslo", "Peru": "Lima", "Poland": "Warsaw", "Portugal": "Lisbon",
    "Sweden": "Stockholm", "Thailand": "Bangkok", "Australia": "Canberra", "Canada": "Ottawa", "Turkey": "Ankara",
    "Morocco": "Rabat", "Vietnam": "Hanoi", "Nigeria": "Abuja",
}  # fmt: skip


def options(text: str) -> dict[str, str]:
    """The lettered options in a text, by letter; empty where the letters do not run from A."""
    found = {match[1]: match[2] for match in OPTION.finditer(text)}
    letters = "".join(found)
    return found if len(found) > 1 and letters == LETTERS[: len(found)] else {}


def _pick(text: str, right: Callable[[str], bool]) -> Solved | None:
    offered = options(text)
    hits = [letter for letter, value in offered.items() if right(value)]
    if len(hits) != 1:
        return None
    return Solved(hits[0], choices=tuple(offered))


def _listed(question: str, values: list[str]) -> str:
    return "\n".join([question, *(f"{letter}) {value}" for letter, value in zip(LETTERS, values, strict=False))])


def _prime(number: int) -> bool:
    return number > 1 and all(number % each for each in range(2, int(number**0.5) + 1))


def _solve_prime(match: re.Match[str]) -> Solved | None:
    return _pick(match[1], lambda value: value.isdecimal() and len(value) < 9 and _prime(int(value)))


def _write_prime(random: Random) -> str:
    primes = [each for each in range(50, 400) if _prime(each)]
    others = [each for each in range(51, 400, 2) if not _prime(each)]
    values = [str(each) for each in [random.choice(primes), *random.sample(others, 3)]]
    random.shuffle(values)
    return _listed("Which of these numbers is prime?", values)


def _fraction(text: str) -> Fraction | None:
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    return Fraction(int(match[1]), int(match[2])) if match and int(match[2]) else None


def _solve_largest(match: re.Match[str]) -> Solved | None:
    values = [each for each in map(_fraction, options(match[1]).values()) if each is not None]
    return _pick(match[1], lambda value: _fraction(value) == max(values)) if values else None


def _write_largest(random: Random) -> str:
    values: dict[Fraction, str] = {}
    while len(values) < 4:
        below = random.randint(5, 19)
        above = random.randint(2, below - 1)
        values.setdefault(Fraction(above, below), f"{above}/{below}")
    return _listed("Which of these fractions is the largest?", list(values.values()))


def _solve_capital(match: re.Match[str]) -> Solved | None:
    return _pick(match[2], lambda value: value == _CAPITALS.get(match[1]))


def _write_capital(random: Random) -> str:
    country = random.choice(sorted(_CAPITALS))
    others = sorted(set(_CAPITALS.values()) - {_CAPITALS[country]})
    values = [_CAPITALS[country], *random.sample(others, 3)]
    random.shuffle(values)
    return _listed(f"What is the capital of {country}?", values)


FAMILIES = (
    Family(
        "primes", "knowledge", re.compile(r"Which of these numbers is prime\?" + _OPTIONS), _solve_prime, _write_prime
    ),
    Family(
        "fractions",
        "knowledge",
        re.compile(r"Which of these fractions is the largest\?" + _OPTIONS),
        _solve_largest,
        _write_largest,
    ),
    Family(
        "capitals",
        "knowledge",
        re.compile(r"What is the capital of (\w+)\?" + _OPTIONS),
        _solve_capital,
        _write_capital,
    ),
)
