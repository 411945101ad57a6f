"""The simulation's own questions, whose truth follows from their text.

`recognise` finds and solves a question in a text; `write_questions` makes new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from moaql.diagnostics import suggest
from moaql.errors import UsageError
from moaql.simulation.questions import algebra, arithmetic, choice, code, order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from moaql.simulation.questions.base import Solved

FAMILIES = (*arithmetic.FAMILIES, *algebra.FAMILIES, *choice.FAMILIES, *order.FAMILIES, *code.FAMILIES)
CATEGORIES = tuple(dict.fromkeys(family.category for family in FAMILIES))


@dataclass(frozen=True)
class Recognised:
    """A question that was found in a text.

    Attributes:
        text: The question alone.
        category: Its category.
        solved: Its answer.
    """

    text: str
    category: str
    solved: Solved


def recognise(text: str) -> Recognised | None:
    """The first question in a text that the simulation can solve, or None."""
    for family in FAMILIES:
        match = family.pattern.search(text)
        if match is not None and (solved := family.solve(match)) is not None:
            return Recognised(match[0], family.category, solved)
    return None


def write_questions(count: int, categories: Sequence[str] = (), seed: int = 0) -> Iterator[dict[str, str]]:
    """New questions, each with its answer, no two of them equal.

    Args:
        count: How many.
        categories: Which categories, in turn; all where none is named.
        seed: Another seed, other questions.

    Yields:
        Rows with `id question target category`.

    Raises:
        UsageError: if a category is not known, or has not so many questions.
    """
    wanted = tuple(categories) or CATEGORIES
    for each in wanted:
        if each not in CATEGORIES:
            raise UsageError(
                f"no category is called `{each}`",
                suggest(each, CATEGORIES) or f"It is one of {', '.join(CATEGORIES)}.",
            )
    random = Random(seed)  # noqa: S311 - questions, not secrets
    seen: set[str] = set()
    for number in range(count):
        category = wanted[number % len(wanted)]
        recognised = _new_question(category, random, seen)
        if recognised is None:
            raise UsageError(
                f"there are not so many different questions of `{category}`", "Ask for fewer, or for more categories."
            )
        yield {
            "id": f"{category}-{seed}-{number + 1}",
            "question": recognised.text,
            "target": recognised.solved.answer,
            "category": category,
        }


def _new_question(category: str, random: Random, seen: set[str]) -> Recognised | None:
    families = [family for family in FAMILIES if family.category == category]
    for _ in range(1000):
        text = random.choice(families).write(random)
        found = recognise(text)
        if found is not None and text not in seen:
            seen.add(text)
            return Recognised(text, category, found.solved)
    return None
