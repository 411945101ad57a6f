"""Lark's parse errors in the words of somebody who writes moaql.

In: the exception and the text. Out: one `Diagnostic` with the exact place and, for mistakes that people often make, a way out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from moaql.diagnostics import Diagnostic
from moaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lark.exceptions import UnexpectedInput

_STATEMENT = frozenset({"IMPORT", "MODEL", "PROMPT", "TOPOLOGY", "EVAL", "SEARCH"})
_STEP = frozenset({"NAME", "LEFT_PARENTHESIS", "WHEN", "ROUTE", "UNTIL", "SKIP", "HOLE_OPEN"})
_VALUE = frozenset({"STRING", "LONG_STRING", "NUMBER", "TRUE", "FALSE", "NONE", "LEFT_BRACKET"})

_SHOWN = {
    "NAME": "a name",
    "KEY": "a name and `=`",
    "STRING": "a string",
    "LONG_STRING": "a string",
    "NUMBER": "a number",
    "TIMES": "a repeat such as `x3`",
    "TIMES_HOLE": "a repeat such as `x3`",
    "COMPARE": "a comparison such as `>=`",
    "HOLE_OPEN": "a hole `?(`",
    "$END": "the end of the program",
    "ARROW": "`->`",
    "EQUAL": "`=`",
    "FIT": "`?`",
    "RANGE": "`..`",
    "BAR": "`|`",
    "COMMA": "`,`",
    "COLON": "`:`",
    "LEFT_PARENTHESIS": "`(`",
    "RIGHT_PARENTHESIS": "`)`",
    "LEFT_BRACKET": "`[`",
    "RIGHT_BRACKET": "`]`",
    "LEFT_BRACE": "`{`",
    "RIGHT_BRACE": "`}`",
}

_CHARACTERS = {
    "'": 'strings are written with double quotes: "…"',
    "“": 'strings are written with straight double quotes: "…"',
    "”": 'strings are written with straight double quotes: "…"',
    ";": "statements need nothing between them",
    "→": "write `->`",
    "–": "write `->` for an arrow",
    "—": "write `->` for an arrow",
    "&": "write `and`",
    "!": "write `not`",
    "/": 'a name with `/` is written as a string: "provider/model"',
    "@": 'a name with `@` is written as a string: "model@host"',
    "+": 'a name with `+` is written as a string: "…"',
    "*": "a repeat is written `x3`",
    "<": "write `->` for an arrow",
    "\\": 'a file name is written as a string: "…"',
}


def explain(source: Source, error: UnexpectedInput) -> Diagnostic:
    """The diagnostic of one parse error."""
    if isinstance(error, UnexpectedCharacters):
        return _unexpected_character(source, error.pos_in_stream or 0)
    assert isinstance(error, UnexpectedToken)
    return _unexpected_token(source, error)


def _unexpected_character(source: Source, at: int) -> Diagnostic:
    text = source.text
    if text[at] == '"':
        return _unclosed_string(source, at)
    number = re.compile(r"[-$]?\d[\w.%/$]*").match(text, at)
    if number is not None:
        message = f"`{_short(number[0])}` is not a number"
        return Diagnostic(
            "E113", message, source, Span(*number.span()), "numbers look like 3, 0.7, 2/3, 80%, $0.01, 250ms, 8s or 4k"
        )
    character = text[at]
    if character == "." and text[at + 1 : at + 2].isdigit():
        return Diagnostic("E113", "a number begins with a digit", source, Span(at, at + 1), "write `0.7`")
    if character == "$":
        return Diagnostic("E113", "`$` without an amount", source, Span(at, at + 1), "write dollars as `$0.01`")
    word = _word_around(text, at)
    if character in "/:@+" and word.end - word.start > 1:
        whole = text[word.start : word.end]
        help = f'names with `{character}` are written as strings: "{_short(whole)}"'
        return Diagnostic("E112", f"unexpected `{character}` in a name", source, word, help, f'"{whole}"')
    shown = f"`{character}`" if character.isprintable() else f"the control character U+{ord(character):04X}"
    return Diagnostic("E112", f"unexpected {shown}", source, Span(at, at + 1), _CHARACTERS.get(character, ""))


def _unclosed_string(source: Source, at: int) -> Diagnostic:
    if source.text.startswith('"""', at):
        return Diagnostic("E111", "the string is never closed", source, Span(at, at + 3), 'close it with `"""`')
    end = source.text.find("\n", at)
    end = len(source.text) if end < 0 else end
    return Diagnostic(
        "E111",
        "the string is not closed on its line",
        source,
        Span(at, end),
        'close it with `"`, or use `"""` for several lines',
    )


