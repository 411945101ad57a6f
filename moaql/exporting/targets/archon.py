"""`archon`: the JSON configuration of Archon (Saad-Falcon et al. 2024, arXiv 2409.15254), as its version 0.1.4 runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.exporting.base import Loss, once_each
from moaql.exporting.code.models import reached
from moaql.exporting.shape import REASONING, bare_id, lost_settings, own_prompts, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.exporting.shape import Step
    from moaql.graph.nodes import Call, Graph

MODEL_TYPES = {
    "together_ai": "Together_API",
    "openai": "OpenAI_API",
    "groq": "Groq_API",
    "anthropic": "Anthropic_API",
    "gemini": "Google_API",
    "bedrock": "Bedrock_API",
}
"""Archon's names of providers. Its `vLLM` asks no server: it loads the model into its own process."""
_ELSEWHERE = {"OpenAI_API": "OPENAI", "Groq_API": "GROQ", "Anthropic_API": "ANTHROPIC"}
"""Libraries that read another address from the environment."""
_TRIES = {"OpenAI_API": "seven", "Groq_API": "six"}
_TEMPERATURE, _MAX_TOKENS, _ANTHROPIC = 0.7, 2048, 4096
_JUDGES = {"rank": "ranker", "pass": "verifier"}
_ATTACHED = {"critiques": "critic", "tests": "unit_test_generator", "scores": "unit_test_evaluator"}
_READ_CRITIQUES = ("fuser", "ranker", "verifier")
_UNREAD = {
    "critic": "a reply that cannot be read is asked for again, up to ten times, and then ends the run",
    "unit_test_generator": "a list of another length is asked for again, up to ten times, and then ends the run",
    "verifier": "a reply that cannot be read is asked for again, up to ten times, and then drops the candidate",
    "unit_test_evaluator": "where a reply is missing, the scores behind it go to other candidates",
}
"""What happens on bad days, by component."""


