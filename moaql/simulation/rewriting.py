"""Writing instructions: what a simulated model does when it is asked for a better prompt.

It does not know what helps. It looks at what went wrong, which tells it a theme (how to weigh candidates, how to work, in which
form to answer), and draws sentences, mostly of that theme, from `advice.ADVICE`; now and then it takes one out. Most sentences
help in no world. Now and then its reply has no text in it, or has lost a placeholder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.simulation.advice import ADVICE
from moaql.simulation.draws import uniforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.simulation.world import World

_TAGGED = re.compile(r"<instructions>\n(?P<text>[\s\S]*?)\n</instructions>")
_FENCES = re.compile(r"```")
_FIELDS = re.compile(r"starting with the field (?P<listed>[\s\S]*?)and then ending with the marker")
_FIELD = re.compile(r"\[\[ ## (\w+) ## \]\]")
_OLD = re.compile(
    r"^\[\[ ## basic_instruction ## \]\]\n(?P<text>[\s\S]*?)(?=\n\n\[\[ ## |\n\nRespond with|\Z)", re.MULTILINE
)
_ATTEMPT = re.compile(r"Instruction #\d+: (?P<text>[\s\S]*?)(?=\n?\[\d+\] «|\n?Prefix #|»|\Z)")
_PLACEHOLDER = re.compile(r"\{[a-z][^{}]*\}")
_UNREADABLE = re.compile(r"no answer could be read", re.IGNORECASE)
_WRONG = re.compile(r"^Expected |\b0 of 1\b", re.MULTILINE)
_THEME = 0.6
"""Share of sentences that are drawn from the theme of what went wrong."""
_SECOND, _REMOVED = 0.4, 0.25
_FILLER = "The questions have one checkable answer each, and the answers of several assistants are there to judge."


@dataclass(frozen=True)
class Writing:
    """A request for instructions.

    Attributes:
        old: The instructions as they are.
        fields: Names of the fields that the reply has to fill, in order; none where it is to be between fences.
        seen: What it is shown besides.
    """

    old: str
    fields: tuple[str, ...]
    seen: str


def find_writing(messages: Sequence[tuple[str, str]]) -> Writing | None:
    """What is to be rewritten; None where the messages ask for something else."""
    said = "\n\n".join(text for role, text in messages if role != "assistant")
    match = _TAGGED.search(said)
    if match is not None and _FENCES.search(said):
        return Writing(match["text"], (), said[match.end() :])
    listed = _FIELDS.search(said)
    if listed is None:
        return None
    fields = tuple(_FIELD.findall(listed["listed"]))
    old = [each["text"] for each in _OLD.finditer(said)] or [each["text"] for each in _ATTEMPT.finditer(said)]
    return Writing(old[-1].strip() if old else "", fields, said)


def rewrite(world: World, name: str, writing: Writing, draw: str) -> str:
    """A reply with new instructions.

    Args:
        world: Its share of malformed judgements is that of such replies, too.
        name: Of the model.
        writing: From `find_writing`.
        draw: Names the sample.
    """
    key = (world.seed, name, writing.old, writing.seen, draw)
    luck = uniforms(*key, "luck")
    new = _changed(writing, key)
    if luck[0] < world.judging.malformed:
        new = _PLACEHOLDER.sub("", new)
    if writing.fields:
        return "\n\n".join([*(_filled(field, new) for field in writing.fields), "[[ ## completed ## ]]"])
    if luck[1] < world.judging.malformed:
        return "I would tell the assistant to be more careful."
    return f"The answers that scored low were not weighed well.\n\n```\n{new}\n```"


def _filled(field: str, new: str) -> str:
    value = new if "instruction" in field else "Answer:" if "prefix" in field else _FILLER
    return f"[[ ## {field} ## ]]\n{value}"


def _changed(writing: Writing, key: tuple[object, ...]) -> str:
    old = writing.old
    drawn = uniforms(*key, "advice") + uniforms(*key, "more advice")
    there = [each for theme in ADVICE.values() for each in theme if each in old]
    if there and drawn[0] < _REMOVED:
        gone = there[int(drawn[1] * len(there))]
        old = old.replace(f" {gone}", "").replace(gone, "")
    new = [_sentence(writing, old, drawn[2], drawn[3])]
    if drawn[4] < _SECOND:
        new.append(_sentence(writing, " ".join([old, *new]), drawn[5], drawn[6]))
    return _with_sentences(old, " ".join(each for each in new if each))


def _sentence(writing: Writing, there: str, first: float, second: float) -> str:
    theme = _theme(writing.seen)
    known = [each for name, sentences in ADVICE.items() if name == theme for each in sentences]
    if theme is None or first > _THEME:
        known = [each for sentences in ADVICE.values() for each in sentences]
    left = [each for each in known if each not in there]
    return left[int(second * len(left))] if left else ""


def _theme(seen: str) -> str | None:
    """What wrong answers are about, as far as can be seen: their form, or what they say."""
    unreadable, wrong = len(_UNREADABLE.findall(seen)), len(_WRONG.findall(seen))
    if unreadable * 3 > wrong > 0:
        return "form"
    return "weighing" if wrong else None


def _with_sentences(text: str, new: str) -> str:
    """The text with sentences at the end of the paragraph before its candidates; at its end where it shows none."""
    if not new:
        return text
    shown = text.find("{candidates")
    at = text.rfind("\n\n", 0, shown) if shown >= 0 else len(text)
    if at < 0:
        return f"{new}\n\n{text}"
    return f"{text[:at].rstrip()} {new}{text[at:]}"
