"""What a dataset format gives: rows with fields, each with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True)
class Row:
    """One item of a file.

    Attributes:
        file: Path of the file.
        line: Where it begins, from 1.
        fields: Its fields.
    """

    file: str
    line: int
    fields: dict[str, Any]

    def text(self, field: str | None, usual: Sequence[str]) -> str:
        """The text of a field, or of the first of the usual fields that the row has.

        Raises:
            UsageError: if it has none of them, or it holds no text.
        """
        names = [field] if field is not None else list(usual)
        name = next((each for each in names if each in self.fields), None)
        if name is None:
            has = ", ".join(f"`{each}`" for each in list(self.fields)[:8]) or "no field"
            raise UsageError(
                f"{self.file}:{self.line}: no field `{names[0]}`",
                f"It has {has}. Name the field in the eval statement: `input=…`.",
            )
        value = self.fields[name]
        if not isinstance(value, str):
            raise UsageError(f"{self.file}:{self.line}: field `{name}` holds no text", "A question is a string.")
        return value


class Format(Protocol):
    """What a format's file defines as `read`: the rows of an open text file."""

    def __call__(self, lines: Iterable[str], file: str) -> Iterator[Row]:
        """Read the lines of a file of that name."""
        ...
