"""A graph as a row of stages, for formats that know nothing else: layers, aggregators, and judges between them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.exporting.base import Loss
from moaql.graph.nodes import Call, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Model
    from moaql.graph.nodes import Graph
    from moaql.stages.base import Flow, Prompt

_JUDGED = {"rank": "verdict", "pass": "verdict"}
PLACES = {
    "system": "the system message",
    "user": "the message of the question",
    "trailing": "a message behind the question",
    "nowhere": "any message",
}
"""Where a prompt shows candidates."""
QUESTION_ALONE = "only the text of a question is sent: no system message and no conversation before it"
REASONING = "reasoning between <think> tags is not taken out of answers"


@dataclass(frozen=True)
class Step:
    """One stage of the row.

    Attributes:
        kind: `layer`, `agg`, or the operation of a reduction: `rank`, `pass`, `attach`, `select`, `vote`, …
        calls: The calls that it makes.
        parameters: Of the reduction.
        node: Id of a node of it, for losses.
    """

    kind: str
    calls: tuple[Call, ...]
    parameters: dict[str, Any]
    node: str

    @property
    def models(self) -> list[tuple[Call, int]]:
        """The first call of each kind, and how many of that kind there are."""
        counts: Counter[Any] = Counter()
        first: dict[Any, Call] = {}
        for call in self.calls:
            kind = (call.model, call.settings, call.prompt)
            first.setdefault(kind, call)
            counts[kind] += 1
        return [(call, counts[kind]) for kind, call in first.items()]


def row_of(graph: Graph, target: str) -> list[Step]:
    """The stages of a graph, first to last.

    Args:
        graph: The topology.
        target: What cannot say anything but a row, for the message.

    Raises:
        UsageError: if the graph is no such row.
    """
    steps: list[Step] = []
    flow = graph.outputs
    while flow:
        step, flow = _step(graph, flow, target)
        steps.append(step)
    return steps[::-1]


def _step(graph: Graph, flow: Flow, target: str) -> tuple[Step, Flow]:
    nodes = list({ref.node: graph.nodes[ref.node] for ref in flow}.values())
    calls = [node for node in nodes if isinstance(node, Call)]
    if len(calls) == len(nodes) and len({call.inputs for call in calls}) == 1:
        kind = "agg" if all(call.purpose == "aggregate" for call in calls) else "layer"
        return Step(kind, tuple(calls), {}, nodes[0].id), tuple(ref for _, ref in calls[0].inputs)
    node = nodes[0]
    if len(nodes) > 1 or not isinstance(node, Reduce) or node.operation in ("choose", "fallback", "quorum"):
        raise UsageError(
            f"{target} knows stages in a row only, and this topology branches at `{node.id}`",
            "`--to python` writes any topology.",
        )
    parameters = dict(node.parameters)
    role = parameters["what"] if node.operation == "attach" else _JUDGED.get(node.operation, "")
    judges = tuple(
        judge for each, ref in node.inputs if each == role and isinstance(judge := graph.nodes[ref.node], Call)
    )
    candidates = tuple(ref for each, ref in node.inputs if each == "candidates")
    return Step(node.operation, judges, parameters, node.id), candidates


def own_prompts(graph: Graph, prompts: str, place: str = "") -> Iterator[Loss]:
    """Every call whose prompt is replaced by the other system's own.

    Args:
        graph: The topology.
        prompts: What is sent instead, as a clause.
        place: Where the other system shows candidates, one of `PLACES`; "" to say nothing of it.
    """
    for call in graph.calls:
        if not call.inputs:
            if not _is_bare(call.prompt):
                yield Loss(call.id, "its prompt cannot be stated")
            continue
        yield Loss(call.id, f"{prompts}, so its messages differ")
        own = _place(call)
        if place and own != place:
            yield Loss(call.id, f"candidates stand in {PLACES[place]}, not in {PLACES[own]}")


def _place(call: Call) -> str:
    """Where a call shows candidates. Anthropic and Google take no two messages of a user in a row: they become one."""
    joined = call.model.id.partition("/")[0] in ("anthropic", "gemini")
    for role, text in call.prompt.messages:
        if "{candidates" in text:
            return "system" if role == "system" else "user" if joined or "{question}" in text else "trailing"
    return "nowhere"


def _is_bare(prompt: Prompt) -> bool:
    return prompt.messages == (("user", "{question}"),)


def lost_settings(graph: Graph, known: tuple[str, ...]) -> Iterator[Loss]:
    """Settings, fallbacks and ways of showing candidates that a format has no words for."""
    for call in graph.calls:
        for name, value in call.settings:
            if value is not None and name not in known:
                yield Loss(call.id, f"`{name}` cannot be stated")
        if call.model.alternatives:
            yield Loss(call.id, "its fallback models cannot be stated")
        reads = dict(call.reads)
        if reads.get("shuffle"):
            yield Loss(call.id, "`shuffle=true` cannot be stated")
        if reads.get("anonymous") is False:
            yield Loss(call.id, "`anonymous=false` cannot be stated")
        if reads.get("truncated", "keep") != "keep":
            yield Loss(call.id, "`truncated=` cannot be stated")


def bare_id(model: Model) -> str:
    """The model's id without its provider."""
    return model.id.partition("/")[2]
