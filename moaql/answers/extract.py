"""The answer in a text: one place for votes, metrics and agreement.

`extract(text, by)` gives the answer in a canonical spelling, so that two texts give the same answer exactly when the two
strings are equal. What is read, and where, is in docs/answers.md.
"""

from __future__ import annotations

import re

from moaql.answers.choices import choice
from moaql.answers.literals import literal
from moaql.answers.marked import marked
from moaql.answers.numbers import canonical, number, numbers

# Without leading zeros: `007` is a name, not a number.
_PLAIN_NUMBER = re.compile(r"[-−]?[$€£¥₹]?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)(?:\.\d+)?")
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"), ("`", "`"), ("(", ")"))
_COMMAND = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|boxed)\s*\{([^{}]*)\}")
_EDGES = " \t\r\n.,;:!?*_`\"'“”‘’"


def extract(text: str, by: str = "exact") -> str | None:
    """The answer that a text gives.

    Args:
        text: A model's text, without reasoning traces.
        by: `exact`, `number`, `choice` or `literal`.

    Returns:
        The answer in a canonical spelling, or None where the text gives none.

    Raises:
        ValueError: There is no such way to read answers.
    """
    read = {"exact": exact, "number": number, "choice": choice, "literal": literal}.get(by)
    if read is None:
        raise ValueError(f"answers are read by exact, number, choice or literal, not by {by}")
    return read(text)


def exact(text: str) -> str | None:
    """The marked answer, or else the whole text, as `normal` spells it; None where nothing is left of it."""
    found = marked(text)
    return normal(text if found is None else found) or None


def normal(text: str) -> str:
    """A text without case, surrounding punctuation, markdown and LaTeX, and with single spaces; articles stay.

    A plain number gets its canonical spelling, so `1,000`, `$1000` and `1000.0` are one answer. A number with a unit, a percent
    sign or leading zeros stays text.
    """
    before = None
    while before != text:
        before, text = text, text.strip(_EDGES)
        for left, right in _WRAPPERS:
            inner = text[len(left) : -len(right)]
            if text.startswith(left) and text.endswith(right) and inner and right not in inner:
                text = inner
        text = _COMMAND.sub(r"\1", text)
    text = " ".join(text.casefold().split())
    if _PLAIN_NUMBER.fullmatch(text) and (values := numbers(text)):
        return canonical(values[0])
    return text
