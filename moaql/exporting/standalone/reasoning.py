"""Reasoning traces, taken out of a whole text as `moaql.answers.reasoning` takes them out of streams."""

from __future__ import annotations

import re

_TAG = r"(?i:(?<!`)<(?P<close>/?)(?P<name>think|thinking|thought|reasoning)>)"
_MARK = re.compile(rf"{_TAG}|^[ ]{{0,3}}(?P<fence>`{{3,}}|~{{3,}})", re.MULTILINE)


def without_reasoning(text: str) -> str:
    """The text without what stands between <think> tags, or before a closing tag that nothing opens; code keeps its tags."""
    if re.search(_TAG, text) is None:
        return text
    answer, start, fence = "", 0, ""
    opened: list[str] = []
    for mark in _MARK.finditer(text):
        name = (mark["name"] or "").lower()
        if mark["fence"]:
            if not opened and mark["fence"].startswith(fence):
                fence = "" if fence else mark["fence"]
        elif fence:
            continue
        elif not mark["close"]:
            if not opened:
                answer, start = answer + text[start : mark.start()], mark.start()
            opened.append(name)
        elif name in opened:
            while opened.pop() != name:
                pass
            start = start if opened else mark.end()
        elif not opened:
            answer, start = "", mark.end()
    if opened and not answer.strip():
        return ""  # it was cut off while the model was thinking
    return (answer + text[start:]).strip()
