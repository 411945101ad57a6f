"""The endpoints that speak OpenAI's protocol, and the environment variable that holds each provider's key.

Only names stand here. A key is read from the environment when a call is made, and is never kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.check.program import Model


@dataclass(frozen=True)
class Endpoint:
    """Where a provider listens, and the variable of its key; "" for servers that need none."""

    base_url: str
    key_variable: str


ENDPOINTS = {
    "openai": Endpoint("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": Endpoint("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    "gemini": Endpoint("https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY"),
    "together_ai": Endpoint("https://api.together.xyz/v1", "TOGETHERAI_API_KEY"),
    "openrouter": Endpoint("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "groq": Endpoint("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": Endpoint("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "deepseek": Endpoint("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks_ai": Endpoint("https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY"),
    "vllm": Endpoint("http://localhost:8000/v1", ""),
    "ollama": Endpoint("http://localhost:11434/v1", ""),
    "llama.cpp": Endpoint("http://localhost:8080/v1", ""),
    "lm_studio": Endpoint("http://localhost:1234/v1", ""),
    "sim": Endpoint("", ""),
    "recorded": Endpoint("", ""),
}


def key_variable(model: Model) -> str | None:
    """The environment variable that holds the key of a model; None where it needs none, or its provider is not known."""
    connection = dict(model.connection)
    if "api_key_env" in connection:
        named = connection["api_key_env"]
        return str(named) if named is not None else None
    endpoint = ENDPOINTS.get(model.id.partition("/")[0])
    return endpoint.key_variable or None if endpoint is not None else None
