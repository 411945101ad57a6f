"""`promptfoo`: a provider that runs the topology, and a configuration that compares it with its single models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.exporting.code.models import models_in, reached
from moaql.exporting.code.program import write_program
from moaql.exporting.targets.python import TARGET as PYTHON

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.exporting.base import Loss
    from moaql.graph.nodes import Graph

_PROVIDER = '''"""The topology `{name}` as a provider of promptfoo. It needs the file topology.py beside it, and httpx."""

import asyncio
import importlib.util
import sys
from pathlib import Path

_place = Path(__file__).with_name("topology.py")
_spec = importlib.util.spec_from_file_location("moaql_topology", _place)
topology = sys.modules["moaql_topology"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(topology)


def call_api(prompt, options, context):
    """Answer one prompt; the variables of the test are the fields of the question."""
    question = topology.Question(prompt, fields=(context or {{}}).get("vars", {{}}))
    try:
        answer = asyncio.run(topology.answer(question))
    except (topology.NoAnswer, topology.NoKey) as error:
        return {{"error": str(error)}}
    tokens = answer.prompt_tokens + answer.completion_tokens
    usage = {{"total": tokens, "prompt": answer.prompt_tokens, "completion": answer.completion_tokens}}
    result = {{"output": answer.text, "tokenUsage": {{**usage, "numRequests": answer.calls}}, "latencyMs": answer.seconds * 1000}}
    if answer.cost is not None:
        result["cost"] = answer.cost
    return result
'''


@dataclass(frozen=True)
class Promptfoo:
    """A provider and a configuration."""

    name: str = "promptfoo"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """The program, the provider, and `promptfooconfig.yaml`, which is written as JSON: YAML holds it."""
        models = {model.id: model for model in models_in(graph) if reached(model).url}
        providers: list[dict[str, Any]] = [
            {"id": "file://provider.py:call_api", "label": graph.name, "config": {"workers": 4}},
            *({"id": _provider_id(id), "label": model.name} for id, model in models.items() if _provider_id(id)),
        ]
        config = {
            "description": f"`{graph.name}` beside its single models",
            "prompts": ["{{question}}"],
            "providers": providers,
            "tests": "file://tests.json",
        }
        return {
            "topology.py": write_program(graph, program),
            "provider.py": _PROVIDER.format(name=graph.name),
            "promptfooconfig.yaml": json.dumps(config, indent=2, ensure_ascii=False) + "\n",
            "tests.json": json.dumps(_TESTS, indent=2) + "\n",
        }

    def losses(self, graph: Graph) -> list[Loss]:
        """Those of the program that the provider calls."""
        return PYTHON.losses(graph)


_TESTS = [{"vars": {"question": "What is 17 * 23?"}, "assert": [{"type": "contains", "value": "391"}]}]
_PREFIXES = {
    "openai": "openai:chat:",
    "anthropic": "anthropic:messages:",
    "groq": "groq:",
    "mistral": "mistral:",
    "openrouter": "openrouter:",
}


def _provider_id(model_id: str) -> str:
    """The model as promptfoo calls it; "" where it has no name for the provider."""
    provider, _, name = model_id.partition("/")
    return f"{_PREFIXES[provider]}{name}" if provider in _PREFIXES else ""


TARGET = Promptfoo()
