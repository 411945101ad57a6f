"""Fitted numbers in a program's text: everything else is kept, and a comment above the statement says where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.routes import CODES
from moaql.errors import MoaqlError
from moaql.source import Source, Span
from moaql.tuning.numbers.conditions import replaced
from moaql.tuning.numbers.fitted import STAMP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.check.program import Program


def written_with(program: Program, values: Mapping[Span, str], comment: str) -> str:
    """The program's text with something else at some places, formatted.

    Args:
        program: Without errors.
        values: What shall stand where.
        comment: What to say above each statement that is changed, without `#`. An earlier comment of that kind is replaced.

    Raises:
        MoaqlError: if the text would be no program.
    """
    from moaql.check.checker import check_source
    from moaql.language.formatter import format_source

    if not values:
        return program.source.text
    edits = dict(values)
    text = program.source.text
    for statement in program.unit.module.statements:
        if any(statement.span.start <= span.start < statement.span.end for span in values):
            edits |= _comment(text, statement.span.start, comment)
    source = Source(replaced(text, edits), program.source.name, program.source.path)
    errors = [each for each in check_source(source).blocking if each.code not in CODES]
    if errors:
        raise MoaqlError(
            f"the numbers cannot be written into {program.source.name}: {errors[0].one_line()}",
            "Nothing was written. Please report this program.",
        )
    return format_source(source)


def above(text: str, start: int, comment: str) -> str:
    """The text with a comment above the statement that begins at a place."""
    return replaced(text, _comment(text, start, comment))


def _comment(text: str, start: int, comment: str) -> dict[Span, str]:
    newline = "\r\n" if "\r\n" in text else "\n"
    place = _above(text, start)
    return {place: f"{_separation(text, place.start, newline)}# {comment}{newline}"}


def _above(text: str, start: int) -> Span:
    """Where a comment above a statement goes; an earlier comment of the same kind is covered."""
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        return Span(start, start)  # something else stands before it on its line
    before = text.rfind("\n", 0, max(0, line - 1)) + 1
    return Span(before, line) if line and text[before:line].startswith(f"# {STAMP}") else Span(line, line)


def _separation(text: str, start: int, newline: str) -> str:
    """A line break where the line does not begin there."""
    return "" if start == 0 or text[start - 1] == "\n" else newline
