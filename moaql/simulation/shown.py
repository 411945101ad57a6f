"""Candidates as prompts show them: in tags, numbered, or plain; and what each of them gives as its answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.simulation.forms import COMPARES
from moaql.simulation.texts import PERSUASIVE

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Shown:
    """A candidate that a prompt shows.

    Attributes:
        number: Its number in the prompt, from 1.
        text: What it says.
        critique: What critics said of it, or "".
    """

    number: int
    text: str
    critique: str = ""

    @property
    def persuasive(self) -> bool:
        """Whether it argues with emphasis that it must be believed."""
        return any(each in self.text for each in PERSUASIVE)


_OPEN = re.compile(r"<(?:candidate|response|answer|reference|draft)\b[^>\n]*>", re.IGNORECASE)
_CLOSE = re.compile(r"</(?:candidate|response|answer|reference|draft)>", re.IGNORECASE)
_MARK = re.compile(
    r"^[ \t]*(?:\[(\d{1,3})\]|(\d{1,3})[.):]|(?:#+ *|\*\*)?(?:Candidate|Response|Answer|Draft|Assistant|"
    r"Proposal|Model|Reference)\s*#?"
    r"(\d{1,3})\**\s*[:.)]?\**|-+ RESPONSE (\d{1,3})[^\n]*)(?=\s)",
    re.MULTILINE | re.IGNORECASE,
)
_FORM_EXAMPLE = re.compile(
    r"^[ \t]*\[1\][ \t]*\n[ \t]*Strengths:[^\n]{0,8}\n[ \t]*Weaknesses:[^\n]{0,8}(?:\n[ \t]*\w+:[^\n]{0,8})*$",
    re.MULTILINE,
)
_CRITIQUES = re.compile(
    r"(?:\[(\d{1,3})\]|(\d{1,3})[.):]|(?:candidate|answer|response|critique|number|n|"
    r"id)\D{0,14}(\d{1,3})\D{0,4})?[^\S\n]*\n?[ \t]*"
    r"(?:Critique:\s*)?(?P<said>Strengths:[\s\S]*?Weaknesses:[^\n]*)",
    re.IGNORECASE,
)
_JUDGED_TEXT = re.compile(
    r"^[ \t]*(?:#+ *|\*\*|\[)?(?:The )?(?:answer|response|candidate|output|submission)(?: to (?:judge|rate|"
    r"check))?\]?\**:\**[ \t]*\n?(?P<text>[\s\S]+)",
    re.IGNORECASE | re.MULTILINE,
)
_FINAL = re.compile(
    r"\\boxed\{(?P<boxed>[^\n]*?)\}\$?(?=[\s.*]|$)|\"answer\"\s*:\s*(?P<json>\"(?:[^\"\\]|\\.)*\"|[^\s,}]+)|"
    r"\b(?:the|final|my)?\s*answer(?:\s+is\s*:?|\s*:)\s*\**\s*(?P<said>\S[^\n]*)|"
    r"\bcomes? out as (?P<loose>[^\n]+?) after all\b",
    re.IGNORECASE,
)
_LAST_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_PLAIN_END = re.compile(
    r"(?:\b(?:The answer is|Answer:|\*\*The answer is|The final answer is)[^\n]+|after all)(?:\n|\Z)"
)


def final_answer(text: str, *, letter: bool = False) -> str:
    """The answer that a text ends with, as usual extraction reads it, or "".

    Args:
        text: The candidate.
        letter: Whether the answer is the letter of an option.
    """
    match = None
    for match in _FINAL.finditer(text):  # noqa: B007 - the last one counts
        pass
    if match is None:
        alone = text.strip()
        if len(alone) <= 40 and "\n" not in alone and len(alone.split()) <= 4:
            return tidy(alone, letter=letter)
        numbers = _LAST_NUMBER.findall(text)
        return numbers[-1] if numbers and not letter else ""
    if match["json"] is not None:
        found = match["json"]
        if found.startswith('"'):
            try:
                found = str(json.loads(found))
            except ValueError:
                found = found.strip('"')
        return tidy(found, letter=letter)
    return tidy(match["boxed"] or match["said"] or match["loose"], letter=letter)


def tidy(answer: str, *, letter: bool = False) -> str:
    """An answer without what surrounds it."""
    answer = answer.strip().removesuffix(".").strip("*$").strip()
    answer = answer.removesuffix(".").strip("*$").strip()
    while (boxed := re.fullmatch(r"\\boxed\{(.*)\}", answer)) is not None:
        answer = boxed[1].strip("$ ")
    if letter:
        match = re.match(r"\(?([A-Z])\b\)?", answer)
        return match[1] if match else answer
    return answer.strip("`")


def find_candidates(texts: Sequence[str]) -> tuple[tuple[Shown, ...], list[str]]:
    """The candidates in the texts of messages, and the texts without them and their critiques."""
    taken = [_tagged(text) for text in texts]
    bodies = [body for _, found in taken for body in found]
    if bodies:
        return _with_critiques(bodies, [left for left, _ in taken])
    rest = [_FORM_EXAMPLE.sub("", text) for text in texts]
    for place, text in enumerate(rest):
        if not COMPARES.search(text):
            continue
        before, bodies = _numbered(text) or _plain(text) or ("", [])
        if bodies:
            rest[place] = before
            return _with_critiques(bodies, rest)
    return (), list(texts)


def _tagged(text: str) -> tuple[str, list[str]]:
    """The text without what stands in tags, and what stands in them. Instructions may name the tag without closing it."""
    if "</" not in text:
        return text, []
    *pieces, last = _CLOSE.split(text)
    left, bodies = "", []
    for piece in pieces:
        start = None
        for start in _OPEN.finditer(piece):  # noqa: B007 - the last one opens what is closed here
            pass
        if start is None:
            left += piece
        else:
            left += piece[: start.start()]
            bodies.append(piece[start.end() :].strip())
    return left + last, bodies


def _numbered(text: str) -> tuple[str, list[str]] | None:
    critiques = text.find("Strengths:")
    marks: list[re.Match[str]] = []
    for match in _MARK.finditer(text):
        number = next(int(each) for each in match.groups() if each is not None)
        if number == len(marks) + 1 and not text[match.end() :].lstrip().startswith("Strengths:"):
            marks.append(match)
    if not marks:
        return None
    end = critiques if critiques > marks[-1].end() else len(text)
    ends = [*(mark.start() for mark in marks[1:]), end]
    bodies = [text[mark.end() : stop].strip() for mark, stop in zip(marks, ends, strict=True)]
    tail = re.search(r"\n\s*\n(?=(?:The )?(?:question|query)\s*:)", bodies[-1], re.IGNORECASE)
    behind = text[end:]
    if tail is not None:
        behind = bodies[-1][tail.end() :] + behind
        bodies[-1] = bodies[-1][: tail.start()].strip()
    return text[: marks[0].start()] + "\n" + behind, bodies


def _plain(text: str) -> tuple[str, list[str]] | None:
    """Candidates one behind the other: each ends where it gives its answer."""
    start = text.find("\n\n")
    if start < 0:
        return None
    ends = [match.end() for match in _PLAIN_END.finditer(text, start)]
    if ends:
        starts = [start, *ends[:-1]]
        return text[:start] + "\n" + text[ends[-1] :], [
            text[one:other].strip() for one, other in zip(starts, ends, strict=True)
        ]
    match = _JUDGED_TEXT.search(text, start)
    if match is not None:
        return text[: match.start()], [match["text"].strip()]
    paragraphs = [part.strip() for part in text[start:].split("\n\n") if len(part.strip()) > 120]
    return (text[:start], paragraphs) if len(paragraphs) > 1 else None


def _with_critiques(bodies: Sequence[str], rest: Sequence[str]) -> tuple[tuple[Shown, ...], list[str]]:
    """The candidates with the critiques that stand in them or behind them."""
    said: dict[int, str] = {}
    left = []
    for text in rest:
        number = 0
        for match in _CRITIQUES.finditer(_FORM_EXAMPLE.sub("", text)):
            named = next((int(each) for each in match.groups()[:3] if each is not None), None)
            number = named if named is not None else number + 1
            said[number] = f"{said.get(number, '')}\n{match['said']}".strip()
        left.append(_CRITIQUES.sub("", text) if said and "{" not in text and not _FORM_EXAMPLE.search(text) else text)
    shown = []
    for number, body in enumerate(bodies, 1):
        text, critique = body, said.get(number, "")
        place = re.search(r"\n\s*(?:Critique:|Strengths:)", body)
        if place is not None:
            text, critique = body[: place.start()].strip(), f"{body[place.start() :].strip()}\n{critique}".strip()
        shown.append(Shown(number, text, critique))
    return tuple(shown), left
