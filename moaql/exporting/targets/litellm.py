"""`litellm`: a model table with prices and fallbacks, and a custom handler that answers as the topology."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.exporting.base import Loss, once_each
from moaql.exporting.code.models import models_in, reached
from moaql.exporting.code.program import write_program
from moaql.exporting.targets.python import TARGET as PYTHON

if TYPE_CHECKING:
    from moaql.check.program import Model, Program
    from moaql.graph.nodes import Graph

_HANDLER = '''"""The topology `{name}` as a model of LiteLLM. It needs the file topology.py beside it, and httpx."""

import litellm
from litellm import CustomLLM, ModelResponse

import topology


def _question(messages):
    system = "\\n\\n".join(each["content"] for each in messages if each["role"] == "system")
    turns = tuple((each["role"], each["content"]) for each in messages if each["role"] != "system")
    return topology.Question(turns[-1][1], system, turns[:-1])


class Topology(CustomLLM):
    """Answers chat completions; the last message must be the user's."""

    async def acompletion(self, *args, **kwargs) -> ModelResponse:
        answer = await topology.answer(_question(kwargs["messages"]))
        response = ModelResponse(model="{name}")
        response.choices[0].message.content = answer.text
        response.choices[0].finish_reason = "stop"
        usage = litellm.Usage(
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            total_tokens=answer.prompt_tokens + answer.completion_tokens,
        )
        setattr(response, "usage", usage)
        if answer.cost is not None:
            response._hidden_params["response_cost"] = answer.cost
        return response

    def completion(self, *args, **kwargs) -> ModelResponse:
        import asyncio

        return asyncio.run(self.acompletion(*args, **kwargs))


handler = Topology()
'''


@dataclass(frozen=True)
class LiteLLM:
    """LiteLLM's proxy."""

    name: str = "litellm"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """`config.yaml` (written as JSON, which YAML holds), the handler, and the program that it calls."""
        models: dict[str, Model] = {}
        fallbacks: dict[str, list[str]] = {}
        for model in models_in(graph):
            models.setdefault(model.name, model)
            if model.alternatives:
                fallbacks[model.name] = [each.name for each in model.alternatives]
        own = {"model_name": graph.name, "litellm_params": {"model": f"moaql/{graph.name}"}}
        config: dict[str, Any] = {
            "model_list": [*map(_entry, models.values()), own],
            "litellm_settings": {"custom_provider_map": [{"provider": "moaql", "custom_handler": "handler.handler"}]},
        }
        if fallbacks:
            config["router_settings"] = {"fallbacks": [{name: others} for name, others in fallbacks.items()]}
        return {
            "config.yaml": json.dumps(config, indent=2, ensure_ascii=False) + "\n",
            "handler.py": _HANDLER.format(name=graph.name),
            "topology.py": write_program(graph, program),
        }

    def losses(self, graph: Graph) -> list[Loss]:
        """Those of the program that the handler calls, and what its proxy does not pass on."""
        streaming = Loss(
            "", "the topology's answer is not streamed, and settings of a request are not passed on to its models"
        )
        return once_each([*PYTHON.losses(graph), streaming])


def _entry(model: Model) -> dict[str, Any]:
    how = reached(model)
    parameters: dict[str, Any] = {"model": model.id}
    if how.keys:
        parameters["api_key"] = f"os.environ/{how.keys[0]}"
    if address := dict(model.connection).get("base_url"):
        parameters["api_base"] = address
    parameters |= {name: value for name, value in model.settings if name in _SETTINGS and value is not None}
    if how.price is not None:
        parameters |= {"input_cost_per_token": how.price[0] / 1e6, "output_cost_per_token": how.price[1] / 1e6}
    return {"model_name": model.name, "litellm_params": parameters, "model_info": {"mode": "chat"}}


_SETTINGS = ("temperature", "max_tokens", "top_p", "seed", "stop", "timeout")
TARGET = LiteLLM()
