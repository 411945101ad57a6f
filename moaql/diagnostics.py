"""What is wrong in a program: data first, text second.

Each phase returns its diagnostics beside its value and raises nothing for a user's mistake. The text and the JSON form are
renderings of the same record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from moaql.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moaql.source import Source, Span

Severity = Literal["error", "warning"]


class Diagnostic(Record):
    """One mistake.

    Attributes:
        code: Stable code, `E…` for errors and `W…` for warnings; `moaql explain CODE` says more.
        message: One sentence.
        source: The text in which the mistake is.
        span: Where in that text.
        help: A way out, or "".
        fix: The text that would replace the span, or None where no replacement is certain.
    """

    code: str
    message: str
    source: Source
    span: Span
    help: str = ""
    fix: str | None = None

    @property
    def severity(self) -> Severity:
        """Told by the code's letter."""
        return "error" if self.code.startswith("E") else "warning"

    def one_line(self) -> str:
        """`file:line:column: error[E204]: message`."""
        line, column = self.source.place(self.span.start)
        return _visible(f"{self.source.name}:{line}:{column}: {self.severity}[{self.code}]: {self.message}")

    def as_json(self) -> dict[str, Any]:
        """The record as the command line's `--json` shows it; lines and columns count from 1."""
        line, column = self.source.place(self.span.start)
        end_line, end_column = self.source.place(self.span.end)
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": self.source.name,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "help": self.help,
            "fix": self.fix,
        }


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(each.severity == "error" for each in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by file and place, without exact repetitions."""
    unique = {(each.source.name, each.span.start, each.span.end, each.code, each.message): each for each in diagnostics}
    return [unique[key] for key in sorted(unique)]


def suggest(word: str, names: Iterable[str]) -> str:
    """`did you mean `llama`?` for the names closest to `word`, or "" where none is close."""
    import difflib

    pool = sorted({name for name in names if name != word})
    folded = {name.casefold(): name for name in reversed(pool)}
    close = [folded[match] for match in difflib.get_close_matches(word.casefold(), list(folded), n=3, cutoff=0.6)]
    if not close:
        return ""
    return f"did you mean {' or '.join(f'`{name}`' for name in close)}?"


_SHOWN_LINES = 3


def render(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """The diagnostic with its lines of source and the place underlined.

    Args:
        diagnostic: What to show.
        color: Whether to use ANSI colours.
    """
    paint = _painter(color)
    tint = "31" if diagnostic.severity == "error" else "33"
    source = diagnostic.source
    line, column = source.place(diagnostic.span.start)
    end_line, end_column = source.place(diagnostic.span.end)
    last = min(end_line, line + _SHOWN_LINES - 1)
    margin = " " * (len(str(last)) + 1)
    out = [
        f"{paint(f'{diagnostic.severity}[{diagnostic.code}]', tint + ';1')}: {paint(_visible(diagnostic.message), '1')}",
        f"{margin}{paint('-->', '34')} {_visible(source.name)}:{line}:{column}",
    ]
    if source.text:
        out.append(f"{margin} {paint('|', '34')}")
    for number in range(line, last + 1) if source.text else ():
        text = source.line(number)
        start = column - 1 if number == line else len(text) - len(text.lstrip())
        stop = end_column - 1 if number == end_line else len(text)
        text, start, stop = _window(text, start, stop)
        out.append(f"{paint(f'{number:>{len(margin)}} |', '34')} {_visible(text)}".rstrip())
        marks = _padding(text[:start]) + "^" * max(1, _width(text[start:stop]))
        out.append(f"{margin} {paint('|', '34')} {paint(marks, tint + ';1')}")
    if diagnostic.help:
        out.append(f"{margin} {paint('=', '34')} help: {_visible(diagnostic.help)}")
    return "\n".join(out)


def render_all(diagnostics: Sequence[Diagnostic], *, color: bool = False) -> str:
    """All diagnostics, a blank line between two of them."""
    return "\n\n".join(render(each, color=color) for each in diagnostics)


_WIDEST = 160


def _window(text: str, start: int, stop: int) -> tuple[str, int, int]:
    """The part of a very long line around its marked place."""
    if len(text) <= _WIDEST:
        return text, start, stop
    first = max(0, min(start - _WIDEST // 4, len(text) - _WIDEST))
    shown = text[first : first + _WIDEST]
    shown = ("…" if first else "") + shown[bool(first) :]
    if first + _WIDEST < len(text):
        shown = shown[:-1] + "…"
    return shown, start - first, min(stop - first, len(shown))


def _painter(color: bool) -> Any:
    return (lambda text, code: f"\x1b[{code}m{text}\x1b[0m") if color else (lambda text, _: text)


def _visible(text: str) -> str:
    """Control characters as their code points, so that a terminal cannot be driven by a program's text."""
    return "".join(_glyph(character) for character in text)


def _glyph(character: str) -> str:
    if character == "\t":
        return "    "
    return character if character.isprintable() else f"<{ord(character):02X}>"


def _width(text: str) -> int:
    return sum(len(_glyph(character)) * (2 if _is_wide(character) else 1) for character in text)


def _padding(text: str) -> str:
    return " " * _width(text)


def _is_wide(character: str) -> bool:
    if character.isascii():
        return False
    import unicodedata

    return unicodedata.east_asian_width(character) in "WF"
