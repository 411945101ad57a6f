"""The place in a text that is marked as its answer.

Looked for in this order:

1. an `answer` field of JSON, also of JSON that is not valid, is cut off, or stands in a fence: the first one, because what
   follows a complete answer is often another task that the model made up;
2. the last `\\boxed{…}`;
3. the last line `#### …`;
4. the last `the answer is …`, `final answer: …` or `answer: …`, to the end of its sentence;
5. bold words at the end of the text.
"""

from __future__ import annotations

import json
import re

_FIELD = re.compile(r"""(?:final[_ ])?answer\\?["'”]\s*:\s*""", re.IGNORECASE)
_QUOTED = re.compile(r'\\?"(.*?)(?:(?<!\\)"(?=\s*(?:[,}\n]|\Z))|\\"(?=\s*[\n}])|\Z)', re.DOTALL)
_BARE = re.compile(r"[^\n]*?(?=,?\s*(?:\n|\}\s*(?:\Z|```)|\Z))")
_VALUE_END = re.compile(r"\s*(?:[,}\]\n`]|\Z)")
_HOLE = re.compile(r"[_…\s]*|\.{3}|<[^<>]*>")
_HASHES = re.compile(r"^[ \t]*####[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_SAID = re.compile(
    r"\banswer(?:\s+to\s+[^.:\n]{1,80}?)?[*_\"]*\s*(?:is|are|=|:|equals|would be|must be)(?![\w'’])[*_]*\s*:?"
    r"[*_\s]*(?:\\\[|\\\(|\$+|```\w*)?\s*(?=\S)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|\.(?!\d)(?=[\s\"*$)]|\Z)|[!?](?=\s|\Z)")
_BOLD = re.compile(r"(?:\*\*|__)([^*_\n]+?)(?:\*\*|__)[\s.!]*\Z")
_decoder = json.JSONDecoder(strict=False)


def marked(text: str) -> str | None:
    """The marked answer, as it is written; None where nothing is marked."""
    for look in (json_field, boxed, hashes, said, bold):
        found = look(text)
        if found is not None:
            return found
    return None


def json_field(text: str, *, empty: bool = False) -> str | None:
    """The value of the first `answer` field that is filled in; a value that is no string is returned as JSON.

    Args:
        text: A model's text.
        empty: Whether an empty string is an answer.
    """
    if "nswer" not in text:
        return None
    for match in _FIELD.finditer(text):
        value = _json_value(text, match.end())
        if _HOLE.fullmatch(value) is None or (empty and not value):
            return value
    return None


def _json_value(text: str, start: int) -> str:
    try:
        value, end = _decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        pass
    else:
        if _VALUE_END.match(text, end):
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        return quoted[1].strip()
    bare = _BARE.match(text, start)
    return bare[0].strip() if bare else ""


def boxed(text: str) -> str | None:
    """What stands in the last `\\boxed{…}` that is closed, whatever braces are in it."""
    at = len(text)
    while (at := text.rfind("\\boxed", 0, at)) >= 0:
        start = text.find("{", at)
        end = _closing(text, start) if start >= 0 else None
        if end is not None and text[start + 1 : end].strip():
            return text[start + 1 : end].strip()
    return None


def _closing(text: str, start: int) -> int | None:
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return position
    return None


def hashes(text: str) -> str | None:
    """What stands behind the last `####` at the start of a line, as in the solutions of GSM8K (Cobbe et al. 2021)."""
    if "####" not in text:
        return None
    lines: list[str] = _HASHES.findall(text)
    # `#### Step 3` is a heading: an answer is the last thing said.
    return lines[-1] if lines and text.rstrip().endswith(lines[-1]) else None


def said(text: str) -> str | None:
    """What stands behind the last `the answer is`, to the end of the sentence."""
    if "nswer" not in text and "NSWER" not in text:
        return None
    matches = list(_SAID.finditer(text))
    if not matches:
        return None
    start = matches[-1].end()
    end = _SENTENCE_END.search(text, start)
    return text[start : end.start() if end else len(text)].strip() or None


def bold(text: str) -> str | None:
    """The bold words that end the text."""
    found = _BOLD.search(text[-300:])
    return found[1].strip() if found else None
