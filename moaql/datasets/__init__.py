"""Eval sets: one file a format, named by the ending of the files that it reads, or by the kind of file."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

from moaql.datasets.base import DataFile, Row
from moaql.errors import UsageError
from moaql.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.datasets.base import Format

FORMATS: Registry[Format] = Registry(
    "moaql.datasets", "read", frozenset({"base", "choices", "items", "splits", "targets"})
)
"""All formats by name."""
ALSO = {"ndjson": "jsonl", "yaml": "promptfoo", "yml": "promptfoo"}
"""Endings that are not the name of their format."""
FOLDER = "huggingface"
"""The format of folders."""


def read_rows(path: str, split: str | None = None) -> Iterator[Row]:
    """The rows of a file, one after another, by the format that its ending names; `.gz` is unpacked.

    A folder is a Hugging Face data set.

    Args:
        path: Of the file or folder.
        split: Name of the part to read, for folders that hold several; formats that keep all in one file give all rows.

    Raises:
        UsageError: if there is no such file or format, or a row cannot be read.
        MissingPackage: if the format needs a package that is not installed.
    """
    file, read = _format(path, split)
    try:
        yield from read(file)
    except UnicodeDecodeError as error:
        raise UsageError(f"`{path}` is not UTF-8 text: {error.reason}", "Save it as UTF-8.") from None
    except (EOFError, zlib.error):
        raise UsageError(f"`{path}` is damaged: its packed data breaks off", "Pack or copy it again.") from None
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Check the path.") from None


def _format(path: str, split: str | None) -> tuple[DataFile, Format]:
    if os.path.isdir(path):
        name, packed = FOLDER, False
    else:
        endings = os.path.basename(path).lower().split(".")[1:]
        packed = bool(endings) and endings[-1] == "gz"
        ending = endings[-2 if packed and len(endings) > 1 else -1] if endings else ""
        name = ALSO.get(ending, ending)
    read = FORMATS.find(name) if name else None
    if read is None:
        known = sorted({*FORMATS.names(), *ALSO} - {FOLDER, *ALSO.values()} | {"jsonl"})
        raise UsageError(
            f"`{path}` has no ending that says how to read it",
            f"Endings are {', '.join(f'.{each}' for each in known)}, also with .gz; a folder is a Hugging Face data set.",
        )
    return DataFile(path, packed, split), read
