"""Models that say what a test tells them to, and remember what they were asked.

They speak OpenAI's protocol behind `httpx.MockTransport`, so everything but the socket is what users run.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

import moaql


@dataclass(frozen=True)
class Later:
    """Say it after so many seconds."""

    seconds: float
    text: "str | Failure"


@dataclass(frozen=True)
class Failure:
    """Answer with this HTTP status instead."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """Say it, and say that the token limit cut it off."""

    text: str


@dataclass(frozen=True)
class Sure:
    """Say it with this probability of each token."""

    text: str
    probability: float


Said = Any
"""A text, one of the above, a list of them (first request, second, …; the last for all further ones), or a function of the
messages."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    model: str
    messages: list[dict[str, str]]
    body: dict[str, Any]

    @property
    def system(self) -> str:
        return next((each["content"] for each in self.messages if each["role"] == "system"), "")

    @property
    def user(self) -> str:
        return next((each["content"] for each in reversed(self.messages) if each["role"] == "user"), "")


class Script:
    """Plays the models of a program, and runs it."""

    def __init__(self, **says: Said) -> None:
        self.says = says
        self.asked: list[Asked] = []
        self.cancelled: list[str] = []
        self._counts: dict[str, int] = {}

    @property
    def models(self) -> list[str]:
        """Who was asked, in order."""
        return [each.model for each in self.asked]

    def of(self, model: str) -> list[Asked]:
        """The requests that a model got."""
        return [each for each in self.asked if each.model == model]

    def text(self, program: str, models: dict[str, str] | None = None) -> str:
        """The program with its models defined."""
        lines = [
            f'model {name} = "openai/{name}" base_url="http://models.test/v1" api_key_env=none price_in=$1 price_out=$2 '
            + (models or {}).get(name, "")
            for name in self.says
        ]
        return "\n".join([*lines, program])

    def topology(self, program: str, models: dict[str, str] | None = None) -> Any:
        loaded = moaql.parse(self.text(program, models))
        names = list(loaded.topologies)
        return loaded.topology("main" if "main" in names else names[-1])

    def run(
        self, program: str, question: Any = "What is it?", *, models: dict[str, str] | None = None, **options: Any
    ) -> Any:
        """Run the program's last topology."""
        return self.topology(program, models).run(question, **self.options(**options))

    def options(self, **options: Any) -> dict[str, Any]:
        return {"bank": "none", "attempts": 1, "transport": httpx.MockTransport(self._handle)} | options

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        model = body["model"]
        self.asked.append(Asked(model, body["messages"], body))
        number = self._counts[model] = self._counts.get(model, -1) + 1
        said = self.says[model]
        if isinstance(said, list):
            said = said[min(number, len(said) - 1)]
        if isinstance(said, Callable):
            said = said(body["messages"])
        if isinstance(said, Later):
            try:
                await asyncio.sleep(said.seconds)
            except asyncio.CancelledError:
                self.cancelled.append(model)
                raise
            said = said.text
        if isinstance(said, Failure):
            return httpx.Response(said.status, json={"error": {"message": "no"}}, headers=said.headers)
        return self._reply(said, body)

    def _reply(self, said: Any, body: dict[str, Any]) -> httpx.Response:
        text = said if isinstance(said, str) else said.text
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": text}}
        choice["finish_reason"] = "length" if isinstance(said, Cut) else "stop"
        if isinstance(said, Sure):
            import math

            choice["logprobs"] = {"content": [{"token": "x", "logprob": math.log(said.probability)}] * 3}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        if body.get("stream"):
            return _stream(text, choice["finish_reason"], usage)
        return httpx.Response(200, json={"model": body["model"], "choices": [choice], "usage": usage})


def _stream(text: str, finish: str, usage: dict[str, int]) -> httpx.Response:
    pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    chunks.append({"choices": [], "usage": usage})
    lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=lines.encode())
