"""A table before it is printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts.

    Attributes:
        title: One line above it.
        columns: Names.
        rows: Cells, as many in each as there are columns.
        right: Columns whose cells are numbers, from 0.
        below: Lines under it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()
    below: tuple[str, ...] = ()
