"""The winner of a search as the user's own program: the same text, with the search replaced by what it found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.errors import MoaqlError, UsageError
from moaql.language import nodes as n
from moaql.language.brackets import STRINGS_AND_COMMENTS
from moaql.language.printer import print_statement
from moaql.searching.space.inlined import Inlined
from moaql.source import Source, Span
from moaql.stages import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moaql.check.program import Program
    from moaql.searching.space.find import SearchPlan
    from moaql.searching.space.points import Point

_TOKENS = re.compile(STRINGS_AND_COMMENTS)


def write_winner(program: Program, search: SearchPlan, point: Point, comment_lines: Sequence[str] = ()) -> str:
    """The program with `topology NAME = …` in place of `search NAME { … }`, formatted.

    Everything else is kept. Comments that stood inside the search, or inside a topology whose holes are filled, move above it.
    Named topologies with holes are filled where they stand. One of an imported file, or one that another search of this
    file searches, stays as it is, and a filled copy called `TOPOLOGY-NAME` stands before the winner. Where a
    pipeline without a name follows, the winner stands behind it, because none may follow a pipeline. A search that is called like
    a stage gives the topology the name `NAME-winner`.

    Args:
        program: The program.
        search: One of its searches, from `find_search`.
        point: A point of its space that is a valid program.
        comment_lines: What to say above the topology, without `#`.

    Raises:
        UsageError: if the point is no valid program, or cannot be written down.
    """
    filled = search.space.fill(point)
    if filled.problem is not None:
        raise UsageError(f"this point of `{search.name}` is no valid program: {filled.reason}", "Choose another one.")
    try:
        edits = _edits(program, search, Inlined(program, search.space, point), comment_lines)
    except ValueError as error:
        raise UsageError(
            f"this point of `{search.name}` cannot be written down: {error}", "Choose another one."
        ) from None
    return _verified(_edited(program.source, edits), program, search.name)


def place_winner(program: Program, search: SearchPlan, body: n.Pipeline, comment_lines: Sequence[str] = ()) -> str:
    """The program with a pipeline that is no point of the space in place of the search. Otherwise as `write_winner`.

    Topologies with holes stay as they are: nothing that was found fills them.
    """
    name = search.name if search.name not in STAGES.built_in else f"{search.name}-winner"
    text = program.source.text
    lines = [f"# {line}".rstrip() for each in comment_lines for line in each.splitlines()]
    lines += [*_comments(text, search.statement.span), _topology(name, body)]
    return _verified(_edited(program.source, _placed(program, search.statement, lines)), program, search.name)


def _edits(
    program: Program, search: SearchPlan, inlined: Inlined, comment_lines: Sequence[str]
) -> list[tuple[Span, str]]:
    """Places of the text, and what stands there afterwards."""
    text = program.source.text
    edits: list[tuple[Span, str]] = []
    for definition, body in inlined.in_place.items():
        statement = definition.statement
        assert isinstance(statement, n.TopologyStatement)
        written = print_statement(n.TopologyStatement(statement.span, statement.name, body))
        lines = [*_comments(text, statement.span), written]
        edits.append((statement.span, _on_own_lines(text, statement.span.start, lines)))
    name = search.name if search.name not in STAGES.built_in else inlined.unused(f"{search.name}-winner")
    lines = [_topology(each, body) for each, body in inlined.copies]
    lines += [f"# {line}".rstrip() for each in comment_lines for line in each.splitlines()]
    lines += [*_comments(text, search.statement.span), _topology(name, inlined.body)]
    edits += _placed(program, search.statement, lines)
    if inlined.imports:
        edits.append(_new_imports(program, inlined.imports))
    return edits


def _topology(name: str, body: n.Pipeline) -> str:
    return print_statement(n.TopologyStatement(body.span, n.Name(body.span, name), body))


def _placed(program: Program, search: n.SearchStatement, lines: list[str]) -> list[tuple[Span, str]]:
    """The lines in place of the search; or behind the bare pipeline that follows it, which may not follow a pipeline."""
    text = program.source.text
    following = next((each for each in program.unit.module.statements if each.span.start >= search.span.end), None)
    if not (isinstance(following, n.TopologyStatement) and following.name is None):
        return [(search.span, _on_own_lines(text, search.span.start, lines))]
    end = _end_of_line(text, following.span.end)
    return [(search.span, ""), (Span(end, end), "\n\n" + "\n".join(lines))]


def _new_imports(program: Program, imports: Iterable[tuple[str, str]]) -> tuple[Span, str]:
    """Imports behind the last one of the file, or at its start."""
    text = program.source.text
    before = [each.span.end for each in program.unit.module.statements if isinstance(each, n.ImportStatement)]
    lines = [f'import "{path}" as {alias}' for path, alias in imports]
    if not before:
        return Span(0, 0), "\n".join(lines) + "\n"
    end = _end_of_line(text, max(before))
    return Span(end, end), "\n" + "\n".join(lines)


def _end_of_line(text: str, end: int) -> int:
    """The end of the line, where nothing but a comment stands there; else the same place."""
    match = re.compile(r"[ \t]*(#[^\r\n]*)?(?=\r?\n|\Z)").match(text, end)
    return match.end() if match is not None else end


def _comments(text: str, span: Span) -> list[str]:
    return [match[0].rstrip() for match in _TOKENS.finditer(text, span.start, span.end) if match[0].startswith("#")]


def _on_own_lines(text: str, start: int, lines: list[str]) -> str:
    """The lines, the first on a new one where something stands before it."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return ("\n" if before.strip() and len(lines) > 1 else "") + "\n".join(lines)


def _edited(source: Source, edits: Iterable[tuple[Span, str]]) -> Source:
    text = source.text
    newline = "\r\n" if "\r\n" in text else "\n"
    for span, new in sorted(edits, key=lambda each: each[0], reverse=True):
        text = text[: span.start] + new.replace("\n", newline) + text[span.end :]
    return Source(text, source.name, source.path)


def _verified(source: Source, program: Program, name: str) -> str:
    """The formatted text, which has no errors."""
    from moaql.check.checker import check_source
    from moaql.language.formatter import format_source

    found = check_source(source)
    errors = [each for each in found.diagnostics if each.severity == "error" and each.code != "E408"]
    if errors:
        raise MoaqlError(
            f"the winner of `{name}` cannot be written into {program.source.name}: {errors[0].one_line()}",
            "Nothing was written. Please report this program.",
        )
    return format_source(source)
