"""The bridge to every provider that LiteLLM knows and moaql has no file for. Also `litellm/PROVIDER/MODEL`, to insist on it.

LiteLLM reads keys and addresses from the environment by itself, and sends by its own client. It takes seconds to import, so it is
imported on the first call. Source: https://docs.litellm.ai/docs/completion
"""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from moaql.errors import Filtered, MissingPackage, ProviderError, Stalled, UnknownModel, Unreachable
from moaql.providers.completions import GatheredCompletion, read_completion
from moaql.providers.endpoints import key_of, key_variable
from moaql.providers.events import DONE
from moaql.providers.fields import an_object
from moaql.providers.replies import Asked, Said, failure, retry_after
from moaql.providers.secrets import scrub_environment, shown
from moaql.providers.wire import texts, without_keys

if TYPE_CHECKING:
    from moaql.providers.base import OnText, Request, Response, Transport

NAME = "litellm"
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")


class LiteLLM:
    """Providers that LiteLLM speaks to."""

    banked = True

    async def answer(self, request: Request, transport: Transport, on_text: OnText | None = None) -> Response:
        """Make one call through LiteLLM; the transport is not used. See `moaql.providers.base.Provider`.

        Raises:
            MissingPackage: if LiteLLM is not installed.
            MissingKey: if `api_key_env` names a variable that is not set.
            ProviderError: if the call fails.
        """
        del transport
        asked = Asked(request.id, variable=key_variable(request), key=key_of(request))
        # Importing takes seconds, in which other calls shall go on.
        litellm = await asyncio.to_thread(_litellm)
        try:
            given = _understood(litellm, arguments(request, asked.key, on_text is not None))
            answer = await litellm.acompletion(**given)
            if on_text is None:
                return _clean(read_completion(_document(answer), asked), asked)
            return _clean(await _read_stream(answer, asked, on_text), asked)
        except Exception as error:
            failed = _failure(litellm, error, asked)
            if failed is None:
                raise
        raise failed  # out here, so that no exception that holds the request hangs on it


def arguments(request: Request, key: str, streamed: bool) -> dict[str, Any]:
    """What LiteLLM is called with: only the settings that were asked for, and no retries of its own.

    Args:
        request: What to ask.
        key: The key that the program names, or "": LiteLLM looks for one itself then.
        streamed: Whether the answer shall be streamed.
    """
    settings = dict(request.settings)
    asked: dict[str, Any] = {
        "model": request.model if request.provider == NAME else request.id,
        "messages": [{"role": role, "content": content} for role, content in request.messages],
        "num_retries": 0,
    }
    for name in ("temperature", "top_p", "max_tokens"):
        if settings.get(name) is not None:
            asked[name] = settings[name]
    if settings.get("seed") is not None:
        asked["seed"] = settings["seed"] + request.sample
    if settings.get("stop") is not None:
        asked["stop"] = texts(settings["stop"])
    if settings.get("logprobs"):
        asked["logprobs"] = True
    if key:
        asked["api_key"] = key
    if address := dict(request.connection).get("base_url"):
        asked["api_base"] = address
    if streamed:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return asked


def _understood(litellm: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Without a seed and log-probabilities where the provider has none: they are not worth an answer, as other settings are."""
    known = litellm.get_supported_openai_params(model=given["model"])
    if known is None:
        return given
    return {name: value for name, value in given.items() if name not in ("seed", "logprobs") or name in known}


@cache
def _litellm() -> Any:
    # Without this it fetches a list of prices from the network, on import.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import litellm
    except ImportError:
        raise MissingPackage("litellm", "A provider that moaql does not speak to itself") from None
    # It builds more of itself on its first call, and pydantic warns of how.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"(litellm|pydantic)\b")
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.telemetry = False
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm


async def _read_stream(stream: Any, asked: Asked, on_text: OnText) -> Response:
    gathered = GatheredCompletion(asked)
    try:
        async for chunk in stream:
            if piece := gathered.add(_document(chunk)):
                on_text(piece)
    finally:
        await stream.aclose()
    gathered.add(DONE)
    return gathered.response()


def _clean(response: Response, asked: Asked) -> Response:
    """Without any key, also those that LiteLLM found by itself."""
    known = response.model in asked.id
    model = response.model if known else scrub_environment(response.model)
    return without_keys(replace(response, model=model), asked)


def _document(answer: Any) -> dict[str, Any]:
    """LiteLLM's object as the JSON that it stands for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its objects do not always keep to their own types
        return an_object(answer.model_dump())


def _failure(litellm: Any, error: Exception, asked: Asked) -> ProviderError | None:
    """Our exception for one of LiteLLM's, or None for another."""
    import openai

    if not isinstance(error, openai.APIError):
        return None
    words = scrub_environment(str(getattr(error, "message", "") or error))
    about = f"`{asked.id}` failed: {shown(words, asked.key)}"
    if isinstance(error, litellm.Timeout):
        return Stalled(about)
    if isinstance(error, litellm.ContentPolicyViolationError):
        return Filtered(about, "Ask in other words, or another model.")
    if isinstance(error, litellm.NotFoundError) or "LLM Provider NOT provided" in words:
        return UnknownModel(about, "Check the id in the model statement, and that the account may use it.")
    if isinstance(error, litellm.APIConnectionError):
        return Unreachable(about, "Check the network, and the address of the provider.")
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    wait = retry_after({str(name).lower(): str(value) for name, value in headers.items()})
    status = getattr(error, "status_code", None)
    said = Said(words, frozenset({type(error).__name__.lower(), str(getattr(error, "code", "")).lower()}))
    return failure(asked, status if isinstance(status, int) else 500, said, wait)


PROVIDER = LiteLLM()
