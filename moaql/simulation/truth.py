"""What is right: the hidden truth of a question.

It comes from the item that is being answered, else from the question's own text, else from its hash: then the question is
open, and an answer to it is a set of points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moaql.simulation.draws import digest, uniforms
from moaql.simulation.questions import recognise
from moaql.simulation.questions.choice import options
from moaql.simulation.wrong_answers import wrong_answers

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_ANSWER = 100
_LATEX = re.compile(r"\\[a-zA-Z\[(]|\$[^$]*[\\^_=][^$]*\$")
_CODE = re.compile(r"\[PYTHON\]|```|\bdef \w+\(|\bassert ")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Truth:
    """What a question asks, and what is right.

    Attributes:
        question: The question alone.
        key: Equal for equal questions, whatever their white space.
        category: The ability that it asks for, as the item or the text says.
        answer: The right answer; "" for an open question.
        wrong: Attractive wrong answers, most attractive first; empty for an open question.
        choices: Letters of its options, for multiple choice.
        own: Whether the simulation solved it, so that no target can be mistaken.
    """

    question: str
    key: str
    category: str
    answer: str = ""
    wrong: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    own: bool = False

    @property
    def open(self) -> bool:
        """Whether it has no checkable answer."""
        return not self.answer


def find_truth(question: str, fields: Mapping[str, Any] | None = None) -> Truth:
    """The truth of a question.

    Args:
        question: As it was asked.
        fields: Of the item that is being answered, where it is known: `target`, `category`, `choices`.
    """
    if not fields:
        return _truth(question, "", "", ())
    target, category, choices = fields.get("target"), fields.get("category"), fields.get("choices")
    if isinstance(target, (list, tuple)):
        target = target[0] if target else ""
    listed = tuple(map(str, choices)) if isinstance(choices, (list, tuple)) else ()
    return _truth(
        question,
        "" if target is None else str(target).strip(),
        category if isinstance(category, str) else "",
        listed,
    )


@lru_cache(maxsize=16384)
def _truth(question: str, target: str, category: str, choices: tuple[str, ...]) -> Truth:
    found = recognise(question)
    if found is not None and target in ("", found.solved.answer):
        question, target = found.text, found.solved.answer
        key = digest(_SPACE.sub(" ", question).strip())
        wrong = wrong_answers(target, key, found.solved.choices, found.solved.wrong)
        return Truth(question, key, category or found.category, target, wrong, found.solved.choices, own=True)
    key = digest(_SPACE.sub(" ", question).strip())
    letters = _letters(question, target, choices)
    if letters and not target:
        target = letters[int(uniforms(key, "letter")[0] * len(letters))]
    if not target or len(target) > LONGEST_ANSWER or "\n" in target:
        return Truth(question, key, category or "writing")
    return Truth(
        question,
        key,
        category or _category(question, target, letters),
        target,
        wrong_answers(target, key, letters),
        letters,
    )


def _letters(question: str, target: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    """The letters of the options, where the answer is one of them."""
    count = len(choices) or len(options(question))
    letters = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:count])
    return letters if count > 1 and (not target or target in letters) else ()


def _category(question: str, target: str, letters: tuple[str, ...]) -> str:
    if _CODE.search(question):
        return "code"
    if letters:
        return "knowledge"
    if _LATEX.search(question):
        return "math"
    return "arithmetic" if re.fullmatch(r"-?[\d,]*\.?\d+%?", target) else "knowledge"
