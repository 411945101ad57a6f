"""Tables of Apache Arrow: Parquet files and Arrow files, batch by batch, as plain Python values."""

from __future__ import annotations

import datetime
import decimal
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moaql.errors import MissingPackage, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ROWS = 1000
"""Rows of a Parquet file in memory at once."""


def parquet_rows(path: str, names: Mapping[str, list[str]] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file.

    Args:
        path: Of the file.
        names: Names of classes by column, for class labels that the file itself does not name.

    Raises:
        UsageError: if it is damaged or no such file.
        MissingPackage: if pyarrow is not installed.
        OSError: if it cannot be opened.
    """
    with _explained(path, "Parquet"), open(path, "rb") as source:
        from pyarrow import parquet  # type: ignore[import-untyped]

        with parquet.ParquetFile(source) as file:
            classes = {**(names or {}), **class_names(file.schema_arrow.metadata)}
            for batch in file.iter_batches(_ROWS):
                yield from _plain_rows(batch, classes)


def arrow_rows(path: str, names: Mapping[str, list[str]] | None = None) -> Iterator[dict[str, Any]]:
    """The same for a file of Arrow batches, as a stream (which `datasets` writes) or with an index at its end."""
    with _explained(path, "Arrow"), open(path, "rb") as source:
        from pyarrow import ipc

        indexed = source.read(6) == b"ARROW1"
        source.seek(0)
        with ipc.open_file(source) if indexed else ipc.open_stream(source) as reader:
            classes = {**(names or {}), **class_names(reader.schema.metadata)}
            batches = map(reader.get_batch, range(reader.num_record_batches)) if indexed else reader
            for batch in batches:
                yield from _plain_rows(batch, classes)


def class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """Names of classes by column, as `datasets` writes them beside a table's columns."""
    try:
        return feature_classes(json.loads((metadata or {})[b"huggingface"])["info"]["features"])
    except (KeyError, TypeError, ValueError):
        return {}


def feature_classes(features: Any) -> dict[str, list[str]]:
    """Names of classes by column, from the `features` of a data set's description."""
    return {
        str(column): [str(name) for name in feature["names"]]
        for column, feature in (features.items() if isinstance(features, dict) else ())
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
    }


@contextmanager
def _explained(path: str, kind: str) -> Iterator[None]:
    """Words what pyarrow says against a file, and says so where pyarrow is missing."""
    try:
        import pyarrow
    except ImportError:
        raise MissingPackage("pyarrow", f"Reading `{path}`") from None
    try:
        yield
    except pyarrow.ArrowException as error:
        reason = str(error).splitlines()[0] if str(error) else "it cannot be read"
        raise UsageError(f"`{path}` is no whole {kind} file: {reason}", "Write or copy it again.") from None


def _plain_rows(batch: Any, classes: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    """Rows without their empty cells: a column is there for all rows, even where only some of them have a value."""
    for row in batch.to_pylist():
        named = {
            name: _class_name(classes[name], value) if name in classes else plain(value) for name, value in row.items()
        }
        yield {name: value for name, value in named.items() if value is not None}


def _class_name(names: list[str], value: Any) -> Any:
    """The name of a class; -1 stands for none."""
    if value is None or not isinstance(value, int):
        return plain(value)
    return names[value] if 0 <= value < len(names) else None


def plain(value: Any) -> Any:
    """A value as JSON has it: dates as ISO 8601 texts, decimals as numbers, bytes as text. None for bytes that are no text."""
    convert = _CONVERSIONS.get(type(value))
    return value if convert is None else convert(value)


def _decimal(value: decimal.Decimal) -> int | float | str:
    if value.is_finite() and value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if decimal.Decimal(repr(number)) == value else str(value)


def _text(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


_CONVERSIONS: dict[type, Callable[[Any], Any]] = {
    list: lambda value: [plain(each) for each in value],
    dict: lambda value: {name: plain(each) for name, each in value.items()},
    bytes: _text,
    decimal.Decimal: _decimal,
    datetime.datetime: datetime.datetime.isoformat,
    datetime.date: datetime.date.isoformat,
    datetime.time: datetime.time.isoformat,
    datetime.timedelta: datetime.timedelta.total_seconds,
}
