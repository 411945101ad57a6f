"""Eval sets: one file a format, named by the ending of the files that it reads."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from moaql.datasets.base import Row
from moaql.errors import UsageError
from moaql.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.datasets.base import Format

FORMATS: Registry[Format] = Registry("moaql.datasets", "read")
"""All formats by the ending that they read."""


def read_rows(path: str) -> Iterator[Row]:
    """The rows of a file, by the format that its ending names; `.gz` is unpacked.

    Raises:
        UsageError: if there is no such file or format, or a line cannot be read.
    """
    file = Path(path)
    endings = [ending.lstrip(".") for ending in file.suffixes]
    packed = bool(endings) and endings[-1] == "gz"
    name = endings[-2 if packed and len(endings) > 1 else -1] if endings else ""
    read = FORMATS.find(name) if name else None
    if read is None:
        raise UsageError(
            f"`{path}` has no ending that says how to read it",
            f"Formats are {', '.join(FORMATS.names())}, also with .gz.",
        )
    try:
        with gzip.open(file, "rt", encoding="utf-8-sig") if packed else file.open(encoding="utf-8-sig") as lines:
            yield from read(lines, path)
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Check the path.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"`{path}` is not UTF-8 text: {error.reason}", "Save it as UTF-8.") from None
