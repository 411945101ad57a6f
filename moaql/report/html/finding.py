"""The finding: whether anything beat the best single model, in words, and the figures that it rests on."""

from __future__ import annotations

from typing import Any

from moaql.report.html.contestants import ends, name_of, seconds, signed_ends
from moaql.report.html.text import escape, note
from moaql.report.words import dollars, number, signed

SIMULATED = (
    "Simulated models: no real model was asked, and no real dollar was spent. This says nothing about real models."
)


def section(result: dict[str, Any]) -> str:
    """The verdict, the headline, and the key figures."""
    parts = [f'<p class="lead">{escape(result["headline"])}</p>']
    if result["beaten"] is not None:
        parts.insert(0, f'<p class="verdict">{_verdict(result["beaten"])}</p>')
    figures = _figures(result)
    if figures:
        entries = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in figures)
        parts.append(f'<dl class="figures">{entries}</dl>')
    if result["stopped"]:
        parts.append(note(f"Why the search stopped: {result['stopped'].rstrip('.')}."))
    return "\n".join(parts)


def banner(result: dict[str, Any]) -> str:
    """The warning that stands above all else where models were simulated; "" where they were not."""
    if not result["simulated"]:
        return ""
    first, _, rest = SIMULATED.partition(":")
    return f'<p class="loud" role="note"><strong>{first}</strong>:{rest}</p>'


def _verdict(beaten: bool) -> str:
    if beaten:
        return "An ensemble beat the best single model."
    return "No ensemble beat the best single model."


def _figures(result: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    if result["winner"]:
        found.append(("winner", name_of(result, result["winner"])))
        found += _confirmed(result)
    real = "" if not result["simulated"] else "simulated "
    for name, amount in (
        ("paid", result["paid"]),
        ("budget", result["budget"]),
        ("saved by the bank", result["saved"]),
    ):
        if amount is not None:
            found.append((f"{real}dollars, {name}", dollars(amount)))
    if result["seconds"] is not None:
        found.append(("time", seconds(result["seconds"])))
    return found


def _confirmed(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What the report split says of the winner."""
    row = next((each for each in result["confirmed"] if each["key"] == result["winner"]), None)
    found = []
    if row is not None and row["report"] is not None:
        scored = row["report"]
        found.append(("its score on the report split", f"{number(scored['score'])} ({ends(scored['ci'])})"))
    if row is not None and row["difference"] is not None:
        gain = row["difference"]
        against = name_of(result, gain["to"]) if gain["to"] else "the best baseline"
        found.append((f"difference to {against}", f"{signed(gain['difference'])} ({signed_ends(gain['ci'])})"))
    return found
