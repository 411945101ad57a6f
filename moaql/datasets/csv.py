"""CSV with a line of names at the top."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from moaql.datasets.base import Row
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moaql.datasets.base import DataFile


def read(file: DataFile) -> Iterator[Row]:
    """The rows, with the fields that the first line names. All are text; blank lines are passed over."""
    # Line breaks inside quotes are the cell's own, so they are left as they are.
    with file.open_text(newline="") as lines:
        names: list[str] | None = None
        for line, cells in _records(lines, file.path):
            if names is None:
                names = _names(cells, f"{file.path}:{line}")
                continue
            if len(cells) > len(names):
                raise UsageError(
                    f"{file.path}:{line}: more cells than the first line has names", "Quote cells that hold commas."
                )
            yield Row(file.path, line, dict(zip(names, cells, strict=False)), cells=True)


def _records(lines: Iterable[str], path: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins in."""
    # Strict: a quote that is never closed would otherwise take the rest of the file for one cell.
    reader = csv.reader(lines, strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger than" in str(error):
                message = f"a cell of more than {csv.field_size_limit():,} characters"
                raise UsageError(
                    f"{path}:{begins}: {message}", "Close its quotes, or write long texts as JSON lines."
                ) from None
            raise UsageError(f"{path}:{begins}: {error}", "Check the quotes of this line.") from None
        if cells:
            yield begins, cells


def _names(cells: list[str], place: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise UsageError(f"{place}: two columns are called `{twice}`", "Give every column its own name.")
    return names
