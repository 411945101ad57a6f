"""Text to tree, with every independent syntax mistake in one run.

In: a `Source`. Out: a `Parsed`, always. A file that parses is parsed once. One that does not is cut where statements begin, and
each piece is parsed alone, so that a broken statement costs one diagnostic and hides no other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.diagnostics import Diagnostic, has_errors
from moaql.language.brackets import STRINGS_AND_COMMENTS, look_over
from moaql.language.grammar import parser
from moaql.language.nodes import Module, Statement
from moaql.records import Record
from moaql.source import Source

if TYPE_CHECKING:
    from lark import Token, Tree

    from moaql.language.from_tree import TreeReader


class Parsed(Record):
    """What the text says, as far as it can be read.

    Attributes:
        module: The statements that could be read.
        diagnostics: Syntax mistakes.
        lost: Names that broken statements would have defined: they exist, though nothing is known of them.
    """

    module: Module
    diagnostics: tuple[Diagnostic, ...]
    lost: frozenset[str] = frozenset()

    @property
    def failed(self) -> bool:
        """Whether any statement could not be read."""
        return has_errors(self.diagnostics)


def parse(source: Source) -> Parsed:
    """Parse a program."""
    from lark.exceptions import UnexpectedInput

    from moaql.language.from_tree import TreeReader

    brackets = look_over(source)
    if brackets.too_deep is not None:
        return Parsed(Module(source, ()), (brackets.too_deep,), _names_in(source.text))
    reader = TreeReader(source)
    try:
        tree = parser().parse(source.text)
    except UnexpectedInput as error:
        return _recover(source, reader, error, brackets.mismatch)
    module = Module(source, tuple(reader.statements(tree)))
    return Parsed(module, tuple(reader.diagnostics))


def parse_tree(source: Source) -> Tree[Token]:
    """Lark's tree of a program that is known to have no syntax mistakes: each token, in order."""
    return parser().parse(source.text)


def _recover(source: Source, reader: TreeReader, first: Exception, mismatch: Diagnostic | None) -> Parsed:
    from lark.exceptions import UnexpectedInput
    from lark.utils import TextSlice

    from moaql.language.syntax_errors import explain

    statements: list[Statement] = []
    found: list[Diagnostic] = []
    lost: set[str] = set()
    for start, end in _pieces(source.text):
        try:
            tree = parser().parse(TextSlice(source.text, start, end))
        except UnexpectedInput as error:
            found.append(explain(source, error))
            lost |= _names_in(source.text[start:end])
        else:
            statements += reader.statements(tree)
    assert isinstance(first, UnexpectedInput)
    if not found:  # the pieces hide the mistake: it lies between them
        found.append(explain(source, first))
    if mismatch is not None and not any(each.code == "E111" for each in found):
        found = _with_mismatch(found, mismatch)
    module = Module(source, tuple(statements))
    return Parsed(module, (*found, *reader.diagnostics), frozenset(lost))


def _with_mismatch(found: list[Diagnostic], mismatch: Diagnostic) -> list[Diagnostic]:
    """A lost bracket says more than what the parser met because of it."""
    if mismatch.message.startswith("`") and "never closed" in mismatch.message:
        caused = [each for each in found if each.span.start >= mismatch.span.start]
        return [mismatch, *[each for each in found if each not in caused[:1]]]
    return [mismatch, *[each for each in found if each.span != mismatch.span]]


_START = STRINGS_AND_COMMENTS + r'|[{}]|(?m:^[ \t]*)(?:import|model|prompt|topology|eval|search)(?=[ \t]+["\w])'


def _pieces(text: str) -> list[tuple[int, int]]:
    """Where statements seem to begin and end: a statement's word at the start of a line, outside braces or unindented."""
    starts, depth = [0], 0
    for match in re.finditer(_START, text):
        mark = match[0]
        if mark == "{":
            depth += 1
        elif mark == "}":
            depth = max(0, depth - 1)
        elif mark[0] not in '#"' and (depth == 0 or not mark[0].isspace()):
            starts.append(match.start())
            depth = 0
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


_DEFINES = r"\b(?:model|prompt|topology|eval|search)[ \t]+([^\W\d]\w*(?:[.\-]\w+)*)"


def _names_in(text: str) -> frozenset[str]:
    return frozenset(re.findall(_DEFINES, text))
