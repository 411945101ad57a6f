"""Text that others wrote, made safe to stand in a page. Every text of a result goes through here."""

from __future__ import annotations

import html
import json
import re
from typing import Any

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
"""What HTML and UTF-8 cannot hold: control characters and halves of surrogate pairs."""
_CODE = re.compile("`([^`]+)`")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of the text around it, so that it reads as something that it is not."""


def clean(text: str) -> str:
    """A text without what a page cannot hold; what would turn its direction is shown by its number."""
    text = _UNSEEN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escape(text: str) -> str:
    """A text as it may stand between tags and inside a quoted attribute."""
    return html.escape(clean(text), quote=True)


def cut(text: str, most: int) -> str:
    """A text of at most so many characters, with an ellipsis where it was longer. Not escaped yet."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def shown(value: Any) -> str:
    """A value of JSON as people write it: text as it stands, lists with commas, all else as JSON. Not escaped yet."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        return ", ".join(map(shown, value)) or "none"
    return json.dumps(value, ensure_ascii=False)


def paragraph(*sentences: str) -> str:
    """Sentences, not escaped yet, as one paragraph."""
    return f"<p>{_coded(sentences)}</p>"


def note(*sentences: str) -> str:
    """A paragraph in small print."""
    return f'<p class="note">{_coded(sentences)}</p>'


def _coded(sentences: tuple[str, ...]) -> str:
    """Sentences in one, with what stands between backticks set as code."""
    return _CODE.sub(r"<code>\1</code>", escape(" ".join(each for each in sentences if each)))


def times(count: int, noun: str) -> str:
    """`1 item`, `40 items`, `2 topologies`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"
