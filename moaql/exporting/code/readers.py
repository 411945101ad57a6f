"""Which ways of reading answers a topology uses: the others are left out of its program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.graph.nodes import Gate, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.exporting.code.sources import Where
    from moaql.graph.nodes import Graph, Pairs

_READERS = '{"exact": exact, "number": number, "choice": choice, "literal": literal}'
_OF_TEXTS = """\
    if by in ("similarity", "cluster"):
        return (candidates[_vote_of_texts(given, candidates, weights, by)],)
"""
_GROUPS = "    if by in THRESHOLDS:\n        return groups([each.text for each in candidates], by, matrix=matrix)\n"


def edits_for(graph: Graph) -> dict[Where, tuple[str, str]]:
    """What is left out where: by definition, a text and what stands in its place."""
    used = set(_ways(graph))
    read = [way for way in ("exact", "number", "choice", "literal") if way in used]
    kept = "{" + ", ".join(f'"{way}": {way}' for way in read) + "}"
    edits: dict[Where, tuple[str, str]] = {("moaql.answers.extract", "extract"): (_READERS, kept)}
    if not used & {"similarity", "cluster"}:
        edits["moaql.operations.vote", "vote"] = (_OF_TEXTS, "")
        edits["moaql.answers.readings", "same_answers"] = (_GROUPS, "")
    return edits


def _ways(graph: Graph) -> Iterator[str]:
    defaults = {"vote": "exact", "cluster": "similarity", "distinct": "exact"}
    for node in graph.nodes.values():
        if isinstance(node, Reduce) and node.operation in defaults:
            yield dict(node.parameters).get("by", defaults[node.operation])
        elif isinstance(node, Gate):
            yield from _compared(node.condition)


def _compared(condition: Pairs) -> Iterator[str]:
    given = dict(condition)
    for part in (*given.get("all", ()), *given.get("any", ()), *([given["not"]] if "not" in given else [])):
        yield from _compared(part)
    if given.get("compare") == "agreement":
        yield given.get("by") or "exact"
