"""`llm-consortium`: the JSON configuration of a consortium of one round: members, and an arbiter that writes the answer."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.exporting.base import Loss, once_each
from moaql.exporting.shape import bare_id, lost_settings, own_prompts, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
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
        document: dict[str, Any] = {
            "models": dict(Counter(bare_id(call.model) for call in members)),
            "arbiter": bare_id(arbiter.model),
            "max_iterations": 1,
            "minimum_iterations": 1,
            "confidence_threshold": 0,
            "judging_method": method,
            "strategy": "default",
        }
        return {f"{graph.name}.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n"}

    def losses(self, graph: Graph) -> list[Loss]:
        """Prompts, and all settings of members."""
        return once_each(_losses(graph))


def _parts(graph: Graph) -> tuple[tuple[Call, ...], Call, str]:
    steps = row_of(graph, "llm-consortium")
    if len(steps) == 2 and steps[0].kind == "layer" and len(steps[1].calls) == 1:
        if steps[1].kind == "agg":
            return steps[0].calls, steps[1].calls[0], "default"
        if steps[1].kind == "rank" and steps[1].parameters.get("top") == 1:
            return steps[0].calls, steps[1].calls[0], "rank"
    raise UsageError(f"{_WHAT}; `{graph.name}` is something else", "`--to python` writes any topology.")


def _losses(graph: Graph) -> Iterator[Loss]:
    _parts(graph)
    yield from lost_settings(graph, ())
    for call in graph.calls:
        yield Loss(
            call.id, f"`{call.model.id}` is called `{bare_id(call.model)}` there: it must be an id that `llm` knows"
        )
    yield from own_prompts(graph, "the arbiter has a prompt of its own")
    yield Loss("", "members are shown in the order in which they answer, which differs from run to run")
    yield Loss("", "prices, timeouts and retries cannot be stated")


TARGET = Consortium()
