"""The whole page: its sections in order, its policy, and nothing that is loaded from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.report.html import (
    confirmation,
    curve,
    disagreements,
    finding,
    frontier,
    holes,
    method,
    picks,
    trials,
    winner,
)
from moaql.report.html.script import SCRIPT, script_hash
from moaql.report.html.style import style
from moaql.report.html.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable

SECTIONS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "finding": ("The finding", finding.section),
    "frontier": ("The frontier", frontier.section),
    "holes": ("What each hole is worth", holes.section),
    "curve": ("What the dollars bought", curve.section),
    "picks": ("Picks and ties", picks.section),
    "confirmation": ("Confirmation", confirmation.section),
    "winner": ("The winner", winner.section),
    "trials": ("All trials", trials.section),
    "disagreements": ("Disagreements", disagreements.section),
    "method": ("How it was measured", method.section),
}
"""By id, in the order of the page: a heading, and a function from the checked result to HTML."""


def page(result: dict[str, Any]) -> str:
    """The report of a search as one HTML document that loads nothing and works without a script.

    Args:
        result: As `moaql.report.result.read_result` gives it.

    Returns:
        The document; it holds no character that UTF-8 cannot.
    """
    title = f"{'Simulated: ' if result['simulated'] else ''}search {result['search']}"
    body = "\n".join(_section(name, heading, make(result)) for name, (heading, make) in SECTIONS.items())
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            _head(title),
            "<body>",
            f"<header><h1>{escape(title)}</h1>{_meta(result)}{finding.banner(result)}</header>",
            _contents(),
            f"<main>\n{body}\n</main>",
            '<footer><p class="note">Written by moaql report.</p></footer>',
            f"<script>{SCRIPT}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def policy() -> str:
    """What a browser lets the page do: show itself, and run its one script."""
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        f"script-src '{script_hash()}'; base-uri 'none'; form-action 'none'"
    )


def _head(title: str) -> str:
    return (
        f'<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{style()}</style>\n</head>"
    )


def _meta(result: dict[str, Any]) -> str:
    facts = [each for each in (result["file"], result["date"]) if each]
    return f'<p class="meta">{escape(" · ".join(facts))}</p>' if facts else ""


def _contents() -> str:
    entries = "".join(f'<li><a href="#{name}">{escape(heading)}</a></li>' for name, (heading, _) in SECTIONS.items())
    return f'<nav aria-label="Sections"><ul>{entries}</ul></nav>'


def _section(name: str, heading: str, inside: str) -> str:
    head = f'<h2 id="{name}-heading">{escape(heading)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-heading">{head}\n{inside}\n</section>'
