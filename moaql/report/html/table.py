"""Tables in HTML. What stands in a cell is HTML already; the values that rows are sorted by are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.report.html.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Above it.
        kind: `name` for what a row is about, its heading; `number`, `range` for an interval, `text`.
    """

    name: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        html: What is shown.
        value: What rows are sorted by: a number, a text, or None where there is nothing; such rows come last.
    """

    html: str
    value: float | str | None = None


def words(text: str) -> Cell:
    """A cell of plain text, sorted by it."""
    return Cell(escape(text), text)


def figure(text: str, value: float | None) -> Cell:
    """A cell with a number, as it is shown and as it is."""
    return Cell(escape(text), value)


def table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, sortable: bool = False) -> str:
    """A table that scrolls by itself where the screen is too narrow.

    Args:
        title: Its caption, not escaped yet.
        columns: The columns.
        rows: As many cells in each as there are columns.
        sortable: Whether a click on a column's name sorts it.
    """
    kind = ' class="sortable"' if sortable else ""
    head = "".join(f'<th scope="col"{_kind(column)}>{escape(column.name)}</th>' for column in columns)
    body = "\n".join(
        "<tr>" + "".join(_cell(column, cell, sortable) for column, cell in zip(columns, row, strict=True)) + "</tr>"
        for row in rows
    )
    # What scrolls must be reached by the keyboard, and must have a name there.
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(title)}"><table{kind}><caption>{escape(title)}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def _cell(column: Column, cell: Cell, sortable: bool) -> str:
    value = f' data-value="{escape(str(cell.value))}"' if sortable and cell.value is not None else ""
    if column.kind == "name":
        return f'<th scope="row"{_kind(column)}{value}>{cell.html}</th>'
    return f"<td{_kind(column)}{value}>{cell.html}</td>"


def _kind(column: Column) -> str:
    return "" if column.kind == "text" else f' class="{column.kind}"'
