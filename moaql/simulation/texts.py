"""What answers look like: reasoning of a certain length, and an end in one of the usual forms.

The reasoning holds no number and no claim, so that nothing but the end of a text, or its points, can be read as an answer.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from moaql.simulation.draws import uniforms

if TYPE_CHECKING:
    from collections.abc import Sequence

CHARACTERS_A_TOKEN = 3.5
_SENTENCES = (
    "It helps to write down what is given before doing anything else.",
    "The question asks for one thing only, so the rest can be set aside for now.",
    "I take the parts in the order in which they are stated.",
    "Each part follows from the one before it, and no part is used twice.",
    "The first relation is direct and needs no further assumption.",
    "Putting the known quantities together gives an intermediate result.",
    "That intermediate result is what the next part starts from.",
    "Nothing in the statement limits this further.",
    "A quick look back shows that the units agree.",
    "There is a tempting shortcut here, and it is worth seeing where it leads.",
    "The wording matters at this place, because it could be read in two ways.",
    "The usual reading is the one that fits the rest of the statement.",
    "With that settled, what remains is routine.",
    "I keep the exact form as long as possible and simplify late.",
    "Comparing both sides confirms that nothing was lost on the way.",
    "The remaining part has the same shape as the one just treated.",
    "It can be treated in the same manner.",
    "Collecting what was found so far leaves a single open step.",
    "This step is small, but it is the one that decides the outcome.",
    "Working from the other end leads to the same place.",
    "An estimate of the size of the result is consistent with that.",
    "No case was left out.",
    "The special cases do not change the picture.",
    "So the pieces fit together as expected.",
)
_OPENINGS = (
    "Let us go through this.", "Here is how I see it.", "To answer this, start from what is known.",
    "This can be done in few steps.",
    "Let me think it through.", "We begin with the statement itself.", "The way to approach this is as follows.", "Sure.",
    "First, the setting.", "Breaking it down:", "Looking at the details:", "In short, the reasoning runs like this.",
)  # fmt: skip
_PERSUASION = (
    "A common mistake leads to other results, and it is easy to make.",
    "Beyond any doubt, the careful derivation leaves only one possibility.",
    "Experts who have looked at this closely agree on it.",
    "Other answers overlook the decisive detail and must be rejected.",
)
_CORPUS = " ".join(_SENTENCES)
_STARTS = tuple(_CORPUS.index(sentence) for sentence in _SENTENCES)
_ENDLESS = (_CORPUS + " ") * 3
PERSUASIVE = tuple(sentence[:24] for sentence in _PERSUASION)


def tokens_of(text: str) -> int:
    """Tokens of a text: one for every three and a half characters."""
    return math.ceil(len(text) / CHARACTERS_A_TOKEN)


def opening(name: str) -> str:
    """How a model begins its texts. Some share one with others."""
    return _OPENINGS[int(uniforms("opening", name)[0] * len(_OPENINGS))]


def reasoning(length: int, drawn: float) -> str:
    """Reasoning of about that many characters, in whole sentences; "" where there is no room for one."""
    if length < 40:
        return ""
    start = _STARTS[int(drawn * len(_STARTS))]
    if length > len(_CORPUS):
        rounds = -(-length // (len(_CORPUS) + 1)) + 1
        text = ((_CORPUS + " ") * rounds)[start : start + length]
    else:
        text = _ENDLESS[start : start + length]
    end = text.rfind(".")
    return text[: end + 1] if end > 0 else ""


def persuasion() -> str:
    """What a text says that wants to be believed."""
    return " ".join(_PERSUASION)


def finished(body: str, answer: str, style: str, *, letter: bool = False) -> str:
    """A text that ends with its answer.

    Args:
        body: The reasoning.
        answer: The final answer.
        style: `plain`, `bold`, `boxed`, `json`, `line` for `Answer: …`, `bare` for the answer alone, or `loose` for prose.
        letter: Whether the answer is the letter of an option.
    """
    if style == "bare":
        return answer
    if style == "json":
        return json.dumps({"reasoning": body, "answer": answer}, ensure_ascii=False, indent=2)
    shown = f"({answer})" if letter else answer
    end = {
        "bold": f"**The answer is {shown}.**",
        "boxed": f"The final answer is $\\boxed{{{answer}}}$.",
        "line": f"Answer: {answer}",
        "loose": f"So in the end it comes out as {shown} after all",
    }.get(style, f"The answer is {shown}.")
    return f"{body}\n\n{end}" if body else end


def essay(body: str, points: Sequence[str]) -> str:
    """An answer to an open question: its points, then what fills the rest."""
    middle = len(points) // 2
    parts = [" ".join(points[: middle + 1]), body, " ".join(points[middle + 1 :])]
    return "\n".join(part for part in parts if part)


def cut(text: str, max_tokens: int | None, stops: Sequence[str]) -> tuple[str, str]:
    """A text as far as its limits let it go, and why it ended: `stop` or `length`."""
    places = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    if places:
        text = text[: min(places)]
    if max_tokens is not None and tokens_of(text) > max_tokens:
        return text[: int(max_tokens * CHARACTERS_A_TOKEN)], "length"
    return text, "stop"
