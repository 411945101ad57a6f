"""Confirmation: the finalists on items that the search has not seen, and the winner on the ones that nobody had seen."""

from __future__ import annotations

from typing import Any

from moaql.report.html.contestants import NAME, ends, name_of, signed_ends
from moaql.report.html.table import Cell, Column, figure, table, words
from moaql.report.html.text import cut, escape, note, paragraph
from moaql.report.words import NOTHING, number, signed


def section(result: dict[str, Any]) -> str:
    """The table, and how its columns are read."""
    if not result["confirmed"]:
        return paragraph(
            "Nothing was confirmed on held-out items: the scores above are of the items that the search chose on."
        )
    columns = (
        Column("role"),
        Column("topology", "name"),
        Column("select split", "number"),
        Column("interval", "range"),
        Column("report split", "number"),
        Column("interval", "range"),
        Column("difference", "number"),
        Column("interval", "range"),
        Column("p", "number"),
        Column("to"),
        Column("gap", "number"),
    )
    return "\n".join(
        [
            table("Confirmation on held-out items", columns, [_row(result, each) for each in result["confirmed"]]),
            note(
                "The select split chooses among the finalists; the report split is asked once, at the end, and chooses nothing.",
                "`difference` is paired: on the same items of the report split, this topology less the one under `to`.",
                "`gap` is the score on the report split less that on the items that the choice was made on:",
                "below 0, the search had found some luck.",
            ),
        ]
    )


def _row(result: dict[str, Any], each: dict[str, Any]) -> tuple[Cell, ...]:
    items = (result["eval"] or {}).get("items") or {}
    return (
        words(each["role"]),
        Cell(f"<bdi>{escape(cut(each['name'], NAME))}</bdi>", each["name"]),
        *_score(each["select"], items.get("select")),
        *_score(each["report"], items.get("report")),
        *_difference(result, each["difference"]),
        figure(signed(each["gap"]), each["gap"]),
    )


def _score(score: dict[str, Any] | None, whole: int | None) -> tuple[Cell, Cell]:
    """A score with its interval; with its items where they are not all of the split, which the page names elsewhere."""
    if score is None:
        return words(NOTHING), words(NOTHING)
    items = "" if score["items"] in (None, whole) else f", {score['items']} items"
    return figure(number(score["score"]), score["score"]), words(ends(score["ci"]) + items)


def _difference(result: dict[str, Any], found: dict[str, Any] | None) -> tuple[Cell, ...]:
    if found is None:
        return (words(NOTHING),) * 4
    p = NOTHING if found["p"] is None else "<0.001" if found["p"] < 0.001 else f"{found['p']:.3f}"
    return (
        figure(signed(found["difference"]), found["difference"]),
        words(signed_ends(found["ci"])),
        figure(p, found["p"]),
        words(name_of(result, found["to"]) if found["to"] else NOTHING),
    )
