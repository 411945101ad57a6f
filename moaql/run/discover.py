"""Which models can be asked from here: by the keys in the environment, and by the servers that listen on this machine."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.providers.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Sequence

STARTERS = {
    "openai": ("gpt-4.1-mini", "gpt-4.1"),
    "anthropic": ("claude-haiku-4-5", "claude-sonnet-4-5"),
    "gemini": ("gemini-2.5-flash", "gemini-2.5-pro"),
    "mistral": ("ministral-14b-2512", "mistral-medium-3"),
    "deepseek": ("deepseek-chat",),
    "groq": ("openai/gpt-oss-20b", "openai/gpt-oss-120b"),
    "together_ai": ("meta-llama/Llama-3.3-70B-Instruct-Turbo",),
    "fireworks_ai": ("accounts/fireworks/models/llama-v3p3-70b-instruct",),
    "cerebras": ("llama-3.3-70b",),
    "openrouter": ("openai/gpt-4.1-mini", "anthropic/claude-haiku-4.5"),
}
"""A cheap model and a stronger one of each provider, to begin with."""
LOCAL = ("ollama", "vllm", "llama.cpp", "lm_studio")
_WAIT = 0.5
"""Seconds that a server on this machine may take to say what it has."""
_MOST = 4
"""Models of one server that a first program names."""


@dataclass(frozen=True)
class Found:
    """A model that can be asked.

    Attributes:
        id: `provider/model`.
        key: The variable that holds its key; "" for a server on this machine.
        base_url: Where it listens, if that is not what the provider's name says.
    """

    id: str
    key: str = ""
    base_url: str = ""


def by_key() -> list[Found]:
    """Models of the providers whose key is in the environment. The keys are not read."""
    found = []
    for provider, models in STARTERS.items():
        endpoint = ENDPOINTS[provider]
        names = (endpoint.key_variable, *endpoint.other_variables)
        variable = next((name for name in names if os.environ.get(name, "").strip()), None)
        if variable is not None:
            found += [Found(f"{provider}/{model}", variable) for model in models]
    return found


def by_server(addresses: Sequence[str] = ()) -> list[Found]:
    """Models of the servers that listen on this machine's usual ports, and at the addresses given.

    Args:
        addresses: Base URLs of further OpenAI-compatible servers.
    """
    servers = [(provider, ENDPOINTS[provider].base_url, "") for provider in LOCAL]
    servers += [("openai", address, address) for address in addresses]

    async def ask_all() -> list[list[str]]:
        return list(await asyncio.gather(*(_models_at(address) for _, address, _ in servers)))

    answers = asyncio.run(ask_all())
    return [
        Found(f"{provider}/{model}", "", base_url)
        for (provider, _, base_url), models in zip(servers, answers, strict=True)
        for model in models[:_MOST]
    ]


async def _models_at(address: str) -> list[str]:
    """What a server says it has; nothing where none listens, or what it says makes no sense."""
    import httpx

    path = address.rstrip("/")
    url = f"{path}/models" if path.endswith("/v1") else f"{path}/v1/models"
    try:
        async with httpx.AsyncClient(timeout=_WAIT, trust_env=False) as client:
            answer: Any = (await client.get(url)).json()
        ids = [str(each["id"]) for each in answer["data"] if isinstance(each.get("id"), str)]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError):
        return []
    return [id for id in ids if id and not any(character.isspace() for character in id)]
