"""The endpoints that are known by name, and the environment variable that holds each provider's key.

Only names stand here. A key is read from the environment when a call is made, and is never kept.

A `base_url` may end in a slash or not, and in its version or not: `http://localhost:8000` and `http://localhost:8000/v1/` are the
same. Where it has a path of its own, such as `https://host/openai/v1`, the path is taken as it is written.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from moaql.errors import MissingKey, UsageError


class Addressed(Protocol):
    """What says which model is asked and how it is reached: a model of a program, or a request."""

    @property
    def id(self) -> str:
        """`provider/model`."""
        ...

    @property
    def connection(self) -> tuple[tuple[str, Any], ...]:
        """`base_url`, `api_key_env`, …, as (name, value) pairs."""
        ...


@dataclass(frozen=True)
class Endpoint:
    """Where a provider listens.

    Attributes:
        base_url: The address that its paths are added to; "" where nothing is sent.
        key_variable: The variable of its key; "" for servers that need none.
        other_variables: Other names that the same key goes by; the first that is set is read.
        seed: What it calls the seed.
        stream_usage: Whether it must be asked for the tokens of a stream.
    """

    base_url: str
    key_variable: str
    other_variables: tuple[str, ...] = ()
    seed: str = "seed"
    stream_usage: bool = True


ENDPOINTS = {
    "openai": Endpoint("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": Endpoint("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    "gemini": Endpoint("https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY", ("GOOGLE_API_KEY",)),
    "together_ai": Endpoint(
        "https://api.together.xyz/v1", "TOGETHERAI_API_KEY", ("TOGETHER_API_KEY", "TOGETHER_AI_API_KEY")
    ),
    "openrouter": Endpoint("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "groq": Endpoint("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    # Mistral refuses names that it does not know, and always counts the tokens of a stream.
    "mistral": Endpoint("https://api.mistral.ai/v1", "MISTRAL_API_KEY", seed="random_seed", stream_usage=False),
    "deepseek": Endpoint("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks_ai": Endpoint(
        "https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY", ("FIREWORKS_API_KEY", "FIREWORKSAI_API_KEY")
    ),
    "xai": Endpoint("https://api.x.ai/v1", "XAI_API_KEY"),
    "cerebras": Endpoint("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepinfra": Endpoint("https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
    "nvidia_nim": Endpoint("https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY"),
    "vllm": Endpoint("http://localhost:8000/v1", ""),
    "hosted_vllm": Endpoint("http://localhost:8000/v1", ""),
    "ollama": Endpoint("http://localhost:11434/v1", ""),
    "llama.cpp": Endpoint("http://localhost:8080/v1", ""),
    "lm_studio": Endpoint("http://localhost:1234/v1", ""),
    "sim": Endpoint("", ""),
    "recorded": Endpoint("", ""),
}


def endpoint_of(model: Addressed) -> Endpoint | None:
    """The known endpoint of a model's provider, or None."""
    return ENDPOINTS.get(model.id.partition("/")[0])


def key_variable(model: Addressed) -> str | None:
    """The environment variable that holds the key of a model; None where it needs none, or its provider is not known.

    The key of a provider is not for another address: a model with a `base_url` of its own has only the key that its
    `api_key_env` names.
    """
    connection = dict(model.connection)
    if "api_key_env" in connection:
        named = connection["api_key_env"]
        return str(named) if named is not None else None
    endpoint = endpoint_of(model)
    if endpoint is None or not endpoint.key_variable or _is_elsewhere(connection.get("base_url"), endpoint):
        return None
    names = (endpoint.key_variable, *endpoint.other_variables)
    return next((name for name in names if os.environ.get(name, "").strip()), endpoint.key_variable)


def key_of(model: Addressed) -> str:
    """The key of a model, from the environment; "" where it needs none.

    Raises:
        MissingKey: if it needs one and there is none.
        UsageError: if the variable holds what cannot be sent.
    """
    variable = key_variable(model)
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise MissingKey(model.id, variable)
    if not (key.isascii() and key.isprintable()):
        raise UsageError(f"{variable} holds characters that no key has", f"Copy the key into {variable} again.")
    return key


def base_url(model: Addressed, version: str) -> str:
    """The address that paths are added to, without a slash at its end; a query stays behind it.

    Args:
        model: Whose address.
        version: The path of an address that has none, such as `v1`.

    Raises:
        UsageError: if the model has no `base_url`, and its provider is not known.
    """
    endpoint = endpoint_of(model)
    given = dict(model.connection).get("base_url") or (endpoint.base_url if endpoint is not None else "")
    if not given:
        raise UsageError(f"`{model.id}` has no address", "Give its model statement a `base_url`.")
    parts = urlsplit(str(given))
    path = parts.path.rstrip("/") or f"/{version}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def below(address: str, path: str) -> str:
    """A path below an address, in front of the address's query."""
    parts = urlsplit(address)
    whole = parts.path if parts.path.endswith(path) else parts.path + path
    return urlunsplit((parts.scheme, parts.netloc, whole, parts.query, ""))


def _is_elsewhere(address: Any, endpoint: Endpoint) -> bool:
    return address is not None and urlsplit(str(address)).netloc != urlsplit(endpoint.base_url).netloc
