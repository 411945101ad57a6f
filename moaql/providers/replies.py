"""From a reply that is no answer to the exception that says so; shared by all providers that speak HTTP.

Providers agree on statuses, not on bodies: an error is an object, a text, a list or a page, its code a number or a word, and a
prompt that is too long has as many names as there are servers. What they say is shortened, and freed of keys, before it is shown.
"""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from moaql.errors import (
    BrokenOff,
    ContextTooLong,
    Filtered,
    KeyRefused,
    ProviderError,
    RateLimited,
    Refused,
    ServerFailed,
    UnknownModel,
)
from moaql.providers.secrets import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT = 120.0
"""Seconds; a provider that asks for a longer wait is taken at this."""
LARGEST_ERROR = 100_000
"""Bytes of an error's body that are read."""

_CONTEXT = re.compile(
    r"""context[ _-]?(?:length|window|size|limit)
    | maximum\ context | prompt\ is\ too\ long | too\ many\ (?:input\ )?tokens | maximum\ model\ length | max_model_len
    | input\ token\ count .* exceeds | (?:prompt|input) .* exceeds .* (?:maximum|limit) .* tokens?
    | reduce\ the\ length\ of\ the\ (?:messages|prompt|input) | input\ (?:is\ )?too\ long | prompt\ too\ long
    | inputs?`?\ tokens\ \+\ `?max_(?:new_)?tokens | request_too_large""",
    re.VERBOSE | re.IGNORECASE,
)
_CONTEXT_CODES = {
    "context_length_exceeded", "exceed_context_size_error", "contextwindowexceedederror", "context_window_exceeded",
    "prompt_too_long", "request_too_large",
}  # fmt: skip
_MODEL = re.compile(
    r"""models?\b .{0,150}? (?:does\ not\ exist|not\ exist|not\ found|not\ available|not\ supported|not\ a\ valid|is\ not\ valid
      |unknown|unavailable|no\ longer|decommissioned|deprecated|has\ been\ (?:retired|removed)|not\ (?:have\ )?access)
    | (?:invalid|unknown|no\ such|not\ a\ valid|unsupported|unable\ to\ access)\ model
    | not\ have\ access\ to\ (?:the\ |this\ )?model
    | ^model:\ \S+$""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SETTING = re.compile(
    r"parameter|temperature|top_p|logprobs|stop|seed|max_(?:completion_)?tokens|reasoning", re.IGNORECASE
)
"""A model that is known and does not take a setting is called unsupported as well."""
_MODEL_CODES = {"model_not_found", "invalid_model", "model_not_available", "model_decommissioned", "deploymentnotfound"}
_UNPAID = re.compile(
    r"insufficient[ _](?:quota|balance|credits?|funds)|billing|credit balance|exceeded your current quota"
    r"|payment required|out of credits?",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(
    r"api[ _-]?key .{0,40}(?:not valid|invalid|expired|incorrect)|(?:invalid|incorrect) api[ _-]?key", re.IGNORECASE
)
"""Gemini answers a wrong key with 400."""
_FILTER = re.compile(r"content[ _-]?(?:filter|policy|management|moderation)|responsible ?ai", re.IGNORECASE)
_PROMISED = re.compile(r"(?:retry|try again) (?:in|after) (\d+(?:\.\d+)?) ?(ms|s|m)\b", re.IGNORECASE)
_STATUS_OF = {
    "rate_limit": 429, "too_many_requests": 429, "resource_exhausted": 429, "insufficient_quota": 429, "overloaded": 529,
    "authentication": 401, "invalid_api_key": 401, "unauthenticated": 401, "permission": 403, "not_found": 404,
    "invalid_request": 400, "bad_request": 400, "badrequest": 400, "invalid_argument": 400, "exceed_context": 400,
    "context_length": 400, "timeout": 408,
}  # fmt: skip
"""The status that a word of an error stands for, where a stream has begun and there is none."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an error's body says.

    Attributes:
        message: Its sentence, as it came.
        words: Its codes and types, in lower case.
        code: Its code, where that is an HTTP status.
        wait: Seconds to wait, where the body says so.
    """

    message: str = ""
    words: frozenset[str] = frozenset()
    code: int | None = None
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked, for messages.

    Attributes:
        id: `provider/model`.
        url: Where the request went.
        variable: The variable that holds the key, or None.
        key: The key, to take it out of what is shown.
        tools: Whether tools were sent, which the answer may call.
    """

    id: str
    url: str = ""
    variable: str | None = None
    key: str = field(default="", repr=False)
    tools: bool = False

    @property
    def place(self) -> str:
        """Host and path, without a query."""
        parts = urlsplit(self.url)
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def failed_reply(asked: Asked, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """The exception for a reply whose status is not 2xx.

    Args:
        asked: Who was asked.
        status: Of the reply.
        headers: With names in lower case.
        body: As it came.
    """
    said = read_error(body)
    wait = retry_after(headers)
    return failure(asked, status, said, wait if wait is not None else said.wait)


def failed_event(asked: Asked, error: Any) -> ProviderError:
    """The exception for an error that came in a reply of status 200, or in the middle of a stream.

    Args:
        asked: Who was asked.
        error: The JSON value under `error`, or the document that holds it.
    """
    said = _said(error)
    status = said.code
    if status is None:
        found = (status for part, status in _STATUS_OF.items() if any(part in word for word in said.words))
        status = next(found, 400 if _CONTEXT.search(said.message) else 500)
    return failure(asked, status, said, said.wait)


def nonsense(asked: Asked, what: str) -> BrokenOff:
    """The exception for a reply that cannot be read.

    Args:
        asked: Who was asked.
        what: What it is instead, such as "an empty reply".
    """
    return BrokenOff(
        f"`{asked.id}` sent {what}", f"If it stays so: does {asked.place} speak the protocol that is expected?"
    )


def no_text(asked: Asked, finish: str, why: str = "") -> ProviderError:
    """The exception for an answer without text.

    Args:
        asked: Who was asked.
        finish: Why the model ended: `stop`, `length`, `content_filter`, …
        why: What it said instead, such as a refusal.
    """
    if finish in ("content_filter", "refusal") or why:
        reason = f": {shown(why, asked.key)}" if why else ""
        return Filtered(
            f"the provider of `{asked.id}` withheld the answer{reason}", "Ask in other words, or another model."
        )
    if finish == "length":
        error = BrokenOff(
            f"`{asked.id}` wrote no text: its token limit was used up by reasoning", "Give it a greater `max_tokens`."
        )
        error.retryable = False  # the same limit is used up again
        return error
    return BrokenOff(f"`{asked.id}` wrote no text")


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds to wait that a reply asks for, from 0 to 120: `retry-after-ms`, or `retry-after` in seconds or as a date.

    Args:
        headers: With names in lower case.
        now: Seconds since 1970; the present where it is not given.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    said = headers.get("retry-after", "")
    seconds = _number(said)
    if seconds is not None:
        return _bounded(seconds)
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(said)
        return _bounded(date.timestamp() - (time.time() if now is None else now))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def read_error(body: bytes) -> Said:
    """What the body of an error says, in whichever form."""
    text = body[:LARGEST_ERROR].decode("utf-8", "replace").strip()
    try:
        return _said(json.loads(text))
    except (ValueError, RecursionError):
        pass
    if text[:1] == "<":
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        text = title.group(1) if title else ""
    return Said(text)


def _said(document: Any) -> Said:
    """The parts of `{"error": {…}}`, `{"error": "…"}`, `{"detail": …}`, `{"message": …}`, and a list of these."""
    if isinstance(document, list):
        document = document[0] if document else {}
    if isinstance(document, str):
        return Said(document)
    if not isinstance(document, dict):
        return Said()
    inner = document.get("error")
    if isinstance(inner, str):
        outer = {key: value for key, value in document.items() if key in ("code", "type", "status")}
        inner = {"message": inner, **outer}
    error = inner if isinstance(inner, dict) else document
    words = frozenset(str(error[name]).lower() for name in ("code", "type", "status") if error.get(name) is not None)
    message = error.get("message") or error.get("detail") or error.get("msg") or ""
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("raw"), str):
        message = f"{message}: {metadata['raw']}"  # OpenRouter repeats there what the provider behind it says
    message = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    return Said(message, words, _status(error), _wait(error, message))


def _status(error: dict[str, Any]) -> int | None:
    for name in ("code", "status"):
        number = _number(str(error.get(name)))
        if number is not None and 400 <= number < 600:
            return int(number)
    return None


def _wait(error: dict[str, Any], message: str) -> float | None:
    """Seconds to wait: Gemini's `retryDelay`, or what the sentence says."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        seconds = _number(delay.removesuffix("s")) if isinstance(delay, str) else None
        if seconds is not None:
            return _bounded(seconds)
    promised = _PROMISED.search(message)
    if promised is None:
        return None
    return _bounded(float(promised[1]) * {"ms": 0.001, "s": 1, "m": 60}[promised[2].lower()])


def failure(asked: Asked, status: int, said: Said, wait: float | None) -> ProviderError:
    """The exception for what was said under a status.

    Args:
        asked: Who was asked.
        status: The HTTP status, or the one that fits best.
        said: What the provider said.
        wait: Seconds to wait that it asked for.
    """
    kind, next_step = _kind(asked, status, said, wait)
    words = shown(said.message, asked.key)
    message = f"`{asked.id}` failed with status {status}" + (f": {words}" if words else "")
    if status == 404 and kind is Refused:
        message = f"there is nothing at {asked.place} for `{asked.id}` (status 404)" + (f": {words}" if words else "")
    return kind(message, next_step, status=status, retry_after=wait if kind.retryable else None)


def _kind(asked: Asked, status: int, said: Said, wait: float | None) -> tuple[type[ProviderError], str]:
    """What has happened, and what can be done about it."""
    if 300 <= status < 400:
        return Refused, "The address leads to another one: give that one as `base_url`."
    if status == 402 or (status < 500 and _is_unpaid(said, wait)):
        return Refused, "The account has no credit left: look at its billing page."
    if status != 429 and _is_context(status, said):
        return ContextTooLong, "Shorten the question, show fewer candidates, or take a model with a longer context."
    if status < 500 and status != 429 and _is_model(asked, status, said):
        return UnknownModel, "Check the id in the model statement, and that the account may use it."
    if status in (401, 403) or (status == 400 and _BAD_KEY.search(said.message)):
        return KeyRefused, _about_key(asked)
    if status == 404:
        return Refused, "Check the `base_url`; most end in `/v1`."
    if status == 429:
        return RateLimited, "Ask less at once, or ask the provider for a higher limit."
    if status == 413 and "rate_limit_exceeded" in said.words:
        return Refused, "The request alone is larger than the account's limit of tokens a minute."
    if status in (408, 409) or status >= 500:
        return ServerFailed, "Try again later, or name another model: `model a = b or c`."
    if _FILTER.search(said.message) or any(_FILTER.search(word) for word in said.words):
        return Filtered, "Ask in other words, or another model."
    return Refused, "Check the settings of the model: not every model takes every setting."


def _about_key(asked: Asked) -> str:
    if asked.variable is None:
        return "The endpoint wants a key: name its variable by `api_key_env`."
    return f"Check the key in {asked.variable}."


def _is_unpaid(said: Said, wait: float | None) -> bool:
    """Whether the account cannot pay. A limit that comes with a time to wait is a limit of rate, whatever it is called."""
    if any(_UNPAID.search(word) for word in said.words):
        return True
    return wait is None and "resource_exhausted" not in said.words and bool(_UNPAID.search(said.message))


def _is_context(status: int, said: Said) -> bool:
    if said.words & _CONTEXT_CODES:
        return True
    return (
        status in (400, 413, 422, 500)
        and "rate_limit_exceeded" not in said.words
        and bool(_CONTEXT.search(said.message))
    )


def _is_model(asked: Asked, status: int, said: Said) -> bool:
    if said.words & _MODEL_CODES:
        return True
    if status == 404:
        name = re.escape(asked.id.partition("/")[2])
        named = re.search(rf"(?<![\w.-]){name}(?![\w.-])", said.message, re.IGNORECASE)
        return named is not None or bool(_MODEL.search(said.message))
    found = bool(_MODEL.search(said.message)) and not _SETTING.search(said.message)
    return found and status in (400, 403, 422)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT)
