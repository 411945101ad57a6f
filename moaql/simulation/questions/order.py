"""Who is the tallest, and what day it is. Category `logic`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from moaql.simulation.questions.base import NAMES, Family, Solved, answers, numbers

if TYPE_CHECKING:
    from random import Random

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ADJECTIVES = {"taller": ("tallest", "shortest"), "older": ("oldest", "youngest"), "faster": ("fastest", "slowest")}
_MONTHS = {
    "January": 31, "February": 28, "March": 31, "April": 30, "May": 31, "June": 30, "July": 31, "August": 31,
    "September": 30, "October": 31, "November": 30, "December": 31,
}  # fmt: skip


def _solve_order(match: re.Match[str]) -> Solved | None:
    adjective, wanted = match[2], match[3]
    pairs = re.findall(r"(\w+) is " + adjective + r" than (\w+)\.", match[1])
    most, least = _ADJECTIVES[adjective]
    if wanted not in (most, least):
        return None
    above = {one for one, _ in pairs}
    below = {other for _, other in pairs}
    ends = (above - below) if wanted == most else (below - above)
    if len(ends) != 1:
        return None
    right = next(iter(ends))
    opposite = sorted((below - above) if wanted == most else (above - below))
    rest = sorted((above | below) - {right, *opposite})
    return Solved(right, (*opposite, *rest))


def _write_order(random: Random) -> str:
    people = random.sample(NAMES, random.randint(4, 6))
    adjective = random.choice(sorted(_ADJECTIVES))
    said = [f"{one} is {adjective} than {other}." for one, other in pairwise(people)]
    random.shuffle(said)
    return f"{' '.join(said)} Who is the {random.choice(_ADJECTIVES[adjective])}?"


def _solve_weekday(match: re.Match[str]) -> Solved:
    steps = int(match[1]) * (1 if match[2] == "after" else -1)
    start = DAYS.index(match[3])
    right = DAYS[(start + steps) % 7]
    wrong = [DAYS[(start + steps + off) % 7] for off in (1, -1, 2, -2)] + [DAYS[(start - steps) % 7]]
    return Solved(right, tuple(dict.fromkeys(each for each in wrong if each != right)))


def _write_weekday(random: Random) -> str:
    return f"Which day of the week is {random.randint(8, 120)} days {random.choice(['after', 'before'])} a {random.choice(DAYS)}?"


def _day_of_year(day: int, month: str) -> int:
    return sum(list(_MONTHS.values())[: list(_MONTHS).index(month)]) + day


def _solve_span(match: re.Match[str]) -> Solved | None:
    if match[2] not in _MONTHS or match[4] not in _MONTHS:
        return None
    right = _day_of_year(int(match[3]), match[4]) - _day_of_year(int(match[1]), match[2])
    return answers(right, right + 1, right - 1, right + 2, right - 2)


def _write_span(random: Random) -> str:
    months = list(_MONTHS)
    first = random.randint(0, 9)
    last = random.randint(first + 1, 11)
    one, other = random.randint(1, 28), random.randint(1, 28)
    return f"In a year that is no leap year, how many days lie from {one} {months[first]} to {other} {months[last]}?"


def _solve_clock(match: re.Match[str]) -> Solved:
    hour, minute, more = numbers(match)
    total = (hour * 60 + minute + more) % 1440
    times = [total, total + 60, total - 60, total + 10, total - 10, total + 720]
    right, *wrong = (f"{each % 1440 // 60}:{each % 60:02d}" for each in times)
    return Solved(right, tuple(wrong))


def _write_clock(random: Random) -> str:
    return f"It is {random.randint(0, 23)}:{random.randint(0, 59):02d}. What time is it {random.randint(35, 900)} minutes later?"


FAMILIES = (
    Family(
        "orders",
        "logic",
        re.compile(r"((?:\b\w{1,40} is (taller|older|faster) than \w{1,40}\.\s{1,9}){1,40})Who is the (\w{1,40})\?"),
        _solve_order,
        _write_order,
    ),
    Family(
        "weekdays",
        "logic",
        re.compile(r"day of the week is (\d{1,6}) days (after|before) a (" + "|".join(DAYS) + r")\?"),
        _solve_weekday,
        _write_weekday,
    ),
    Family(
        "spans",
        "logic",
        re.compile(r"no leap year, how many days lie from (\d{1,2}) (\w+) to (\d{1,2}) (\w+)\?"),
        _solve_span,
        _write_span,
    ),
    Family(
        "clocks",
        "logic",
        re.compile(r"It is (\d{1,2}):(\d{2})\. What time is it (\d{1,6}) minutes later\?"),
        _solve_clock,
        _write_clock,
    ),
)
