"""A program's text and the places in it.

In: a path or a string. Out: a `Source`, whose offsets (in characters, from 0) are the one currency for places; lines and
columns (from 1) are worked out only when something is shown.
"""

from __future__ import annotations

import bisect
from functools import cached_property
from typing import NamedTuple

MAX_BYTES = 1_000_000
"""A program is written by people: anything longer is some other file."""


class Span(NamedTuple):
    """The characters `start` (included) to `end` (excluded) of a source."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.start, other.end)


class Source:
    """The text of one program and the name to show for it."""

    def __init__(self, text: str, name: str = "<text>", path: str | None = None) -> None:
        self.text = text
        self.name = name
        self.path = path

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        find, position = self.text.find, -1
        while (position := find("\n", position + 1)) >= 0:
            starts.append(position + 1)
        return starts

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column, both from 1, of a character offset."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1) without its line break."""
        starts = self._line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} characters)"
