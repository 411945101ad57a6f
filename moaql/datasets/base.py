"""What a dataset format reads and gives: a file, and rows with fields, each with its place in the file."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Row:
    """One item of a file.

    Attributes:
        file: Path of the file.
        line: Where it begins, from 1: the line of a text file, the row of a file without lines.
        fields: Its fields.
        cells: Whether the fields are cells that hold nothing but text, so that an empty one says nothing.
    """

    file: str
    line: int
    fields: dict[str, Any]
    cells: bool = False

    @property
    def place(self) -> str:
        """File and line, as messages begin with."""
        return f"{self.file}:{self.line}"

    def text(self, field: str | None, usual: Sequence[str]) -> str:
        """The text of a field, or of the first of the usual fields that the row has.

        Raises:
            UsageError: if it has none of them, or it holds no text.
        """
        names = [field] if field is not None else list(usual)
        name = next((each for each in names if each in self.fields), None)
        if name is None:
            raise UsageError(
                f"{self.place}: no field `{names[0]}`",
                f"It has {listed(self.fields)}. Name the field in the eval statement: `input=…`.",
            )
        value = self.fields[name]
        if not isinstance(value, str):
            raise UsageError(f"{self.place}: field `{name}` holds no text", "A question is a string.")
        return value


def listed(fields: Mapping[str, Any]) -> str:
    """The names of the first fields of a row, for messages."""
    return ", ".join(f"`{each}`" for each in list(fields)[:8]) or "no field"


@dataclass(frozen=True)
class DataFile:
    """A file, or a folder, that a format is to read.

    Attributes:
        path: As the user gave it.
        packed: Whether it is packed with gzip.
        split: Name of the part that is wanted, for formats that keep parts in files of their own; None where none is named.
    """

    path: str
    packed: bool = False
    split: str | None = None

    def open_text(self, newline: str | None = None) -> IO[str]:
        """Open it as UTF-8, without a byte order mark.

        Args:
            newline: As for `open`; "" leaves line breaks as they are.

        Raises:
            OSError: if it cannot be opened.
        """
        if self.packed:
            return gzip.open(self.path, "rt", encoding="utf-8-sig", newline=newline)
        return open(self.path, encoding="utf-8-sig", newline=newline)


class Format(Protocol):
    """What a format's file defines as `read`: the rows of a file."""

    def __call__(self, file: DataFile) -> Iterator[Row]:
        """Read a file. What the system says against it (`OSError`, text that is not UTF-8) may pass: the caller words it."""
        ...
