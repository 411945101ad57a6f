"""A look over the brackets before parsing: their depth, and what is never closed.

Cheap and linear, so that neither a file of ten thousand parentheses nor a lost one is the parser's problem.
"""

from __future__ import annotations

import re

from moaql.diagnostics import Diagnostic
from moaql.records import Record
from moaql.source import Source, Span

MAX_DEPTH = 60

STRINGS_AND_COMMENTS = r'#[^\n]*|"""(?:[^\\]|\\[\s\S])*?"""|"(?:[^"\\\n]|\\.)*"'
_MARK = re.compile(STRINGS_AND_COMMENTS + r"|[()\[\]{}]")
_CLOSES = {")": "(", "]": "[", "}": "{"}


class Brackets(Record):
    """What the look found: the first wrong bracket, and the first one that lies too deep."""

    mismatch: Diagnostic | None
    too_deep: Diagnostic | None


def look_over(source: Source) -> Brackets:
    """Match the brackets outside strings and comments."""
    open_marks: list[tuple[str, int]] = []
    mismatch: Diagnostic | None = None
    for match in _MARK.finditer(source.text):
        mark, at = match[0], match.start()
        if mark in "([{":
            open_marks.append((mark, at))
            if len(open_marks) > MAX_DEPTH:
                message = f"more than {MAX_DEPTH} brackets inside each other"
                deep = Diagnostic(
                    "E104", message, source, Span(at, at + 1), "give the inner part a name: `topology NAME = …`"
                )
                return Brackets(mismatch, deep)
        elif mark in _CLOSES and mismatch is None:
            if not open_marks:
                mismatch = Diagnostic("E116", f"`{mark}` closes nothing", source, Span(at, at + 1))
            elif open_marks[-1][0] != _CLOSES[mark]:
                other, place = open_marks[-1]
                line, column = source.place(place)
                message = f"`{mark}` does not close the `{other}` of line {line}, column {column}"
                mismatch = Diagnostic("E116", message, source, Span(at, at + 1))
            else:
                open_marks.pop()
    if mismatch is None and open_marks:
        mark, at = open_marks[-1]
        mismatch = Diagnostic("E116", f"`{mark}` is never closed", source, Span(at, at + 1))
    return Brackets(mismatch, None)
