"""Letters of options, A to J.

The order in which a letter is looked for is that of MMLU-Pro's evaluation (Wang et al. 2024, arXiv 2406.01574): `the answer is
(B)`, then `Answer: B`, then the last letter that stands alone. Before them come JSON and `\\boxed{…}`.
"""

from __future__ import annotations

import re

from moaql.answers.marked import boxed, json_field

_ONLY = re.compile(r"\W*+(?:(?:option|choice|answer)\b\W*+)?([A-J])(?![\w'’])", re.IGNORECASE)
_TEXT = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")
_IS = re.compile(r"\b(?:answer|option|choice)\s++is:?[\s*]*+\\?\(?\**+([A-J])(?![\w'’])", re.IGNORECASE)
_COLON = re.compile(r"\banswer\**+:[\s*]*+\(?([A-J])(?![\w'’])", re.IGNORECASE)
_ALONE = re.compile(r"\b[A-J]\b")
_NEXT_TASK = re.compile(r"^[ \t]*+(?:Question|Q):", re.MULTILINE)


def choice(text: str) -> str | None:
    """The letter of the option that a text chooses; of several, the first that is named as the answer.

    Where no letter is marked, it is the last capital that stands alone, even if that means something else; None where there
    is none.
    """
    for found in (json_field(text), boxed(text)):
        if found is not None and (match := _ONLY.match(_TEXT.sub(r"\1", found))):
            return match[1].upper()
    # A model that goes on behind its answer makes up the next task of the examples that it was shown.
    asked = _NEXT_TASK.search(text.lstrip(), 1)
    own = text.lstrip()[: asked.start()] if asked else text
    for pattern in (_IS, _COLON):
        letters = [match[1] for match in pattern.finditer(own)]
        if letters:
            return letters[-1].upper()
    letters = _ALONE.findall(own) or _ALONE.findall(text)
    return letters[-1] if letters else None
