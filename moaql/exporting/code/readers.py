"""What of the library a topology does not use, and its program leaves out: ways of reading answers, protocols, operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.exporting.code.models import models_in, reached
from moaql.exporting.code.sources import method_of
from moaql.graph.nodes import Gate, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.exporting.code.sources import Edits, Where
    from moaql.graph.nodes import Graph, Pairs

_READERS = '{"exact": exact, "number": number, "choice": choice, "literal": literal}'
_OF_TEXTS = """\
    if by in ("similarity", "cluster"):
        return (candidates[_vote_of_texts(given, candidates, weights, by)],)
"""
_WITHOUT_OPERATION = ("choose", "fallback", "quorum")
_GROUPS = "    if by in THRESHOLDS:\n        return groups([each.text for each in candidates], by, matrix=matrix)\n"


_CLIENT = "moaql.exporting.standalone.client"
_RUN = ("moaql.exporting.standalone.run", "Run")
_ANTHROPIC_KEY = """\
    if model.protocol == "anthropic":
        return {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}
"""
_TRUNCATED = (
    """\
                if reply.finish == "length" and truncated == "retry" and "max_tokens" in settings:
                    settings["max_tokens"] *= 2
                    reply = await self._once(model, messages, sample, settings)
""",
    """\
        if reply.finish == "length" and truncated == "drop":
            raise Failed(f"the answer of {model.name} was cut off by its token limit")
""",
)
_TRUNCATED_WORDS = (
    ('        truncated: str = "keep",\n', ""),
    ("            truncated: `keep`, `drop` or `retry` for an answer that its token limit cut off.\n", ""),
    ("sample, dict(sent), truncated)", "sample, dict(sent))"),
    ("(\n        self, model: Model, messages", "(self, model: Model, messages"),
    ("settings: dict[str, Any], truncated: str\n    ) -> Reply", "settings: dict[str, Any]) -> Reply"),
)


def edits_for(graph: Graph) -> dict[Where, Edits]:
    """What is left out where: by definition, texts and what stands in their place."""
    used = set(_ways(graph))
    read = [way for way in ("exact", "number", "choice", "literal") if way in used]
    kept = "{" + ", ".join(f'"{way}": {way}' for way in read) + "}"
    edits: dict[Where, Edits] = {("moaql.answers.extract", "extract"): ((_READERS, kept),)}
    if not used & {"similarity", "cluster"}:
        edits["moaql.operations.vote", "vote"] = ((_OF_TEXTS, ""),)
        edits["moaql.answers.readings", "same_answers"] = ((_GROUPS, ""),)
    return edits | _of_the_client(graph) | {_RUN: tuple(_of_the_run(graph))}


def _of_the_client(graph: Graph) -> dict[Where, Edits]:
    """OpenAI's protocol stays: a model that is given an address later speaks it."""
    protocols = {reached(model).protocol for model in models_in(graph)}
    unused = [each for each in ("anthropic", "embeddings") if each not in protocols]
    lines = tuple((f'    "{each}": ({each}_body, {each}_reply),\n', "") for each in unused)
    edits: dict[Where, Edits] = {(_CLIENT, "_PROTOCOLS"): lines}
    if "anthropic" in unused:
        edits[_CLIENT, "_headers"] = ((_ANTHROPIC_KEY, ""),)
    return edits


def _of_the_run(graph: Graph) -> Iterator[tuple[str, str]]:
    if not any(isinstance(node, Reduce) and node.operation not in _WITHOUT_OPERATION for node in graph.nodes.values()):
        yield method_of(_RUN, "apply"), ""
    if all(dict(call.reads).get("truncated", "keep") == "keep" for call in graph.calls):
        yield from ((text, "") for text in _TRUNCATED)
        yield from _TRUNCATED_WORDS


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
