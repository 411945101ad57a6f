"""The kinds of plots: bars with intervals, points, points with a colour, a matrix. Each takes plain numbers and gives a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.report.figure import new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

_INK = "#333333"
_COLORS = ("#3b6ea5", "#c8553d", "#6a994e", "#8d6a9f")
_NAMED = 12
"""Matrices up to this size show their numbers."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        name: Under it.
        value: Its length; None leaves its place empty.
        low: Lower end of its interval; None draws none.
        high: Upper end, likewise.
        group: Bars of one group have one colour and one entry in the legend; "" for none.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One point.

    Attributes:
        x: Where it stands.
        y: Where it stands.
        name: Beside it, or "".
        low: Lower end of the interval of y; None draws none.
        high: Upper end, likewise.
    """

    x: float
    y: float
    name: str = ""
    low: float | None = None
    high: float | None = None


def bars(title: str, label: str, values: Sequence[Bar]) -> Figure:
    """Horizontal bars, the first at the top; those of one name and several groups lie side by side.

    Args:
        title: Above the plot; may have several lines.
        label: Of the axis of values.
        values: The bars.
    """
    names = list(dict.fromkeys(each.name for each in values))
    groups = list(dict.fromkeys(each.group for each in values))
    thick = 0.8 / len(groups)
    figure, axes = new_figure(6.0, 1.2 + 0.3 * max(2, len(names) * max(1, len(groups) * 0.7)))
    for number, group in enumerate(groups):
        found = [each for each in values if each.group == group and each.value is not None]
        at = [names.index(each.name) + (number - (len(groups) - 1) / 2) * thick for each in found]
        sizes = [each.value or 0.0 for each in found]
        axes.barh(at, sizes, thick, color=_COLORS[number % len(_COLORS)], label=group)
        for place, each in zip(at, found, strict=True):
            if each.low is not None and each.high is not None:
                axes.plot([each.low, each.high], [place, place], color=_INK, linewidth=1)
    axes.set_yticks(range(len(names)), [_shown(name) for name in names])
    axes.invert_yaxis()
    axes.axvline(0, color=_INK, linewidth=0.8)
    if groups != [""]:
        figure.legend(loc="outside lower center", ncols=min(3, len(groups)), frameon=False, fontsize=9)
    return _titled(figure, axes, title, label, "")


def points(title: str, x: str, y: str, values: Sequence[Point]) -> Figure:
    """Named points with intervals.

    Args:
        title: Above the plot; may have several lines.
        x: Label of the horizontal axis.
        y: Label of the vertical axis.
        values: The points.
    """
    figure, axes = new_figure()
    axes.scatter([each.x for each in values], [each.y for each in values], color=_COLORS[0], zorder=2)
    for each in values:
        if each.low is not None and each.high is not None:
            axes.plot([each.x, each.x], [each.low, each.high], color=_COLORS[0], linewidth=1, alpha=0.5)
        axes.annotate(_shown(each.name), (each.x, each.y), xytext=(4, 4), textcoords="offset points", fontsize=8)
    return _titled(figure, axes, title, x, y)


def cloud(title: str, labels: tuple[str, str, str], values: Sequence[tuple[float, float, float]]) -> Figure:
    """Many points whose colour is a third number.

    Args:
        title: Above the plot; may have several lines.
        labels: Of the horizontal axis, the vertical axis and the colour.
        values: The points, as three numbers each.
    """
    figure, axes = new_figure()
    across, up, shade = (list(each) for each in zip(*values, strict=True))
    # Thousands of shapes make a file that no browser likes: inside the SVG they are one picture.
    dots = axes.scatter(across, up, c=shade, cmap="viridis", s=12, rasterized=len(values) > 2000)
    figure.colorbar(dots, ax=axes, label=labels[2]).ax.tick_params(labelsize=9)
    return _titled(figure, axes, title, labels[0], labels[1])


def matrix(title: str, names: Sequence[str], values: Sequence[Sequence[float | None]], *, low: float = 0.0) -> Figure:
    """A square matrix in colours, with its numbers where there are few; the diagonal, which says nothing, is left empty.

    Args:
        title: Above the plot; may have several lines.
        names: Of rows and columns.
        values: Rows; None leaves a cell empty.
        low: The value of the first colour; that of the last is 1.
    """
    size = len(names)
    figure, axes = new_figure(max(4.6, 2.6 + 0.36 * size), max(3.2, 2.0 + 0.32 * size))
    hole = float("nan")
    cells = [
        [hole if one == other or cell is None else cell for other, cell in enumerate(row)]
        for one, row in enumerate(values)
    ]
    picture = axes.imshow(cells, vmin=low, vmax=1.0, cmap="RdBu_r" if low < 0 else "Blues", aspect="auto")
    axes.set_xticks(range(size), [_shown(name) for name in names], rotation=90)
    axes.set_yticks(range(size), [_shown(name) for name in names])
    if size <= _NAMED:
        for one, row in enumerate(cells):
            for other, cell in enumerate(row):
                if cell == cell:  # noqa: PLR0124 - not the hole
                    ink = "white" if abs(cell) > 0.65 else _INK
                    axes.text(other, one, f"{cell:.2f}", ha="center", va="center", fontsize=7, color=ink)
    figure.colorbar(picture, ax=axes).ax.tick_params(labelsize=9)
    return _titled(figure, axes, title, "", "")


def _shown(name: str) -> str:
    """A name, not too long. What stands between two dollars, matplotlib would take for a formula."""
    return _plain(name if len(name) <= 40 else f"{name[:39]}…")


def _plain(text: str) -> str:
    return text.replace("$", r"\$")


def _titled(figure: Figure, axes: Any, title: str, x: str, y: str) -> Figure:
    # A title of the whole figure has more room than one of its axes.
    figure.suptitle(_plain(title), fontsize=10, x=0.01, ha="left")
    axes.set_xlabel(_plain(x))
    axes.set_ylabel(_plain(y))
    return figure
