"""Line breaking for the formatter: a small document algebra in the manner of Wadler's "A prettier printer" (2003).

A document is text with places where a line may break. A `Group` is set on one line if it fits, and broken at all its own places
if not. A comment always ends its line, wherever it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 100


@dataclass(frozen=True)
class Text:
    """Characters that are never changed. They may hold line breaks (a long string)."""

    text: str


@dataclass(frozen=True)
class Comment:
    """A comment; whatever follows starts on a new line.

    Attributes:
        text: From `#` to the end of its line.
        own_line: Whether it stands on a line of its own.
        blank_before: Whether a blank line stands before it.
    """

    text: str
    own_line: bool
    blank_before: bool = False


@dataclass(frozen=True)
class Break:
    """A place where a line may break; `flat` is what stands there otherwise."""

    flat: str = " "
    hard: bool = False
    blank: bool = False


@dataclass(frozen=True)
class Indent:
    """What it holds is indented by two more columns."""

    inside: Document


@dataclass(frozen=True)
class Group:
    """Set on one line if it fits and `broken` does not forbid it."""

    inside: Document
    broken: bool = False


Document: TypeAlias = Text | Comment | Break | Indent | Group | tuple["Document", ...]

SPACE = Text(" ")
LINE = Break()
SOFT = Break("")
HARD = Break(hard=True)


def join(separator: Document, parts: list[Document]) -> Document:
    """The parts with the separator between each two."""
    out: list[Document] = []
    for part in parts:
        out += [separator, part] if out else [part]
    return tuple(out)


class _Page:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.column = 0
        self.line_is_empty = True
        self.must_break = False
        self.continued = 0  # columns by which what follows a comment inside a line is indented more
        self.blank_lines = 1  # at the top of the page: no blank line is wanted there

    def new_line(self, *, blank: bool = False) -> None:
        if not self.line_is_empty:
            self.out.append("\n")
            self.blank_lines = 0
        if blank and self.blank_lines == 0:
            self.out.append("\n")
            self.blank_lines = 1
        self.column, self.line_is_empty, self.must_break, self.continued = 0, True, False, 0

    def write(self, text: str, indent: int) -> None:
        if self.must_break and not text.strip(" "):
            return
        if self.must_break:
            more = self.continued
            self.new_line()
            indent += more
        if self.line_is_empty:
            text = text.lstrip(" ")
            if not text:
                return
            self.out.append(" " * indent)
            self.column, self.line_is_empty, self.blank_lines = indent, False, 0
        self.out.append(text)
        last = text.rfind("\n")
        self.column = len(text) - last - 1 if last >= 0 else self.column + len(text)

    def strip_spaces(self) -> None:
        while self.out and self.out[-1] == " ":
            self.out.pop()


def render(document: Document, width: int = WIDTH) -> str:
    """Set a document in lines of at most `width` columns where its places to break allow that."""
    page = _Page()
    todo: list[tuple[int, bool, Document]] = [(0, False, document)]
    while todo:
        indent, flat, part = todo.pop()
        if isinstance(part, tuple):
            todo.extend((indent, flat, each) for each in reversed(part))
        elif isinstance(part, Text):
            page.write(part.text, indent)
        elif isinstance(part, Indent):
            todo.append((indent + 2, flat, part.inside))
        elif isinstance(part, Group):
            fits = flat or (
                not part.broken and _fits(part.inside, todo, width - max(page.column, indent), width - indent)
            )
            todo.append((indent, fits, part.inside))
        elif isinstance(part, Comment):
            _set_comment(page, part, indent)
        elif part.hard or not flat:
            page.strip_spaces()
            page.new_line(blank=part.blank)
        else:
            page.write(part.flat, indent)
    page.strip_spaces()
    page.new_line()
    return "".join(page.out)


def _set_comment(page: _Page, comment: Comment, indent: int) -> None:
    page.strip_spaces()
    inside = page.continued if page.must_break else 0 if page.line_is_empty else 2
    if comment.own_line or page.must_break or page.line_is_empty:
        page.new_line(blank=comment.blank_before)
        page.write(comment.text, indent + inside)
    else:
        page.write("  " + comment.text, indent)
    page.must_break, page.continued = True, inside


def _fits(document: Document, rest: list[tuple[int, bool, Document]], room: int, whole: int) -> bool:  # noqa: PLR0912 - one case a kind
    """Whether the document, and what follows it up to the next place to break, has room on one line.

    Args:
        document: What is to be set.
        rest: What follows it, last first.
        room: Columns left on this line.
        whole: Columns of a new line, which is begun where the document begins with comments.
    """
    todo: list[tuple[bool, Document]] = [(True, document)]
    behind = len(rest) - 1
    begun = False
    while room >= 0:
        if not todo:
            if behind < 0:
                return True
            _, flat, part = rest[behind]
            behind -= 1
            todo.append((flat, part))
            continue
        flat, part = todo.pop()
        if isinstance(part, tuple):
            todo.extend((flat, each) for each in reversed(part))
        elif isinstance(part, Text):
            first, *more = part.text.split("\n", 1)
            room -= len(first)
            begun = True
            if more:
                return room >= 0
        elif isinstance(part, Indent):
            todo.append((flat, part.inside))
        elif isinstance(part, Group):
            if part.broken and flat and behind == len(rest) - 1:
                return False
            todo.append((flat and not part.broken, part.inside))
        elif isinstance(part, Comment) and not begun:
            room = whole
        elif isinstance(part, Comment):
            return behind < len(rest) - 1 or not (part.own_line or any(_has_text(each) for _, each in todo))
        elif part.hard and not begun:
            room = whole
        elif part.hard or not flat:
            return behind < len(rest) - 1
        else:
            room -= len(part.flat)
    return False


def _has_text(document: Document) -> bool:
    if isinstance(document, tuple):
        return any(_has_text(part) for part in document)
    if isinstance(document, Indent | Group):
        return _has_text(document.inside)
    return isinstance(document, Text | Comment)
