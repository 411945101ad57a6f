"""Parquet, through pyarrow (`pip install "moaql[parquet]"`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.datasets._arrow import parquet_rows
from moaql.datasets.base import Row
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.datasets.base import DataFile


def read(file: DataFile) -> Iterator[Row]:
    """The rows, read in batches. An empty cell is a field that the row does not have."""
    if file.packed:
        raise UsageError(f"`{file.path}` is packed twice", "Unpack the .gz: Parquet is packed by itself.")
    for number, fields in enumerate(parquet_rows(file.path), 1):
        yield Row(file.path, number, fields)
