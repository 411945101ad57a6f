"""`llm-consortium`: the JSON configuration of a consortium of one round: members, and an arbiter that writes the answer."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.exporting.base import Loss, once_each
from moaql.exporting.shape import QUESTION_ALONE, REASONING, bare_id, lost_settings, own_prompts, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Model, Program
    from moaql.graph.nodes import Call, Graph

_WHAT = "a consortium is one layer, and an arbiter that writes the answer or picks the best"


@dataclass(frozen=True)
class Consortium:
    """A consortium."""

    name: str = "llm-consortium"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """One JSON file."""
        del program
        members, arbiter, method = _parts(graph)
        names = _names(graph)
        document: dict[str, Any] = {
            "models": dict(Counter(names[call.model] for call in members)),
            "arbiter": names[arbiter.model],
            "max_iterations": 1,
            "minimum_iterations": 1,
            "confidence_threshold": 0,
            "judging_method": method,
            "strategy": "default",
        }
        return {f"{graph.name}.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n"}

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Prompts, and all settings of members."""
        del program
        return once_each(every_loss(graph))


def every_loss(graph: Graph) -> Iterator[Loss]:
    """What is lost, of each node.

    Raises:
        UsageError: if a consortium would be another topology.
    """
    members, arbiter, method = _parts(graph)
    names = _names(graph)
    yield from lost_settings(graph, ())
    for call in graph.calls:
        yield Loss(
            call.id, f"`{call.model.id}` is called `{names[call.model]}` there: it must be an id that `llm` knows"
        )
    for call in members:
        yield Loss(call.id, "its answer is streamed, where `llm` can stream it")
    yield from own_prompts(graph, "the arbiter has a prompt of its own, in which candidates are not fenced", "user")
    yield Loss(arbiter.id, "members are shown in the order in which they answer, by the names of their models")
    if method == "rank":
        yield Loss(
            arbiter.id,
            "the arbiter writes an answer besides its ranking, and where that cannot be read, its reply is the answer",
        )
        yield Loss(
            arbiter.id, "answers are told apart by numbers below 1000 that are drawn anew, of which two may be the same"
        )
    else:
        yield Loss(arbiter.id, "the answer is what stands between the arbiter's <synthesis> tags, if it writes them")
    yield Loss("", "where all members fail, the text of an empty record is the answer")
    yield Loss("", QUESTION_ALONE)
    yield Loss("", REASONING)
    yield Loss("", "prices, timeouts and retries cannot be stated")


def _names(graph: Graph) -> dict[Model, str]:
    """Ids of `llm`: without the provider, unless two models would be called the same."""
    models = {call.model for call in graph.calls}
    owners: dict[str, set[tuple[str, Any]]] = {}
    for model in models:
        owners.setdefault(bare_id(model), set()).add((model.id, model.connection))
    return {model: bare_id(model) if len(owners[bare_id(model)]) == 1 else model.id for model in models}


def _parts(graph: Graph) -> tuple[tuple[Call, ...], Call, str]:
    steps = row_of(graph, "llm-consortium")
    if len(steps) == 2 and steps[0].kind == "layer" and len(steps[1].calls) == 1:
        if steps[1].kind == "agg":
            return steps[0].calls, steps[1].calls[0], "default"
        if steps[1].kind == "rank" and steps[1].parameters.get("top") == 1:
            return steps[0].calls, steps[1].calls[0], "rank"
    raise UsageError(f"{_WHAT}; `{graph.name}` is something else", "`--to python` writes any topology.")


TARGET = Consortium()
