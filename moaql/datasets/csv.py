"""CSV with a line of names at the top."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from moaql.datasets.base import Row
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def read(lines: Iterable[str], file: str) -> Iterator[Row]:
    """The rows, with the fields that the first line names."""
    reader = csv.DictReader(lines)
    try:
        for fields in reader:
            if None in fields:
                raise UsageError(
                    f"{file}:{reader.line_num}: more cells than the first line has names",
                    "Quote cells that hold commas.",
                )
            yield Row(file, reader.line_num, {name: value for name, value in fields.items() if value is not None})
    except csv.Error as error:
        raise UsageError(f"{file}:{reader.line_num}: {error}", "Check the quotes of this line.") from None
