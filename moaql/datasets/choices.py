"""Questions of multiple choice, as they are shown: the question, a blank line, and a line for each choice, `A. …`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def choices_of(value: Any) -> tuple[str, ...]:
    """The choices in a field: a list of two to 26 texts or numbers; otherwise none."""
    if not isinstance(value, (list, tuple)) or not 2 <= len(value) <= len(LETTERS):
        return ()
    if any(isinstance(each, bool) or not isinstance(each, (str, int, float)) for each in value):
        return ()
    return tuple(str(each) for each in value)


def with_choices(question: str, choices: Sequence[str]) -> str:
    """The question with its choices.

    Args:
        question: As it stands in the file.
        choices: In order; at most 26.

    Returns:
        The question, a blank line, and `A. …` to `Z. …`; the question itself where it shows all choices, with their letters
        or each on a line of its own.
    """
    if not choices or _shows(question, choices):
        return question
    lines = "\n".join(f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False))
    return f"{question.rstrip()}\n\n{lines}"


def _shows(question: str, choices: Sequence[str]) -> bool:
    at = 0
    for letter, choice in zip(LETTERS, choices, strict=False):
        found = re.compile(rf"(?<!\w)\(?{letter}[.):]\s*{re.escape(choice.strip())}").search(question, at)
        if found is None:
            break
        at = found.end()
    else:
        return True
    lines = {line.strip() for line in question.splitlines()}
    return all(choice.strip() in lines for choice in choices)
