"""What of the library a topology does not use, and its program leaves out: ways of reading answers, protocols, operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.exporting.code.models import models_in, reached
from moaql.exporting.code.sources import method_of
from moaql.exporting.code.votes import listed, vote_edits
from moaql.graph.nodes import Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from moaql.check.program import Model
    from moaql.exporting.code.sources import Edits, Where
    from moaql.graph.nodes import Graph

_WITHOUT_OPERATION = ("choose", "fallback", "quorum")
_AVERAGE = "On average, in answers of models: tokens are counted so where a provider does not say."
_CLIENT = "moaql.exporting.standalone.client"
_RUN = ("moaql.exporting.standalone.run", "Run")
_ATTACH = "moaql.operations.attach"
_KINDS = {"critiques": "_critiques", "scores": "_scores", "tests": "_tests"}
_GRADED = """\
    scored = [
        replace(each, score=_score(said[each.node].text, each.tests) if each.node in said else None)
        for each in candidates
    ]
"""
_RATED = """\
    scored = [
        replace(each, score=read_score(said[each.node].text) if each.node in said else None) for each in candidates
    ]
"""
_RANKINGS = {"listwise": "_listwise", "pairwise": "_pairwise", "score": "_by_score"}
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


def edits_for(graph: Graph, alone: Sequence[Model] = ()) -> dict[Where, Edits]:
    """What is left out where: by definition, texts and what stands in their place.

    Args:
        graph: The topology.
        alone: Models that something else asks, each with its own settings.
    """
    return {
        **vote_edits(graph),
        **_of_judges(graph),
        **_of_the_client(graph),
        _RUN: tuple(_of_the_run(graph, alone)),
        ("moaql.graph.assumptions", "CHARACTERS_A_TOKEN"): (("Of the recorded texts, on average.", _AVERAGE),),
    }


def _of_judges(graph: Graph) -> dict[Where, Edits]:
    """What judges write is read in the ways that they are asked for."""
    attached = set(_parameters(graph, "attach", "what"))
    methods = {each or "listwise" for each in _parameters(graph, "rank", "method")}
    edits: dict[Where, Edits] = {
        (_ATTACH, "_KINDS"): ((_table(_KINDS, set(_KINDS)), _table(_KINDS, attached)),),
        ("moaql.operations.rank", "_METHODS"): ((_table(_RANKINGS, set(_RANKINGS)), _table(_RANKINGS, methods)),),
    }
    edits[_ATTACH, "attach"] = (("`critiques`, `scores` or `tests`", listed(_used(_KINDS, attached), "`")),)
    edits["moaql.operations.rank", "rank"] = (
        ("`listwise`, `pairwise` or `score`", listed(_used(_RANKINGS, methods), "`")),
    )
    if "tests" not in attached:  # then no candidate has any
        edits[_ATTACH, "_scores"] = ((_GRADED, _RATED),)
    return edits


def _parameters(graph: Graph, operation: str, name: str) -> Iterator[Any]:
    """What a parameter is, at each node of an operation."""
    for node in graph.nodes.values():
        if isinstance(node, Reduce) and node.operation == operation:
            yield dict(node.parameters).get(name)


def _table(names: Mapping[str, str], used: set[str]) -> str:
    return "{" + ", ".join(f'"{name}": {names[name]}' for name in _used(names, used)) + "}"


def _used(names: Mapping[str, str], used: set[str]) -> list[str]:
    return [name for name in names if name in used]


def _of_the_client(graph: Graph) -> dict[Where, Edits]:
    """OpenAI's protocol stays: a model that is given an address later speaks it."""
    protocols = {reached(model).protocol for model in models_in(graph)}
    unused = [each for each in ("anthropic", "embeddings") if each not in protocols]
    lines = tuple((f'    "{each}": ({each}_body, {each}_reply),\n', "") for each in unused)
    edits: dict[Where, Edits] = {(_CLIENT, "_PROTOCOLS"): lines}
    if "anthropic" in unused:
        edits[_CLIENT, "_headers"] = ((_ANTHROPIC_KEY, ""),)
    return edits


def _of_the_run(graph: Graph, alone: Sequence[Model]) -> Iterator[tuple[str, str]]:
    if not any(isinstance(node, Reduce) and node.operation not in _WITHOUT_OPERATION for node in graph.nodes.values()):
        yield method_of(_RUN, "apply"), ""
    truncated = [dict(call.reads).get("truncated") for call in graph.calls]
    truncated += [dict(model.settings).get("truncated") for model in alone]
    if set(truncated) <= {None, "keep"}:
        yield from ((text, "") for text in _TRUNCATED)
        yield from _TRUNCATED_WORDS