def _word_around(text: str, at: int) -> Span:
    start, end = at, at
    while start > 0 and re.match(r"[\w.\-/:@+]", text[start - 1]):
        start -= 1
    while end < len(text) and re.match(r"[\w.\-/:@+]", text[end]):
        end += 1
    return Span(start, end)


def _unexpected_token(source: Source, error: UnexpectedToken) -> Diagnostic:
    token, accepts = error.token, frozenset(error.accepts or error.expected)
    if token.type == "$END":
        end = len(source.text[: _end_of(error)].rstrip())
        return Diagnostic("E110", f"the statement ends too early: expected {expected(accepts)}", source, Span(end, end))
    span = Span(token.start_pos or 0, token.end_pos or 0)
    code, message, help = _often(token.type, str(token), accepts, source, span)
    return Diagnostic(
        code, message or f"unexpected `{_short(str(token))}`: expected {expected(accepts)}", source, span, help
    )


def _end_of(error: UnexpectedToken) -> int:
    # The end token carries the place of the last real token.
    return error.token.end_pos or 0


def _often(kind: str, text: str, accepts: frozenset[str], source: Source, span: Span) -> tuple[str, str, str]:
    """Code, message ("" for the general one) and help of mistakes that people often make."""
    if kind in ("TIMES", "TIMES_HOLE"):
        return "E115", f"`{text}` repeats nothing", "a repeat follows a name, a list, a stage or a parenthesis, once"
    if kind == "EQUAL" and source.text[span.end : span.end + 1] == ">":
        return "E110", "", "an arrow is written `->`"
    if kind == "EQUAL" and "TOPOLOGY" in accepts:
        return "E110", "", "a statement starts with `model`, `topology`, `prompt`, `eval` or `search`"
    if kind == "COMMA" and "ARROW" in accepts:
        return "E110", "", "several values stand in a list: `[a, b]`"
    if kind == "BAR" and "ARROW" in accepts:
        return "E110", "", "alternatives stand in a hole: `?(a | b)`"
    if kind in ("NAME", "LEFT_BRACKET", "STRING", "NUMBER") and "KEY" in accepts and "ARROW" in accepts:
        return "E110", "", "values stand before settings, and settings are written `name=value`"
    if kind == "NAME" and accepts == {"KEY"}:
        return "E110", f"expected `=` after `{text}`", f"write `{_word_before(source, span)} {text} = …`"
    if kind == "KEY" and "NAME" in accepts and "LEFT_BRACKET" not in accepts:
        before = _word_before(source, span)
        if before in ("prompt", "search"):
            return "E110", f"unexpected `=` after `{text}`", f"write `{before} {text} {{ … }}`"
    if kind in _STEP and "ARROW" in accepts and "TOPOLOGY" in accepts:
        return "E110", "", "two pipelines in one file need names: `topology NAME = …`"
    if kind == "COMPARE" and "ARROW" in accepts:
        return "E110", "", "an arrow is written `->`"
    if kind == "FIT":
        return "E110", "", "a choice is written `?(a | b)`, and a fitted value `weights=?`"
    return "E110", "", ""


def _word_before(source: Source, span: Span) -> str:
    words = source.text[max(0, span.start - 200) : span.start].split()
    return words[-1] if words else ""


def expected(accepts: Iterable[str]) -> str:
    """The accepted terminals as words, in a fixed order: `a name, a number or "`"`."""
    names = set(accepts)
    words: list[str] = []
    if names >= _STATEMENT:
        words.append("a statement")
        names -= _STATEMENT
    if names >= _VALUE:
        words.append("a value")
        names -= _VALUE | {"NAME", "HOLE_OPEN", "FIT", "LEFT_BRACE"}
    elif names >= _STEP:
        words.append("a step")
        names -= _STEP
    words += sorted({_SHOWN.get(name, f"`{name.lower()}`") for name in names})
    if len(words) > 6:
        words = [*words[:5], "something else"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else "nothing more"


def _short(text: str) -> str:
    text = text.split("\n", maxsplit=1)[0]
    return text if len(text) <= 40 else text[:39] + "…"
