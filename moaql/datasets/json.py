"""JSON: an array of objects; or promptfoo's tests, which are told by their `vars` or by `tests`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.datasets._located import Cursor
from moaql.datasets.base import Row
from moaql.datasets.promptfoo import Config, rows
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.datasets.base import DataFile


def read(file: DataFile) -> Iterator[Row]:
    """The rows. The text is read whole, its elements are read one at a time."""
    with file.open_text() as text:
        cursor = Cursor(text.read(), file.path)
    first = cursor.peek()
    if first == "[":
        yield from _array(cursor, file.path)
        cursor.end()
    elif first == "{":
        yield from _config(cursor, file.path)
    elif first:
        raise UsageError(f"{file.path}:{cursor.line}: no array of objects", "Write [{…}, {…}].")


def _array(cursor: Cursor, path: str) -> Iterator[Row]:
    elements = cursor.elements()
    for line, element in elements:
        if not isinstance(element, dict):
            raise UsageError(f"{path}:{line}: this element is no object", 'Write objects, such as {"input": "…"}.')
        if isinstance(element.get("vars"), dict):
            yield from rows(Config(path), [(line, element)])
        else:
            yield Row(path, line, element)


def _config(cursor: Cursor, path: str) -> Iterator[Row]:
    """A whole promptfoo configuration."""
    settings: dict[str, Any] = {}
    tests: list[tuple[int, Any]] | None = None
    for name in cursor.members():
        if name == "tests" and cursor.peek() == "[":
            tests = list(cursor.elements())
        else:
            settings[name] = cursor.value()
    cursor.end()
    if tests is None and "tests" not in settings:
        raise UsageError(
            f"{path}:1: one object with no `tests`",
            "An eval set is an array of objects, [{…}, {…}], or a promptfoo file with `tests`.",
        )
    yield from rows(Config.of(path, settings), tests if tests is not None else settings["tests"])
