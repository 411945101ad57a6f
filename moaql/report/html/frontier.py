"""The frontier: quality against dollars, with the baselines, the tied set and everything else that was measured."""

from __future__ import annotations

from typing import Any

from moaql.report.html import chart as draw
from moaql.report.html.contestants import NAME, ends, seconds, trials
from moaql.report.html.table import Cell, Column, figure, table, words
from moaql.report.html.text import cut, escape, note, paragraph, times
from moaql.report.words import dollars, number

_MOST_RINGS = 1_000
"""Marks of what lies below the frontier, best first."""


def section(result: dict[str, Any]) -> str:
    """The chart with its legend, and the table of what it marks."""
    known = trials(result)
    front = [known[key] for key in dict.fromkeys(result["frontier"]) if key in known]
    if not front:
        return paragraph(
            "The result names no frontier: nothing was measured on enough items, or nothing keeps the limits."
        )
    baselines = [each for each in known.values() if each["baseline"] and each not in front]
    tied = set(result["tied"])
    named = [*front, *sorted(baselines, key=lambda each: -(each["score"] if each["score"] is not None else -1.0))]
    return "\n".join(
        [
            paragraph(
                "What is on the frontier is there because nothing that was measured beats it in every goal.",
                "Where the intervals overlap, the order may be chance.",
            ),
            _figure(front, baselines, [each for each in known.values() if each not in named], tied),
            _table(named, len(front), tied),
        ]
    )


def _figure(
    front: list[dict[str, Any]], baselines: list[dict[str, Any]], rest: list[dict[str, Any]], tied: set[str]
) -> str:
    """The chart; a sentence where no price is known."""
    rest = sorted((each for each in rest if _drawable(each)), key=lambda each: -each["score"])[:_MOST_RINGS]
    front, baselines = [[each for each in some if _drawable(each)] for some in (front, baselines)]
    everyone = [*front, *baselines, *rest]
    prices = [each["cost"] for each in everyone if each["cost"] > 0]
    if not front or not prices:
        return note("There is no chart: of the frontier no score with a price above $0 is known.")
    x = draw.across(prices, logarithmic=True)
    named = [*front, *baselines]
    y = draw.upward(
        [value for each in named for value in (each["ci"] or ()) + (each["score"],)] + [each["score"] for each in rest]
    )
    parts = [draw.axes(x, y, ("list price of an item, logarithmic", "quality"), _price)]
    parts += [draw.mark("other", x(each["cost"]), y(each["score"]), _title(each)) for each in rest]
    parts.append(_stairs(front, x, y))
    for kind, some in (("baseline", baselines), ("front", front)):
        for each in some:
            parts += _marks(kind, each, x, y, each["key"] in tied)
    parts += [_number_at(at, each, x, y) for at, each in enumerate(front, 1)]
    description = (
        f"Quality against the list price of an item: {times(len(front), 'topology')} on the frontier, "
        f"{times(len(baselines), 'baseline')}, {times(len(rest), 'other')}. The table after it has the numbers."
    )
    caption = "Bars are intervals of the score. Numbers are those of the table."
    if any(each["cost"] == 0 for each in everyone):
        caption += " What costs nothing stands at the left end."
    return (
        f"<figure>{draw.chart('frontier', 'Frontier of quality and price', description, parts)}{_legend()}"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _drawable(trial: dict[str, Any]) -> bool:
    return trial["score"] is not None and trial["cost"] is not None


def _price(value: float) -> str:
    """A price on the axis, with no digits that say nothing."""
    return f"${value:,.7f}".rstrip("0").rstrip(".") if value >= 1e-7 else f"${value:.0e}"


def _title(trial: dict[str, Any]) -> str:
    return (
        f"{cut(trial['name'], NAME)}: {number(trial['score'])} ({ends(trial['ci'])}), {dollars(trial['cost'])} an item"
    )


def _marks(kind: str, trial: dict[str, Any], x: draw.Scale, y: draw.Scale, tied: bool) -> list[str]:
    at, height = x(trial["cost"]), y(trial["score"])
    found = [draw.ends(kind, at, y(trial["ci"][0]), y(trial["ci"][1]))] if trial["ci"] else []
    if tied:
        found.append(draw.mark("tie", at, height, ""))
    own = "baseline" if kind == "front" and trial["baseline"] else kind
    return [*found, draw.mark(own, at, height, _title(trial))]


def _number_at(at: int, trial: dict[str, Any], x: draw.Scale, y: draw.Scale) -> str:
    return f'<text x="{x(trial["cost"]) + 9:.1f}" y="{y(trial["score"]) - 8:.1f}" aria-hidden="true">{at}</text>'


def _stairs(front: list[dict[str, Any]], x: draw.Scale, y: draw.Scale) -> str:
    """From each price on, the best quality that it buys."""
    places: list[tuple[float, float]] = []
    for each in sorted(front, key=lambda each: (each["cost"], each["score"])):
        at, height = x(each["cost"]), y(each["score"])
        # With latency as a goal too, some of the frontier is neither the cheapest nor the best. Upward is less.
        if places and height >= places[-1][1]:
            continue
        if places:
            places.append((at, places[-1][1]))
        places.append((at, height))
    return draw.line("step", places) if len(places) > 1 else ""


def _legend() -> str:
    return draw.legend(
        [
            (draw.mark("front", 12, 10, ""), "on the frontier"),
            (draw.mark("baseline", 12, 10, ""), "baseline"),
            (draw.mark("tie", 12, 10, ""), "tied with the best"),
            (draw.mark("other", 12, 10, ""), "also measured"),
        ]
    )


def _table(named: list[dict[str, Any]], on_frontier: int, tied: set[str]) -> str:
    rows = []
    for at, each in enumerate(named, 1):
        tags = [f"baseline: {each['baseline']}"] if each["baseline"] else []
        tags += ["tied with the best"] if each["key"] in tied else []
        shown = "".join(f'<span class="tag">{escape(tag)}</span>' for tag in tags)
        rows.append(
            (
                figure(str(at) if at <= on_frontier else "", float(at)),
                Cell(f"{shown}<bdi>{escape(cut(each['name'], NAME))}</bdi>", each["name"]),
                figure(number(each["score"]), each["score"]),
                words(ends(each["ci"])),
                figure(dollars(each["cost"]), each["cost"]),
                figure(seconds(each["latency"]), each["latency"]),
            )
        )
    columns = (
        Column("no.", "number"),
        Column("topology", "name"),
        Column("quality", "number"),
        Column("interval", "range"),
        Column("$ an item", "number"),
        Column("latency", "number"),
    )
    return table("The frontier, then the other baselines", columns, rows, sortable=True)
