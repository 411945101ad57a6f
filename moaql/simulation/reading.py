"""Reading a prompt: which question it asks, which candidates it shows, and what it wants done.

Nothing but the messages is read. A field of the item is used only where the item's question is what the messages ask.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.simulation.forms import Asks, asks_of
from moaql.simulation.shown import Shown, find_candidates
from moaql.simulation.truth import Truth, find_truth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SPACE = re.compile(r"\s+")
_QUESTION = re.compile(
    r"<(?P<tag>question|query|original_prompt|problem)>(?P<tagged>[\s\S]*?)</(?P=tag)>|"
    r"^[ \t]*(?:#+ *|\*\*)?(?:(?:The|User's?|Original|User|This is the) )?(?:question|query|problem|"
    r"prompt)(?: is)?\**:\**\s*(?P<marked>[\s\S]+?)"
    r"(?=\n\s*\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_INSTRUCTION = re.compile(
    r"^(?:think|answer|write|solve|give|respond|reply|let's|please|end|finish|first|explain|show|check|use|work|"
    r"reason|do not|don't|be|"
    r"only|return|put|state|take|keep|start|you)\b",
    re.IGNORECASE,
)
_TESTS = re.compile(
    r"^[ \t]*(?:Unit )?Tests?:[ \t]*\n(?P<tests>(?:[ \t]*\d+[.):].*(?:\n|\Z))+)", re.MULTILINE | re.IGNORECASE
)
_EXPECTED = re.compile(r"<expected>\n(?P<text>[\s\S]*?)\n</expected>")
"""The right answer, as the metric `judge` shows it."""
_TEST = re.compile(r"^[ \t]*\d+[.):]\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Prompt:
    """What a model makes of the messages that it was sent.

    Attributes:
        truth: Of the question.
        asks: What is wanted.
        candidates: The answers that it is shown, in order.
        tests: The tests that it is shown.
        frame: The instructions around the question, without candidates; "" where there are none.
    """

    truth: Truth
    asks: Asks
    candidates: tuple[Shown, ...] = ()
    tests: tuple[str, ...] = ()
    frame: str = ""


def read_prompt(
    messages: Sequence[tuple[str, str]], question: str = "", fields: Mapping[str, Any] | None = None
) -> Prompt:
    """Read the messages of a request.

    Args:
        messages: (role, text) pairs.
        question: Of the item that is being answered, where it is known.
        fields: Of that item; not used where the messages do not show its question.
    """
    turns = _last_turn(messages)
    known = question.strip()
    if known and len(turns) == 1 and turns[0][1].strip() == known:
        return Prompt(find_truth(known, fields), asks_of(""))
    shown = bool(known) and any(known in text for _, text in turns)
    texts = [text for _, text in turns]
    if shown:
        texts = _without(texts, known)
    else:
        known, texts = _find_question(turns)
    # Before candidates are looked for, as it may look like one.
    expected, texts = _take_expected(texts)
    tests, texts = _take_tests(texts)
    candidates, rest = find_candidates(texts)
    frame = "\n".join(each for each in map(str.strip, rest) if each)
    held = fields if shown else None
    if expected and (held is None or held.get("target") is None):
        held = {**(held or {}), "target": expected}
    return Prompt(find_truth(known, held), asks_of(frame), candidates, tests, _SPACE.sub(" ", frame))


def _last_turn(messages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """System messages, and what the user said since the last answer: earlier turns are not what is asked now."""
    last = max((place for place, (role, _) in enumerate(messages) if role == "assistant"), default=-1)
    if last == len(messages) - 1:
        last = -1
    return [
        (role, text) for place, (role, text) in enumerate(messages) if role in ("system", "developer") or place > last
    ]


def _without(texts: Sequence[str], question: str) -> list[str]:
    """The texts without the question, which is looked for at the end first: candidates may repeat it."""
    left = list(texts)
    for place in range(len(left) - 1, -1, -1):
        if left[place].strip() == question:
            left[place] = ""
            return left
    for place in range(len(left) - 1, -1, -1):
        found = left[place].rfind(question)
        if found >= 0:
            left[place] = left[place][:found] + left[place][found + len(question) :]
            return left
    return left


def _find_question(turns: Sequence[tuple[str, str]]) -> tuple[str, list[str]]:
    """The question in the messages themselves, and the texts without it."""
    texts = [text for _, text in turns]
    for place in range(len(turns) - 1, -1, -1):
        role, text = turns[place]
        if role != "user" or not text.strip():
            continue
        candidates, rest = find_candidates([text])
        if not candidates:
            question = _bare(text)
        else:
            match = _QUESTION.search(rest[0])
            if match is None:
                continue
            question = (match["tagged"] or match["marked"]).strip()
        return question, _without(texts, question)
    return _bare(texts[-1]) if texts else "", texts[:-1]


def _bare(text: str) -> str:
    """The question of a message, without instructions in paragraphs of their own."""
    match = _QUESTION.search(text)
    if match is not None:
        return str(match["tagged"] or match["marked"]).strip()
    parts = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    while len(parts) > 1 and _INSTRUCTION.match(parts[-1]) and len(parts[-1]) < 300:
        parts.pop()
    while len(parts) > 1 and _INSTRUCTION.match(parts[0]) and not parts[0].endswith("?"):
        parts.pop(0)
    start = text.find(parts[0])
    return text[start : text.rfind(parts[-1]) + len(parts[-1])].strip()


def _take_expected(texts: Sequence[str]) -> tuple[str, list[str]]:
    """The right answer that a judge is shown, or "", and the texts without it. What candidates say is no such answer."""
    for place, text in enumerate(texts):
        match = _EXPECTED.search(text)
        if match is not None and "<candidate number=" not in text[: match.start()]:
            left = text[: match.start()] + text[match.end() :]
            return match["text"].strip(), [*texts[:place], left, *texts[place + 1 :]]
    return "", list(texts)


def _take_tests(texts: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    found: tuple[str, ...] = ()
    left = []
    for text in texts:
        match = None if found else _TESTS.search(text)
        if match is not None:
            found = tuple(_TEST.findall(match["tests"]))
            text = f"{text[: match.start()]}Tests:\n{text[match.end() :]}"  # noqa: PLW2901
        left.append(text)
    return found, left
