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

_FIELD = re.compile(r"""(?:final[_ ])?answer\\?["'”]\s*+:\s*+""", re.IGNORECASE)
_QUOTED = re.compile(r'\\?"(.*?)(?:(?<!\\)"(?=\s*(?:[,}\n]|\Z))|\\"(?=\s*[\n}])|\Z)', re.DOTALL)
_BARE = re.compile(r"[^\n]*?(?=,?(?:\n|[ \t]{0,9}\}\s*+(?:\Z|```)|\Z))")
_VALUE_END = re.compile(r"\s*+(?:[,}\]`]|\Z)|[ \t]*+\n")
# Behind a string: its quotes were not its own, as in `"a "b" c"`.
_GOES_ON = re.compile(r"\w")
_HOLE = re.compile(r"[_…\s]*|\.{3}|<[^<>]*>")
_BRACE = re.compile(r"\\boxed\s*\{|[{}]")
_HASHES = re.compile(r"^[ \t]*+####[ \t]++(\S.*)$", re.MULTILINE)
_SAID = re.compile(
    r"\banswer(?:\s++to\s++[^.:\n]{1,80}?)?[*_\"]*+\s*+(?:is|are|=|:|equals|would be|must be)(?![\w'’])[*_]*+\s*+:?"
    r"[*_\s]*+(?:\\\[|\\\(|\$++|```\w*+)?\s*+(?=\S)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|\.(?!\d)(?=[\s\"*$)]|\Z)|[!?](?=\s|\Z)")
_BOLD = re.compile(r"(?:\*\*|__)([^*_\n]+?)(?:\*\*|__)[\s.!]*+\Z")
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
        if isinstance(value, str) and not _GOES_ON.match(text, end):
            return value
        if not isinstance(value, str) and _VALUE_END.match(text, end):
            return json.dumps(value, ensure_ascii=False)
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        return quoted[1].strip()
    bare = _BARE.match(text, start)
    return bare[0].strip() if bare else ""


def boxed(text: str) -> str | None:
    """What stands in the last `\\boxed{…}` that is closed, whatever braces are in it."""
    if "\\boxed" not in text:
        return None
    opened: list[tuple[int, bool]] = []
    last = (-1, -1)
    for brace in _BRACE.finditer(text):
        if brace[0] != "}":
            opened.append((brace.end(), len(brace[0]) > 1))
        elif opened:
            start, is_box = opened.pop()
            if is_box and start > last[0] and text[start : brace.start()].strip():
                last = (start, brace.start())
    return text[slice(*last)].strip() if last[0] >= 0 else None


def hashes(text: str) -> str | None:
    """What stands behind the last `####` at the start of a line, as in the solutions of GSM8K (Cobbe et al. 2021)."""
    if "####" not in text:
        return None
    lines: list[str] = [line.rstrip() for line in _HASHES.findall(text)]
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
