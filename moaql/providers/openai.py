"""Chat completions: the protocol of OpenAI, and of every server that speaks it.

The address is that of `base_url`, or of the provider's entry in `endpoints`. Only the settings that were asked for are sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moaql.providers.completions import GatheredCompletion, read_completion
from moaql.providers.endpoints import Endpoint, base_url, below, endpoint_of
from moaql.providers.fields import objects
from moaql.providers.wire import Wire, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.providers.base import Request, Response
    from moaql.providers.replies import Asked
    from moaql.providers.wire import Gathered

_REASONS = re.compile(r"(?:ft:)?(?:o\d|gpt-(?:[5-9]|\d\d))(?![A-Za-z])")
"""OpenAI's own reasoning models, which refuse `max_tokens` for its newer name."""
_UNKNOWN = Endpoint("", "")


class OpenAI(Wire):
    """Providers that speak OpenAI's protocol."""

    def url(self, request: Request, streamed: bool) -> str:
        """`…/chat/completions` below the base URL."""
        del streamed
        return below(base_url(request, "v1"), "/chat/completions")

    def headers(self, key: str) -> dict[str, str]:
        """The key as a bearer."""
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, request: Request, streamed: bool) -> dict[str, Any]:
        """Model, messages and settings."""
        endpoint = endpoint_of(request) or _UNKNOWN
        settings = dict(request.settings)
        body: dict[str, Any] = {"model": request.model, "messages": _messages(request, settings.get("turns"))}
        for name in ("temperature", "top_p", "response_format", "tools", "tool_choice", "parallel_tool_calls"):
            if settings.get(name) is not None:
                body[name] = settings[name]
        if settings.get("max_tokens") is not None:
            body[_limit_name(request)] = settings["max_tokens"]
        if settings.get("seed") is not None:
            body[endpoint.seed] = settings["seed"] + request.sample
        if settings.get("stop") is not None:
            body["stop"] = texts(settings["stop"])
        if settings.get("logprobs"):
            body["logprobs"] = True
        if streamed:
            body["stream"] = True
            if endpoint.stream_usage:
                body["stream_options"] = {"include_usage": True}
        return body

    def read(self, document: dict[str, Any], asked: Asked) -> Response:
        """The answer of a whole completion."""
        return read_completion(document, asked)

    def gather(self, asked: Asked) -> Gathered:
        """What takes in the chunks of a streamed completion."""
        return GatheredCompletion(asked)

    def is_whole(self, document: Any) -> bool:
        """Whether it is a completion, not a chunk of one."""
        choices = objects(document.get("choices")) if isinstance(document, dict) else []
        # Perplexity's chunks hold both: what is new, and what there is so far.
        return bool(choices) and "message" in choices[0] and "delta" not in choices[0]


def _messages(request: Request, turns: Sequence[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The messages; of a conversation that is passed on as it is, the system message alone is the program's."""
    own = request.messages if turns is None else [each for each in request.messages if each[0] == "system"]
    return [{"role": role, "content": content} for role, content in own] + list(turns or ())


def _limit_name(request: Request) -> str:
    own = request.provider == "openai" and not dict(request.connection).get("base_url")
    return "max_completion_tokens" if own and _REASONS.match(request.model) else "max_tokens"


PROVIDER = OpenAI()
