"""What each hole of the space is worth: how much of the differences it explains, and what each of its values brings."""

from __future__ import annotations

from typing import Any

from moaql.report.html import chart as draw
from moaql.report.html.table import Cell, Column, figure, table, words
from moaql.report.html.text import cut, note, paragraph, shown
from moaql.report.words import NOTHING, number

_MOST_VALUES = 40
_VALUE = 120
"""Characters of a value: a value may be a whole pipeline."""


def section(result: dict[str, Any]) -> str:
    """A table of importance, and one of the values for each hole."""
    holes = sorted(result["holes"], key=lambda each: -(each["importance"] or 0.0))
    if not holes:
        return paragraph("The result does not say what the holes are worth: too few topologies were measured to tell.")
    most = max((each["importance"] or 0.0 for each in holes), default=0.0)
    rows = [
        (
            words(cut(each["name"], _VALUE)),
            Cell(draw.bar((each["importance"] or 0.0) / most if most > 0 else 0.0)),
            figure(number(each["importance"], 2), each["importance"]),
        )
        for each in holes
    ]
    columns = (Column("hole", "name"), Column("share"), Column("importance", "number"))
    parts = [
        paragraph(
            "Importance is the share of the differences in quality that a hole explains.",
            "The search looks longer at what is good: the mean of a value is over what was measured with it, not over the space.",
            "Read it as a hint, not as an effect.",
        ),
        table("Importance of the holes", columns, rows),
    ]
    return "\n".join([*parts, *[_effects(each) for each in holes if each["values"]]])


def _effects(hole: dict[str, Any]) -> str:
    """The values of one hole, on one scale."""
    known = [each for each in hole["values"] if each["mean"] is not None][:_MOST_VALUES]
    if not known:
        return ""
    bounds = [end for each in known for end in (each["mean"], each["low"], each["high"]) if end is not None]
    low, high = min(bounds), max(bounds)
    room = max(0.01, (high - low) * 0.05)
    scale = draw.Scale(low - room, high + room, 0.0, 100.0)
    rows = [
        (
            words(cut(shown(each["value"]), _VALUE)),
            Cell(draw.whisker(scale, each["mean"], each["low"], each["high"])),
            figure(number(each["mean"]), each["mean"]),
            words(_ends(each)),
            figure(NOTHING if each["trials"] is None else str(each["trials"]), each["trials"]),
        )
        for each in known
    ]
    columns = (
        Column("value", "name"),
        Column("mean and interval"),
        Column("mean", "number"),
        Column("interval", "range"),
        Column("trials", "number"),
    )
    left = len(hole["values"]) - len(known)
    more = note(f"{left} more values are in `result.json`.") if left else ""
    return table(f"Values of {cut(hole['name'], _VALUE)}", columns, rows) + more


def _ends(value: dict[str, Any]) -> str:
    if value["low"] is None or value["high"] is None:
        return NOTHING
    return f"{number(value['low'], 2)} to {number(value['high'], 2)}"