@dataclass(frozen=True)
class Archon:
    """Archon's configuration."""

    name: str = "archon"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """One JSON file."""
        del program
        layers = _layers(row_of(graph, "Archon"))
        document = {"name": graph.name, "layers": layers}
        return {f"{graph.name}.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n"}

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Prompts, settings that are always sent, addresses, and what happens on bad days."""
        del program
        return once_each(every_loss(graph))


def every_loss(graph: Graph) -> Iterator[Loss]:
    """What is lost, of each node.

    Raises:
        UsageError: if Archon would run another topology.
    """
    steps = row_of(graph, "Archon")
    layers = _layers(steps)
    for step in steps:
        yield from _step_losses(step)
    for call in graph.calls:
        yield from _call_losses(call)
    yield from lost_settings(graph, ("temperature", "max_tokens"))
    yield from own_prompts(graph, "Archon has prompts of its own, which do not fence candidates", "user")
    if len(graph.outputs) > 1 or (layers[-1][0]["type"] == "verifier" and len(steps[-1].calls) > 1):
        yield Loss("", "of several candidates at the end one is drawn; moaql answers with the first")
    yield Loss("", "a system message that comes with the question is not sent")
    yield Loss("", REASONING)
    yield Loss("", "prices, timeouts and retries cannot be stated")


# Layers


def _layers(steps: list[Step]) -> list[list[dict[str, Any]]]:
    layers: list[list[dict[str, Any]]] = []
    for number, step in enumerate(steps):
        if step.kind in ("layer", "agg"):
            kind = "generator" if number == 0 else "fuser"
            layers.append([_component(kind, call, samples=count) for call, count in step.models])
        elif step.kind in _JUDGES and step.calls:
            more = {"top_k": step.parameters.get("top")} if step.kind == "rank" else {"samples": 1}
            layers.append([_component(_JUDGES[step.kind], step.calls[0], **more)])
        elif step.kind == "attach":
            layers.append([_attached(step)])
        elif _takes_best_graded(step) and layers and layers[-1][0]["type"] == "unit_test_evaluator":
            layers[-1][0]["top_k"] = step.parameters["top"]
        else:
            raise UsageError(f"Archon has no `{step.kind}`", "`--to python` writes any topology.")
    _refuse_stale([layer[0]["type"] for layer in layers])
    return layers


def _takes_best_graded(step: Step) -> bool:
    return step.kind == "select" and step.parameters.get("by") == "score"


def _attached(step: Step) -> dict[str, Any]:
    kind = _ATTACHED.get(step.parameters["what"])
    if kind is None or not step.calls or (kind == "unit_test_evaluator" and step.calls[0].purpose != "grade"):
        what = "score" if kind == "unit_test_evaluator" else step.parameters["what"]
        raise UsageError(f"Archon has no `{what}`", "`--to python` writes any topology.")
    call = step.calls[0]
    if kind == "unit_test_generator":
        return _component(kind, call, samples=1, unit_test_cap=dict(call.values)["n"])
    if kind == "critic":
        return _component(kind, call, samples=1)
    return _component(kind, call, samples=1, remove_unit_tests_from_prompt=True)


def _refuse_stale(kinds: list[str]) -> None:
    """Archon keeps the last critiques for ever: they must not meet other candidates, nor push out those before them."""
    fresh = stale = False
    for kind in kinds:
        if stale and kind in _READ_CRITIQUES:
            raise UsageError(
                f"Archon's {kind} would read critiques of candidates that are no more",
                "Put a `critic` before it, or leave out the first. `--to python` writes any topology.",
            )
        if kind == "critic":
            if fresh:
                raise UsageError(
                    "Archon keeps the critiques of one critic only", "Keep one. `--to python` writes any topology."
                )
            fresh, stale = True, False
        elif fresh and kind in ("fuser", "unit_test_evaluator"):
            fresh, stale = False, True


def _component(kind: str, call: Call, **more: Any) -> dict[str, Any]:
    settings = dict(call.settings)
    return {
        "type": kind,
        "model": bare_id(call.model),
        "model_type": _type(call),
        "temperature": _or(settings.get("temperature"), _TEMPERATURE),
        "max_tokens": _or(settings.get("max_tokens"), _MAX_TOKENS),
        **({"no_system": True} if kind == "generator" else {}),
        **{name: value for name, value in more.items() if value is not None},
    }


def _type(call: Call) -> str:
    """Whoever is no provider of Archon's is asked by OpenAI's library, at the address that the environment names."""
    return MODEL_TYPES.get(call.model.id.partition("/")[0], "OpenAI_API")


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


# Losses


def _step_losses(step: Step) -> Iterator[Loss]:
    component = _JUDGES.get(step.kind) or (_ATTACHED.get(step.parameters["what"], "") if step.kind == "attach" else "")
    if step.kind == "rank":
        if step.parameters.get("method") != "listwise":
            yield Loss(step.node, "Archon's ranker makes one call for all candidates")
        yield Loss(step.node, "where the ranker's reply is missing, the run ends")
    if step.kind == "pass":
        yield Loss(step.node, "Archon's verifier makes two calls for each candidate")
    if component == "unit_test_evaluator":
        yield Loss(step.node, "of answers that pass equally many tests another may be put first")
        yield Loss(step.node, "a question of ten characters or fewer ends the run")
    if component == "unit_test_generator":
        yield Loss(step.node, "its tests stand behind the question from here on")
    if component in _UNREAD:
        yield Loss(step.node, _UNREAD[component])


def _call_losses(call: Call) -> Iterator[Loss]:
    settings, kind = dict(call.settings), _type(call)
    if settings.get("temperature") is None and kind != "Bedrock_API":
        yield Loss(call.id, f"`temperature={_TEMPERATURE}` is sent, because Archon always sends one")
    yield from _length_losses(call, kind, settings.get("max_tokens"))
    if kind == "Anthropic_API":
        yield Loss(call.id, "Archon asks Anthropic six times for each answer, and takes the last")
    if kind == "Bedrock_API":
        for name in ("temperature", "max_tokens"):
            if settings.get(name) is not None:
                yield Loss(call.id, f"`{name}` is not sent to Bedrock")
    if kind in _TRIES:
        yield Loss(call.id, f"a call that fails is made {_TRIES[kind]} times, and then ends the run")
    yield from _address_losses(call, kind)


def _length_losses(call: Call, kind: str, own: int | None) -> Iterator[Loss]:
    if kind == "Anthropic_API":
        if own not in (None, _ANTHROPIC):  # moaql sends the same where nothing is stated
            yield Loss(call.id, f"`max_tokens={_ANTHROPIC}` is sent to Anthropic, whatever is stated")
    elif own is None:
        if kind != "Bedrock_API":
            yield Loss(call.id, f"`max_tokens={_MAX_TOKENS}` is sent, because Archon always sends one")
    elif kind == "OpenAI_API" and (limit := reached(call.model).limit) != "max_tokens":
        yield Loss(call.id, f"its limit is sent as `max_tokens`, not as `{limit}`")


def _address_losses(call: Call, kind: str) -> Iterator[Loss]:
    provider = call.model.id.partition("/")[0]
    connection = dict(call.model.connection)
    if provider in MODEL_TYPES and not connection.get("base_url") and not connection.get("api_key_env"):
        return
    library = _ELSEWHERE.get(kind)
    where = f": set `{library}_BASE_URL` and `{library}_API_KEY`, which hold for all of its kind" if library else ""
    yield Loss(call.id, f"the address and the key of `{call.model.id}` cannot be stated{where}")


TARGET = Archon()
