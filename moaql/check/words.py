"""Values in a few words, for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Iterable


def listed(words: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def describe(node: n.Node) -> str:
    """What a value is: `the string "hot"`, `a list`."""
    if isinstance(node, n.Literal):
        article = {
            "money": "an amount of money",
            "duration": "a duration",
            "string": "the string",
            "percent": "the percentage",
        }
        text = node.text if len(node.text) <= 30 else node.text[:29] + "…"
        return f"{article.get(node.kind, '')} {text}".strip()
    if isinstance(node, n.Name):
        return f"`{node.text}`"
    words = {
        n.ListValue: "a list",
        n.MapValue: "a map",
        n.Fitted: "`?`",
        n.Range: "a range",
        n.Subset: "a subset",
        n.Group: "a pipeline",
        n.Choice: "a choice",
    }
    return words.get(type(node), "this")
