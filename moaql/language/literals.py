"""Words of the text to values: numbers with their units, and strings.

In: the characters of one token. Out: a `Literal`, or a sentence that says what is wrong with it.
"""

from __future__ import annotations

import re

from moaql.language.nodes import Literal
from moaql.source import Span

_QUANTITY = re.compile(r"(-?)(\$?)(\d+)(?:([./])(\d+))?(%|ms|[smhkM])?\Z")
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_TOKENS = {"k": 1_000, "M": 1_000_000}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "0": "\0"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|\r\n|.)", re.DOTALL)


def quantity(text: str, span: Span) -> Literal | str:
    """A number with its unit, or what is wrong with it.

    `3`, `0.7`, `2/3` → number · `80%` → percent, 0.8 · `$0.01` → money, dollars · `250ms`, `8s`, `2m` → duration, seconds ·
    `4k` → size, tokens.
    """
    match = _QUANTITY.match(text)
    if match is None:
        return f"`{text}` is not a number"
    minus, dollar, whole, separator, part, unit = match.groups()
    if len(whole) > 300 or len(part or "") > 300:  # beyond any float, and int() would refuse to read it
        return f"`{text[:20]}…` is too large a number"
    above, below = _fraction(whole, separator, part)
    if not below:
        return f"`{text}` divides by zero"
    if dollar and (unit or separator == "/"):
        return f"`{text}` mixes dollars with another unit"
    if unit and separator == "/":
        return f"`{text}` mixes a fraction with a unit"
    if minus:
        above = -above
    if dollar:
        return Literal(span, "money", above / below, text)
    if unit == "%":
        return Literal(span, "percent", above / (below * 100), text)
    if unit in _MILLISECONDS:
        return Literal(span, "duration", above * _MILLISECONDS[unit] / (below * 1000), text)
    if unit in _TOKENS:
        tokens, left = divmod(above * _TOKENS[unit], below)
        return f"`{text}` is not a whole number of tokens" if left else Literal(span, "size", tokens, text)
    return Literal(span, "number", above / below if separator else above, text)


def _fraction(whole: str, separator: str | None, part: str | None) -> tuple[int, int]:
    """A number as one over another, so that only the last step rounds."""
    if separator == "/":
        return int(whole), int(part or "1")
    return int(whole + (part or "")), 10 ** len(part or "")


def string_value(raw: str) -> str:
    r"""The text of a string token: `"…"` with escapes, or `\"\"\"…\"\"\"` with its common indentation removed too."""
    raw = raw.replace("\r\n", "\n")
    if raw.startswith('"""'):
        return _unescape(_dedent(raw[3:-3]))
    return _unescape(raw[1:-1])


def bad_escape(raw: str) -> tuple[int, str] | None:
    """The offset in the token and the text of the first escape that means nothing, or None."""
    for match in _ESCAPE.finditer(raw):
        letter = match[1]
        is_code = len(letter) == 5 and not _is_surrogate(letter)
        if not is_code and letter not in _ESCAPES and letter not in ("\n", "\r\n"):
            return match.start(), match[0]
    return None


def _is_surrogate(code: str) -> bool:
    """Whether `uXXXX` is half of a pair, which is no character by itself."""
    return 0xD800 <= int(code[1:], 16) <= 0xDFFF


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text

    def meaning(match: re.Match[str]) -> str:
        letter = match[1]
        if len(letter) == 5:
            return "\ufffd" if _is_surrogate(letter) else chr(int(letter[1:], 16))
        return "" if letter == "\n" else _ESCAPES.get(letter, match[0])

    return _ESCAPE.sub(meaning, text)


def _dedent(text: str) -> str:
    """Without the indentation that all lines after the first share, and without a line break right after the opening."""
    first, *rest = text.split("\n")
    indents = [len(line) - len(line.lstrip()) for line in rest if line.strip()]
    if rest and not rest[-1].strip():  # the closing quotes stand on a line of their own: their indentation counts
        indents.append(len(rest[-1]))
        rest[-1] = ""
    margin = min(indents, default=0)
    lines = [line[margin:] if line.strip() else "" for line in rest]
    return "\n".join(lines if not first.strip() and rest else [first, *lines])


def string_literal(raw: str, span: Span) -> Literal:
    """The literal of a string token."""
    return Literal(span, "string", string_value(raw), raw)


def quote(text: str) -> str:
    """A one-line string token that means `text`."""
    out = []
    for character in text:
        if character in '"\\':
            out.append("\\" + character)
        elif character == "\n":
            out.append("\\n")
        elif character.isprintable() or ord(character) > 0xFFFF:
            out.append(character)
        else:
            out.append(f"\\u{ord(character):04x}")
    return f'"{"".join(out)}"'
