"""The anytime curve: how good the best was, and how far the frontier had come, at each dollar."""

from __future__ import annotations

from typing import Any

from moaql.report.html import chart as draw
from moaql.report.html.contestants import seconds
from moaql.report.html.table import Column, figure, table
from moaql.report.html.text import paragraph
from moaql.report.words import NOTHING, dollars, number

_MOST_ROWS = 20
_MOST_PLACES = 400


def section(result: dict[str, Any]) -> str:
    """The chart, and some of its points as a table."""
    curve = [each for each in result["curve"] if each["quality"] is not None or each["area"] is not None]
    if not curve:
        return paragraph("The result does not say how the search went on over its dollars.")
    return "\n".join(
        [
            paragraph("Where both lines have been level for long, more dollars would have bought little."),
            _figure(_some(curve, _MOST_PLACES), bool(result["simulated"])),
            _table(_some(curve, _MOST_ROWS)),
        ]
    )


def _some(curve: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Points spread evenly, the first and the last among them."""
    if len(curve) <= most:
        return curve
    return [curve[round(at * (len(curve) - 1) / (most - 1))] for at in range(most)]


def _figure(curve: list[dict[str, Any]], simulated: bool) -> str:
    by_dollars = any(each["paid"] for each in curve)
    what = "paid" if by_dollars else "trials"
    placed = [each for each in curve if each[what] is not None]
    if not placed:
        return ""
    x = draw.across([float(each[what]) for each in placed])
    y = draw.upward([each[name] for each in placed for name in ("quality", "area") if each[name] is not None])
    axis = ("simulated dollars" if simulated else "dollars") + " paid" if by_dollars else "trials; nothing was paid"
    parts = [
        draw.axes(
            x, y, (axis, "share"), (lambda value: f"${value:.6g}") if by_dollars else (lambda value: f"{value:.6g}")
        )
    ]
    for kind, name in (("area", "area"), ("step", "quality")):
        places = [(x(each[what]), y(each[name])) for each in placed if each[name] is not None]
        if places:
            # A line of one place would not be seen.
            parts.append(draw.line(kind, places if len(places) > 1 else [places[0], (places[0][0] + 3, places[0][1])]))
    text = "The quality of the best and the area under the frontier as the search went on. The table after it has the numbers."
    names = draw.legend(
        [
            (draw.line("step", [(0, 10), (24, 10)]), "quality of the best"),
            (draw.line("area", [(0, 10), (24, 10)]), "area under the frontier, as a share"),
        ]
    )
    return f"<figure>{draw.chart('curve', 'Quality and area of the frontier over the search', text, parts)}{names}</figure>"


def _table(curve: list[dict[str, Any]]) -> str:
    columns = [Column(name, "number") for name in ("paid", "time", "trials", "quality", "area")]
    rows = [
        (
            figure(dollars(each["paid"]), each["paid"]),
            figure(seconds(each["seconds"]), each["seconds"]),
            figure(NOTHING if each["trials"] is None else str(each["trials"]), each["trials"]),
            figure(number(each["quality"]), each["quality"]),
            figure(number(each["area"]), each["area"]),
        )
        for each in curve
    ]
    return table("The search as it went on", columns, rows)
