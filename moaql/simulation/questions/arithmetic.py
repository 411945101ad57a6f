"""Word problems and plain sums. Category `arithmetic`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.simulation.questions.base import NAMES, THINGS, Family, Solved, answers, numbers

if TYPE_CHECKING:
    from random import Random


def _packs(match: re.Match[str]) -> Solved | None:
    size, needed = numbers(match)
    if size == 0:
        return None
    return answers(-(-needed // size), needed // size, -(-needed // size) + 1, needed - size)


def _write_packs(random: Random) -> str:
    name, thing = random.choice(NAMES), random.choice(THINGS)
    size, needed = random.randint(3, 12), random.randint(15, 95)
    return f"A shop sells {thing} in packs of {size}. {name} needs {needed} {thing}. How many packs must {name} buy?"


def _share(match: re.Match[str]) -> Solved | None:
    total, friends, given = numbers(match)
    if friends == 0:
        return None
    share = total // friends
    return answers(share, share * given, total - share * given, abs(share - given), share + 1)


def _write_share(random: Random) -> str:
    name, thing = random.choice(NAMES), random.choice(THINGS)
    friends, share = random.randint(3, 9), random.randint(12, 68)
    return (
        f"{name} shares {friends * share} {thing} equally among {friends} friends and then gives away "
        f"{random.randint(2, 12)} of the friends' shares. How many {thing} are in one share?"
    )


def _save(match: re.Match[str]) -> Solved:
    saved, weeks, spent = numbers(match)
    return answers((saved - spent) * weeks, saved * weeks - spent, saved * weeks, (saved - spent) * weeks + spent)


def _write_save(random: Random) -> str:
    name, spent = random.choice(NAMES), random.randint(2, 19)
    return (
        f"{name} saves {random.randint(20, 95)} coins a week for {random.randint(3, 12)} weeks and spends {spent} coins in "
        "each of these weeks. How many coins are left?"
    )


def _boxes(match: re.Match[str]) -> Solved:
    has, boxes, each = numbers(match)
    return answers(has + boxes * each, has + boxes + each, (has + boxes) * each, boxes * each, has + boxes * each + 10)


def _write_boxes(random: Random) -> str:
    name, thing = random.choice(NAMES), random.choice(THINGS)
    return (
        f"{name} has {random.randint(12, 95)} {thing} and buys {random.randint(3, 12)} boxes with {random.randint(3, 15)} "
        f"{thing} in each. How many {thing} does {name} have now?"
    )


_OPERATORS = {"+": "+", "-": "-", "−": "-", "*": "*", "x": "*", "×": "*", "plus": "+", "minus": "-", "times": "*"}


def _sum(match: re.Match[str]) -> Solved | None:
    one, other = int(match[1].replace(",", "")), int(match[3].replace(",", ""))
    if max(len(match[1]), len(match[3])) > 12:
        return None
    operator = _OPERATORS[match[2].lower()]
    if operator == "+":
        return answers(one + other, one + other + 10, one + other - 10, one + other + 1)
    if operator == "-":
        return answers(one - other, one - other + 10, other - one, one - other - 1)
    product = one * other
    return answers(product, product + 10, product - one, product + other, product - 2)


def _write_sum(random: Random) -> str:
    operator = random.choice("+-*")
    high = 99 if operator == "*" else 999
    return f"What is {random.randint(11, high)} {operator} {random.randint(11, high)}?"


FAMILIES = (
    Family(
        "packs",
        "arithmetic",
        re.compile(
            r"sells \w{1,40} in packs of (\d{1,9})\. \w{1,40} needs (\d{1,9}) \w{1,40}\. How many packs "
            r"must \w{1,40} buy\?"
        ),
        _packs,
        _write_packs,
    ),
    Family(
        "shares",
        "arithmetic",
        re.compile(
            r"\b\w{1,40} shares (\d{1,9}) \w{1,40} equally among (\d{1,9}) friends and then gives away "
            r"(\d{1,9}) of the friends' shares\. "
            r"How many \w{1,40} are in one share\?"
        ),
        _share,
        _write_share,
    ),
    Family(
        "savings",
        "arithmetic",
        re.compile(
            r"\b\w{1,40} saves (\d{1,9}) coins a week for (\d{1,9}) weeks and spends (\d{1,9}) coins in "
            r"each of these weeks\. "
            r"How many coins are left\?"
        ),
        _save,
        _write_save,
    ),
    Family(
        "boxes",
        "arithmetic",
        re.compile(
            r"\b\w{1,40} has (\d{1,9}) \w{1,40} and buys (\d{1,9}) boxes with (\d{1,9}) \w{1,40} in "
            r"each\. How many \w{1,40} does \w{1,40} have now\?"
        ),
        _boxes,
        _write_boxes,
    ),
    Family(
        "sums",
        "arithmetic",
        re.compile(
            r"(?:what is|what's|calculate|compute|how much "
            r"is)\s+(-?\d[\d,]{0,20})\s*(\+|-|−|\*|x|×|plus|minus|times)\s*(-?\d[\d,]{0,20})"
            r"(?=\s*(?:[?.!=]|$))(?!\.\d)",
            re.IGNORECASE | re.MULTILINE,
        ),
        _sum,
        _write_sum,
    ),
)
