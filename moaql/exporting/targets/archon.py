"""`archon`: the JSON configuration of Archon (Saad-Falcon et al. 2024, arXiv 2409.15254)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.exporting.base import Loss, once_each
from moaql.exporting.shape import bare_id, lost_settings, own_prompts, row_of

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
    "vllm": "vLLM",
    "hosted_vllm": "vLLM",
}
"""Archon's names of providers."""
_TEMPERATURE, _MAX_TOKENS = 0.7, 2048
_JUDGES = {"rank": "ranker", "pass": "verifier"}
_ATTACHED = {"critiques": "critic", "tests": "unit_test_generator", "scores": "unit_test_evaluator"}


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

    def losses(self, graph: Graph) -> list[Loss]:
        """Votes, prompts, settings that are always sent, addresses."""
        return once_each(_losses(graph))


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
        elif step.kind == "select" and layers and layers[-1][0]["type"] == "unit_test_evaluator":
            layers[-1][0]["top_k"] = step.parameters["top"]
        else:
            raise UsageError(f"Archon has no `{step.kind}`", "`--to python` writes any topology.")
    return layers


def _attached(step: Step) -> dict[str, Any]:
    call, kind = step.calls[0], _ATTACHED[step.parameters["what"]]
    if kind == "critic":
        return _component(kind, call, samples=1)
    if kind == "unit_test_generator":
        return _component(kind, call, samples=1, unit_test_cap=dict(call.values)["n"])
    if call.purpose != "grade":
        raise UsageError("Archon has no `score`", "`--to python` writes any topology.")
    return _component(kind, call, samples=1, remove_unit_tests_from_prompt=True)


def _component(kind: str, call: Call, **more: Any) -> dict[str, Any]:
    settings = dict(call.settings)
    return {
        "type": kind,
        "model": bare_id(call.model),
        "model_type": MODEL_TYPES.get(call.model.id.partition("/")[0], "vLLM"),
        "temperature": settings.get("temperature", _TEMPERATURE),
        "max_tokens": settings.get("max_tokens", _MAX_TOKENS),
        **({"no_system": True} if kind == "generator" else {}),
        **{name: value for name, value in more.items() if value is not None},
    }


def _losses(graph: Graph) -> Iterator[Loss]:
    steps = row_of(graph, "Archon")
    _layers(steps)
    for step in steps:
        if step.kind == "rank" and step.parameters.get("method") != "listwise":
            yield Loss(step.node, "Archon's ranker makes one call for all candidates")
        if step.kind == "pass":
            yield Loss(step.node, "Archon's verifier makes two calls for each candidate")
    for call in graph.calls:
        for name, sent in (("temperature", _TEMPERATURE), ("max_tokens", _MAX_TOKENS)):
            if dict(call.settings).get(name) is None:
                yield Loss(call.id, f"`{name}={sent}` is sent, because Archon always sends one")
        provider = call.model.id.partition("/")[0]
        if provider not in MODEL_TYPES or dict(call.model.connection).get("base_url"):
            yield Loss(call.id, f"the address of `{call.model.id}` cannot be stated")
    yield from lost_settings(graph, ("temperature", "max_tokens"))
    yield from own_prompts(graph, "Archon has prompts of its own, which do not fence candidates")
    yield Loss("", "prices, timeouts and retries cannot be stated")


TARGET = Archon()
