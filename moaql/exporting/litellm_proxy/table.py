"""The model table of LiteLLM's proxy: each model of a topology under its own name, so that it can be asked alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.exporting.base import Loss
from moaql.exporting.code.models import Reached, reached
from moaql.exporting.defined import answering, defined_models
from moaql.providers import PROVIDERS
from moaql.providers.anthropic import MAX_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Model, Program
    from moaql.graph.nodes import Graph

NO_KEY = "none"
"""Sent where a model needs no key. Without one, LiteLLM would send the key of the provider whose protocol it speaks."""
ATTEMPTS = 5
"""As moaql and what it exports try a call."""
_SAME = {
    "openai", "together_ai", "openrouter", "groq", "mistral", "deepseek", "fireworks_ai", "xai", "cerebras", "deepinfra",
    "nvidia_nim", "hosted_vllm", "lm_studio",
}  # fmt: skip
"""Providers that LiteLLM asks by OpenAI's protocol under the same name. It runs `vllm` itself, and asks `ollama` otherwise."""
_LISTED = {"deepinfra", "xai"}
"""Providers of which LiteLLM refuses settings that are not in its own list."""
_REASONS = re.compile(r"(?:ft:)?(?:o\d|gpt-(?:[5-9]|\d\d))(?![A-Za-z])")
_SETTINGS = ("temperature", "top_p", "max_tokens", "seed", "stop", "timeout")
_SEEDLESS = {"anthropic"}


@dataclass
class Table:
    """A model table under construction.

    Attributes:
        entries: Of `model_list`, by name.
        fallbacks: Names of those that are asked in turn when one fails, by its name.
    """

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    fallbacks: dict[str, list[str]] = field(default_factory=dict)

    def add(self, model: Model, name: str) -> str:
        """Add a model, unless it is there; its name in the table, "" where LiteLLM cannot ask it."""
        if not _is_reached(model):
            return ""
        parameters = _parameters(model)
        number, taken = 1, name
        while taken in self.entries and self.entries[taken]["litellm_params"] != parameters:
            number += 1
            taken = f"{name}-{number}"
        self.entries[taken] = {"model_name": taken, "litellm_params": parameters, "model_info": {"mode": "chat"}}
        return taken


def table_of(graph: Graph, program: Program, topology: dict[str, Any]) -> Table:
    """The models of a topology as its program defines them, with their settings, and the topology's own entry.

    Args:
        graph: The topology.
        program: The program that it is from.
        topology: The entry of the topology itself. It keeps its name whatever its models are called.
    """
    table = Table({topology["model_name"]: topology})
    models = defined_models(graph, program)
    names = [table.add(model, model.name) for model in models]
    for model, name in zip(models, names, strict=True):
        others = [table.add(each, _spare_name(model, each, table)) for each in model.alternatives]
        if name and any(others):
            table.fallbacks[name] = [other for other in others if other]
    return table


def table_losses(graph: Graph) -> Iterator[Loss]:
    """How the table's models are asked otherwise than moaql asks them."""
    for call in answering(graph):
        for model in (call.model, *call.model.alternatives):
            for lost in _losses(model, reached(model)):
                yield Loss(call.id, f"in the model table, {lost}")


def _losses(model: Model, how: Reached) -> Iterator[str]:
    provider, _, name = model.id.partition("/")
    if not _is_reached(model):
        yield f"`{model.name}` is missing"
        return
    if provider == "anthropic":
        yield f"`{model.name}` is sent each text as a list of one part"
    elif provider == "gemini":
        yield f"`{model.name}` is asked by Google's own protocol, as LiteLLM writes it"
    elif provider == "openrouter" and _id(model) == model.id:
        yield f"`{model.name}` is also asked for its own count of costs (`usage`)"
    elif provider == "fireworks_ai" and "/" not in name:
        yield f"`{model.name}` is called `accounts/fireworks/models/{name}`"
    elif _id(model) == model.id and provider == "openai" and _REASONS.match(name):
        yield f"`{model.name}` is asked as LiteLLM asks reasoning models: some settings are refused, instructions may be the user's"
    if how.url and not how.keys:
        yield f"`{model.name}`, which needs no key, is sent the key `{NO_KEY}`"
    if len(how.keys) > 1:
        yield f"the key of `{model.name}` is read from {how.keys[0]} alone"


def _is_reached(model: Model) -> bool:
    """Whether LiteLLM can ask it. It cannot ask those that only moaql plays, nor Gemini elsewhere than at Google."""
    provider = model.id.partition("/")[0]
    if provider == "gemini":
        return not dict(model.connection).get("base_url")
    return provider in ("litellm", "openai", "anthropic") or PROVIDERS.find(provider) is None


def _spare_name(model: Model, other: Model, table: Table) -> str:
    """A spare that is asked with its own settings only is in the table already, or may be; any other is the model's own."""
    known = table.entries.get(other.name)
    if known is not None and known["litellm_params"] == _parameters(other):
        return other.name
    return f"{model.name}/{other.name}"


def _parameters(model: Model) -> dict[str, Any]:
    how = reached(model)
    provider = model.id.partition("/")[0]
    settings = {name: value for name, value in model.settings if name in _SETTINGS and value is not None}
    if provider in _SEEDLESS:
        settings = {"max_tokens": MAX_TOKENS, **settings}
        settings.pop("seed", None)
    if isinstance(settings.get("stop"), str):
        settings["stop"] = [settings["stop"]]
    parameters: dict[str, Any] = {"model": _id(model)}
    if how.keys:
        parameters["api_key"] = f"os.environ/{how.keys[0]}"
    elif how.url:
        parameters["api_key"] = NO_KEY
    if address := _address(model, how):
        parameters["api_base"] = address
    parameters |= {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    if provider in _LISTED and settings:
        parameters["allowed_openai_params"] = sorted(settings.keys() - {"timeout"})
    if how.price is not None:
        per_token = [round(dollars / 1e6, 18) for dollars in how.price]
        parameters |= {"input_cost_per_token": per_token[0], "output_cost_per_token": per_token[1]}
    return parameters


def _id(model: Model) -> str:
    """The model as LiteLLM calls it, so that it asks the same as moaql."""
    provider, _, name = model.id.partition("/")
    how = reached(model)
    if not how.url or provider in ("anthropic", "gemini"):
        return model.id.removeprefix("litellm/")
    elsewhere = bool(dict(model.connection).get("base_url"))
    if provider not in _SAME or (elsewhere and provider == "openai" and _REASONS.match(name)):
        return f"custom_openai/{name}"
    if elsewhere and provider in ("openrouter", "fireworks_ai"):
        return f"custom_openai/{name}"  # another server is not meant by what LiteLLM adds for that provider
    return model.id


def _address(model: Model, how: Reached) -> str:
    """Where LiteLLM is to send requests, as it wants it: Anthropic's with its path, all others without; "" where it knows."""
    given = str(dict(model.connection).get("base_url") or "")
    if not how.url or (not given and _id(model) == model.id):
        return given
    return how.url.removesuffix("/chat/completions")
