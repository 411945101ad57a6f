"""All trials as one table that can be sorted."""

from __future__ import annotations

from typing import Any

from moaql.report.html.contestants import NAME, ends, seconds, settings
from moaql.report.html.table import Cell, Column, figure, table, words
from moaql.report.html.text import cut, escape, note, paragraph
from moaql.report.words import NOTHING, dollars, number

_MOST = 1_000
_COLUMNS = (
    Column("topology", "name"),
    Column("state"),
    Column("quality", "number"),
    Column("interval", "range"),
    Column("items", "number"),
    Column("$ an item", "number"),
    Column("latency", "number"),
    Column("paid", "number"),
    Column("kind"),
    Column("from"),
)
_STATES = {"whole": "whole", "racing": "racing", "out": "stopped early"}


def section(result: dict[str, Any]) -> str:
    """The table, the best first."""
    if not result["trials"]:
        return paragraph("Nothing was measured.")
    ranked = sorted(result["trials"], key=lambda each: (each["score"] is None, -(each["score"] or 0.0)))
    left = len(ranked) - _MOST
    return "\n".join(
        [
            paragraph(
                "`whole`: measured on all items of the search split. `stopped early`: a race showed that it could not win;",
                "its score is of fewer items, and of luckier or harder ones. `from` is who proposed it.",
            ),
            table("All trials, the best first", _COLUMNS, [_row(each) for each in ranked[:_MOST]], sortable=True),
            note(f"{left:,} more trials are in `result.json`.") if left > 0 else "",
        ]
    )


def _row(trial: dict[str, Any]) -> tuple[Cell, ...]:
    state = _STATES.get(trial["state"], trial["state"])
    return (
        Cell(_name(trial), trial["name"]),
        words(f"{state}: {cut(trial['why'], NAME)}" if trial["why"] else state),
        figure(number(trial["score"]), trial["score"]),
        words(ends(trial["ci"])),
        figure(NOTHING if trial["items"] is None else str(trial["items"]), trial["items"]),
        figure(dollars(trial["cost"]), trial["cost"]),
        figure(seconds(trial["latency"]), trial["latency"]),
        figure(NOTHING if trial["paid"] is None else dollars(trial["paid"]), trial["paid"]),
        words(trial["kind"]),
        words(f"baseline: {trial['baseline']}" if trial["baseline"] else trial["source"]),
    )


def _name(trial: dict[str, Any]) -> str:
    name = f"<bdi>{escape(cut(trial['name'], NAME))}</bdi>"
    if not trial["params"]:
        return name
    lines = escape(settings(trial["params"]))
    return f'{name}<details><summary>settings</summary><pre class="flow">{lines}</pre></details>'
