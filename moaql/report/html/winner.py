"""The winner: its text, its graph, and what it does differently from the program that the search began with."""

from __future__ import annotations

import base64
from typing import Any

from moaql.errors import UsageError
from moaql.report.html.contestants import name_of
from moaql.report.html.text import clean, escape, note, paragraph


def section(result: dict[str, Any]) -> str:
    """All three, each where it is there."""
    parts = []
    if result["winner"]:
        parts.append(f"<p><bdi>{escape(name_of(result, result['winner']))}</bdi></p>")
    parts.append("<h3>Its text</h3>")
    parts.append(_pre(result["program"]) if result["program"] else paragraph("The result holds no program."))
    parts.append("<h3>Its graph</h3>")
    parts.append(_graph(result["graph"]) if result["graph"] else paragraph("The result holds no graph."))
    parts.append("<h3>What it changes</h3>")
    parts.append(_diff(result["diff"]) if result["diff"] else paragraph("The result names no difference."))
    return "\n".join(parts)


def _pre(text: str) -> str:
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _graph(data: dict[str, Any]) -> str:
    """The drawing of `moaql graph`, as a picture: so its style and its ids meet nothing else of the page."""
    from moaql.graph.draw.svg import draw
    from moaql.graph.draw.text import draw as draw_text
    from moaql.graph.interchange import from_json

    try:
        graph = from_json(data)
        drawing, lines = draw(graph), draw_text(graph)
    except UsageError as error:
        return note(f"It cannot be drawn: {error.message}.")
    except (ArithmeticError, AttributeError, AssertionError, LookupError, RecursionError, TypeError, ValueError):
        # The shape of such data is checked by reading it; values inside may still be of any type.
        return note("It cannot be drawn: the file holds something else than `moaql graph --format json` writes.")
    picture = base64.b64encode(clean(drawing).encode()).decode()
    return (
        '<div class="wide picture" role="region" tabindex="0" aria-label="Graph of the winner">'
        f'<img alt="Graph of the winner; its stages follow as text." src="data:image/svg+xml;base64,{picture}"></div>'
        f"<details><summary>The graph as text</summary>{_pre(lines)}</details>"
    )


def _diff(text: str) -> str:
    kinds = {"+": "added", "-": "removed"}
    lines = []
    for line in clean(text).rstrip("\n").split("\n"):
        kind = kinds.get(line.lstrip()[:1], "")
        lines.append(f'<span class="{kind}">{escape(line)}</span>' if kind else escape(line))
    return '<pre tabindex="0"><code>' + "\n".join(lines) + "</code></pre>"
