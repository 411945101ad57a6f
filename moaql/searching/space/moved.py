"""A program's text for another folder: what it names relative to its own folder, it names relative to the new one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.language import nodes as n
from moaql.language.holes import nodes_in
from moaql.language.parser import parse
from moaql.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILES = ("file", "prices", "with")
"""Settings that name files."""


def moved(text: str, before: str, after: str) -> str:
    """The text with its paths changed: imports, eval sets, and the files that settings name.

    Args:
        text: A program without syntax errors.
        before: Folder that its paths are relative to.
        after: Folder in which it shall stand.
    """
    if os.path.abspath(before) == os.path.abspath(after):
        return text
    for literal in sorted(_paths(parse(Source(text)).module), key=lambda each: each.span.start, reverse=True):
        path = str(literal.value)
        if os.path.isabs(path) or path.startswith("~"):
            continue
        new = os.path.relpath(os.path.join(before, path), after).replace(os.sep, "/")
        text = f'{text[: literal.span.start]}"{_escaped(new)}"{text[literal.span.end :]}'
    return text


def _paths(module: n.Module) -> Iterator[n.Literal]:
    for statement in module.statements:
        if isinstance(statement, n.ImportStatement | n.EvalStatement):
            yield statement.path
    for node in nodes_in(module.statements):
        value = node.value if isinstance(node, n.Setting) and node.name.text in _FILES else None
        if isinstance(value, n.Literal) and value.kind == "string" and value.value:
            yield value


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')
