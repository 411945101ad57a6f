"""The three picks, and the topologies that cannot be told from the best."""

from __future__ import annotations

from typing import Any

from moaql.report.html.contestants import NAME, ends, name_of, seconds, trials
from moaql.report.html.table import Cell, Column, figure, table, words
from moaql.report.html.text import cut, escape, paragraph, times
from moaql.report.words import NOTHING, dollars, number

_PICKS = {
    "best_quality": "best quality",
    "cheapest_tied": "cheapest that is tied with the best",
    "within_limits": "best within the limits",
}
_MOST_TIED = 200


def section(result: dict[str, Any]) -> str:
    """Both as tables."""
    picks = [(name, (result["picks"] or {}).get(key) or "") for key, name in _PICKS.items()]
    parts = []
    if any(key for _, key in picks):
        parts.append(table("The three picks", _columns("pick"), [_row(result, key, name) for name, key in picks]))
    else:
        parts.append(paragraph("The result names no picks."))
    tied = list(dict.fromkeys(result["tied"]))
    if not tied:
        parts.append(paragraph("The result names no tied set."))
        return "\n".join(parts)
    parts.append(
        paragraph(
            f"{times(len(tied), 'topology')} cannot be told from the best on these items.",
            "The cheapest of them is the default choice: nothing shows that more dollars buy more.",
        )
    )
    known = trials(result)
    ranked = sorted(tied, key=lambda key: _price(known.get(key)))[:_MOST_TIED]
    rows = [_row(result, key, "winner" if key == result["winner"] else "") for key in ranked]
    parts.append(table("The tied set, the cheapest first", _columns("role"), rows))
    return "\n".join(parts)


def _price(trial: dict[str, Any] | None) -> float:
    """What is unpriced comes last."""
    return float("inf") if trial is None or trial["cost"] is None else float(trial["cost"])


def _columns(first: str) -> tuple[Column, ...]:
    return (
        Column(first),
        Column("topology", "name"),
        Column("quality", "number"),
        Column("interval", "range"),
        Column("$ an item", "number"),
        Column("latency", "number"),
    )


def _row(result: dict[str, Any], key: str, first: str) -> tuple[Cell, ...]:
    trial = trials(result).get(key)
    name = cut(name_of(result, key), NAME) if key else "none"
    cells = (words(first), Cell(f"<bdi>{escape(name)}</bdi>", name))
    if trial is None:
        return (*cells, *[words(NOTHING)] * 4)
    return (
        *cells,
        figure(number(trial["score"]), trial["score"]),
        words(ends(trial["ci"])),
        figure(dollars(trial["cost"]), trial["cost"]),
        figure(seconds(trial["latency"]), trial["latency"]),
    )
