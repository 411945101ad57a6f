"""A transport that a test holds both ends of: it keeps what is sent, and gives the reply that it was told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from moaql.providers.base import Reply, Request, Response
from moaql.providers.find import find_provider


@dataclass
class Wire:
    """Replies with a status and a body: bytes, a text, lines for a stream, or what shall be JSON."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    @property
    def raw(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()

    async def post(self, url, headers, body) -> Reply:
        self.sent.append((url, dict(headers), body))
        return Reply(self.status, self.headers, self.raw)

    @asynccontextmanager
    async def stream(self, url, headers, body) -> AsyncIterator["Stream"]:
        self.sent.append((url, dict(headers), body))
        yield Stream(self.status, self.headers, self.raw)


@dataclass
class Stream:
    """The reply of a `Wire`, line by line."""

    status: int
    headers: dict[str, str]
    raw: bytes

    async def lines(self) -> AsyncIterator[str]:
        for line in self.raw.decode().split("\n"):
            yield line

    async def read(self) -> bytes:
        return self.raw


def request(
    id: str = "openai/gpt-4o", *messages: tuple[str, str], sample: int = 0, connection=None, **settings
) -> Request:
    """A request for a model; one question where no messages are given."""
    provider, _, model = id.partition("/")
    said = messages or (("user", "What is 6 × 7?"),)
    connected = tuple(sorted((connection or {}).items()))
    return Request(provider, model, said, tuple(sorted(settings.items())), sample, connected)


def ask(wire: Wire, asked: Request) -> Response:
    """The answer that comes whole."""
    return asyncio.run(find_provider(asked.id, asked.connection).answer(asked, wire))


def stream(wire: Wire, asked: Request) -> tuple[Response, list[str]]:
    """The answer that comes in pieces, and the pieces."""
    pieces: list[str] = []
    response = asyncio.run(find_provider(asked.id, asked.connection).answer(asked, wire, pieces.append))
    assert "".join(pieces) == response.text
    return response, pieces


def events(*documents: Any, done: bool = True, event_lines: bool = False) -> str:
    """A stream of documents as server-sent events."""
    lines = []
    for document in documents:
        if event_lines:
            lines.append(f"event: {document['type']}")
        lines += [f"data: {json.dumps(document)}", ""]
    return "\n".join([*lines, *(["data: [DONE]", ""] if done else [])])
