"""How it was measured: what a reader needs to know to judge the figures, or to measure them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.report.html.contestants import whole
from moaql.report.html.text import escape, paragraph, times

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOW = (
    "Topologies are compared in pairs, on the same items, and p is of that comparison.",
    "Prices are list prices: what the answers cost in production, whether they were paid now or came from the bank.",
    "Topologies raced: all see the items in one shuffled order, and one that can no longer win is stopped, by intervals that hold "
    "however often one looks (Waudby-Smith et al. 2021, arXiv 2103.06476).",
    "The single models, the best of them sampled several times with a vote and with an aggregator, and the user's own topology are "
    "always measured too.",
)
_READ = (
    "How the statistics are computed: docs/statistics.md.",
    "What simulated models are: docs/simulated-models.md.",
    "What the language says: docs/language.md.",
)


def section(result: dict[str, Any]) -> str:
    """What was measured on what, and how."""
    facts = "".join(f"<li>{escape(each)}</li>" for each in _facts(result))
    return "\n".join(
        [
            f"<ul>{facts}</ul>" if facts else "",
            "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in (_intervals(result), *_HOW)) + "</ul>",
            paragraph(*_READ),
        ]
    )


def _intervals(result: dict[str, Any]) -> str:
    return f"Every score has an interval, at {100 * (result['confidence'] or 0.95):g} %."


def _facts(result: dict[str, Any]) -> Iterator[str]:
    if result["eval"] is not None:
        yield from _eval(result["eval"])
    if result["goals"] is not None:
        yield from _goals(result["goals"])
    if result["space"] is not None and result["space"]["points"] is not None:
        yield _space(result["space"])
    if result["simulated"]:
        yield "All models, or some of them, are simulated: their answers are drawn, and no real model was asked."


def _eval(found: dict[str, Any]) -> Iterator[str]:
    name = f" {found['name']}" if found["name"] else ""
    metric = f", metric {found['metric']}" if found["metric"] else ""
    fingerprint = f", fingerprint {found['hash']}" if found["hash"] else ""
    yield f"Eval set{name}{metric}{fingerprint}."
    items = {split: count for split, count in (found["items"] or {}).items() if count is not None}
    if items:
        yield f"Items: {', '.join(f'{split} {count:,}' for split, count in items.items())}. The splits share no item."
        small = {split: count for split, count in items.items() if count < 100}
        if small:
            named = ", ".join(f"{split} ({times(count, 'item')})" for split, count in small.items())
            yield f"Small splits: {named}. Fewer than 100 items cannot resolve a few points; read the intervals."


def _goals(found: dict[str, list[str]]) -> Iterator[str]:
    sentences = [f"{word} {', '.join(found[word])}" for word in ("maximize", "minimize") if found[word]]
    if found["limits"]:
        sentences.append(f"within {', '.join(found['limits'])}")
    if sentences:
        yield f"Goals: {'; '.join(sentences)}."


def _space(found: dict[str, Any]) -> str:
    about = "" if found["exact"] else "about "
    parts = [f"Space: {whole(found['points'])} points"]
    if found["topologies"] is not None:
        parts.append(f"{about}{whole(found['topologies'])} different topologies")
    if found["invalid"]:
        parts.append(f"{whole(found['invalid'])} of the points looked at make no valid program")
    return ", ".join(parts) + "."
