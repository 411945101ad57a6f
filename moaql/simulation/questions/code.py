"""What a line of Python gives. Category `code`. Nothing is executed: each form has its own arithmetic."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.simulation.questions.base import Family, Solved, answers, numbers

if TYPE_CHECKING:
    from random import Random

_WORDS = ("anchor", "basket", "candle", "dragon", "engine", "forest", "garden", "harbour", "island", "jacket")


def _range_sum(match: re.Match[str]) -> Solved | None:
    start, stop = numbers(match)
    if not start < stop < 10**6:
        return None
    right = sum(range(start, stop))
    return answers(right, right + stop, right - start, right + stop - start, right - stop)


def _write_range_sum(random: Random) -> str:
    start = random.randint(1, 20)
    return f"In Python, what is `sum(range({start}, {start + random.randint(4, 25)}))`?"


def _listed(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def _sorted(match: re.Match[str]) -> Solved | None:
    values, first, last = _listed(match[1]), int(match[2]), int(match[3])
    right = str(sorted(values)[first:last])
    wrong = (
        sorted(values)[first : last + 1],
        values[first:last],
        sorted(values, reverse=True)[first:last],
        sorted(values),
    )
    return Solved(right, tuple(dict.fromkeys(str(each) for each in wrong if str(each) != right)))


def _write_sorted(random: Random) -> str:
    values = [random.randint(1, 30) for _ in range(random.randint(5, 8))]
    first = random.randint(0, 2)
    return f"In Python, what is `sorted({values})[{first}:{first + random.randint(2, 3)}]`?"


def _slice(match: re.Match[str]) -> Solved:
    word, first, last = match[1], int(match[2]), int(match[3])
    right = word[first:last][::-1]
    wrong = (word[first:last], word[first : last + 1][::-1], word[::-1][first:last], word[first - 1 : last][::-1])
    return Solved(f"'{right}'", tuple(dict.fromkeys(f"'{each}'" for each in wrong if each != right)))


def _write_slice(random: Random) -> str:
    first = random.randint(1, 2)
    return f"In Python, what is `'{random.choice(_WORDS)}'[{first}:{first + random.randint(2, 4)}][::-1]`?"


FAMILIES = (
    Family(
        "ranges",
        "code",
        re.compile(r"In Python, what is `sum\(range\((\d{1,6}), (\d{1,6})\)\)`\?"),
        _range_sum,
        _write_range_sum,
    ),
    Family(
        "sorting",
        "code",
        re.compile(r"In Python, what is `sorted\(\[([\d, ]{1,400})\]\)\[(\d):(\d)\]`\?"),
        _sorted,
        _write_sorted,
    ),
    Family(
        "slices",
        "code",
        re.compile(r"In Python, what is `'(\w{1,40})'\[(\d):(\d)\]\[::-1\]`\?"),
        _slice,
        _write_slice,
    ),
)
