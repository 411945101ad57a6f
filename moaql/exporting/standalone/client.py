"""Sends calls: two protocols, retries with jittered back-off, limits, and what an answer costs."""

from __future__ import annotations

import asyncio
import os
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx  # noqa: TID253

from moaql.exporting.standalone.records import Messages, Model
from moaql.exporting.standalone.wire import (
    anthropic_body,
    anthropic_reply,
    embeddings_body,
    embeddings_reply,
    openai_body,
    openai_reply,
)
from moaql.graph.assumptions import tokens_of

ATTEMPTS = 5
LONGEST_WAIT = 60.0
"""Seconds between two attempts at most; a provider that asks for more has failed."""
AT_ONCE = 64
"""Requests in flight to one host at most."""
TIMEOUT = httpx.Timeout(connect=15.0, read=600.0, write=60.0, pool=None)


class Failed(Exception):  # noqa: N818
    """A model could not be asked, or gave no answer."""

    def __init__(self, message: str, *, again: bool = False, wait: float | None = None) -> None:
        super().__init__(message)
        self.again = again
        self.wait = wait


class NoKey(Exception):  # noqa: N818
    """A model needs a key, and the environment has none."""


@dataclass(frozen=True)
class Reply:
    """What a model said. `finish` is `stop`, `length` for an answer that was cut off, or another reason."""

    text: str
    finish: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    confidence: float | None = None

    def cost(self, model: Model) -> float | None:
        """Dollars; None where the price is unknown."""
        if model.price is None:
            return None
        return (self.prompt_tokens * model.price[0] + self.completion_tokens * model.price[1]) / 1e6


class Client:
    """Sends calls; any number of questions may share it. Use it as `async with Client() as client`.

    It may be given another client of httpx (with a proxy, say), and closes that too.
    """

    def __init__(self, http: httpx.AsyncClient | None = None) -> None:
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=None))
        self._free: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, model: Model, messages: Messages, sample: int, settings: Mapping[str, Any]) -> Reply:
        """Make one call, with the attempts that make sense.

        Raises:
            Failed: if none succeeded.
            NoKey: if the model needs a key and there is none.
        """
        if not model.url:
            raise NoKey(f"nobody has said where {model.name} is: give its `Model` a `url`")
        headers = _headers(model)
        write, read = _PROTOCOLS[model.protocol]
        body = write(model, messages, sample, settings)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._free[httpx.URL(model.url).host]:
                    return _counted(await self._send(model, headers, body, read), messages)
            except Failed as error:
                wait = error.wait if error.wait is not None else 0.5 * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311
                if not error.again or attempt == ATTEMPTS or wait > LONGEST_WAIT:
                    raise
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _send(self, model: Model, headers: dict[str, str], body: dict[str, Any], read: Any) -> Reply:
        try:
            response = await self._http.post(model.url, headers=headers, json=body)
        except httpx.HTTPError as error:
            raise Failed(f"{model.name} cannot be reached ({type(error).__name__})", again=True) from None
        status = response.status_code
        if status >= 300:
            unpaid = status == 429 and "insufficient_quota" in response.text
            again = status in (408, 409, 429) or status >= 500
            raise Failed(f"{model.name} failed with status {status}", again=again and not unpaid, wait=_wait(response))
        try:
            text, finish, tokens_in, tokens_out, confidence = read(response.json())
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise Failed(f"{model.name} sent a reply without an answer", again=True) from None
        if text is None:
            raise Failed(f"{model.name} gave no text (it ended with `{finish}`)", again=finish == "stop")
        return Reply(text, finish, tokens_in, tokens_out, confidence)


def _headers(model: Model) -> dict[str, str]:
    key = next((value for name in model.keys if (value := os.environ.get(name, "").strip())), "")
    if model.keys and not key:
        raise NoKey(f"{model.name} needs a key: set {model.keys[0]} in the environment")
    if model.protocol == "anthropic":
        return {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}
    return {"authorization": f"Bearer {key}"} if key else {}


def _wait(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _counted(reply: Reply, messages: Messages) -> Reply:
    """With tokens estimated by length where the provider counts none: a call without a count is not free."""
    read = reply.prompt_tokens or round(sum(tokens_of(text) for _, text in messages)) + 4 * len(messages)
    written = reply.completion_tokens or max(1, round(tokens_of(reply.text)))
    return Reply(reply.text, reply.finish, read, written, reply.confidence)


_PROTOCOLS = {
    "openai": (openai_body, openai_reply),
    "anthropic": (anthropic_body, anthropic_reply),
    "embeddings": (embeddings_body, embeddings_reply),
}
