"""What a family of questions is: it writes questions, and it recognises and solves them by their text alone."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

NAMES = ("Ada", "Ben", "Chen", "Dara", "Eli", "Fay", "Gus", "Hana")
THINGS = ("apples", "marbles", "pencils", "shells", "stamps", "tickets")


@dataclass(frozen=True)
class Solved:
    """A question that was recognised.

    Attributes:
        answer: The right answer.
        wrong: Wrong answers that come to mind, most attractive first; may be empty.
        choices: Letters of the options, for multiple choice.
    """

    answer: str
    wrong: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """One kind of question.

    Attributes:
        name: Unique.
        category: The ability that it asks for.
        pattern: Finds a question of this family in a text.
        solve: The answer of a match; None where it makes no sense after all.
        write: A new question, drawn from a generator.
    """

    name: str
    category: str
    pattern: re.Pattern[str]
    solve: Callable[[re.Match[str]], Solved | None]
    write: Callable[[Random], str]


def numbers(match: re.Match[str]) -> list[int]:
    """The groups of a match as whole numbers."""
    return [int(each.replace(",", "")) for each in match.groups()]


def answers(right: int, *wrong: int) -> Solved:
    """A number and the wrong numbers that come to mind, without repetitions."""
    others = dict.fromkeys(str(each) for each in wrong if each != right)
    return Solved(str(right), tuple(others))
