"""Replies while they are sent, as events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from moaql.serving.completions import ALIVE, DONE, Head, calls_of, chunk, event, finish_of, usage_chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Send

    from moaql.run.result import Answer
    from moaql.serving.failures import Failure
    from moaql.serving.metrics import Metrics

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # so that nginx passes pieces on as they come
]


class Stream(ABC):
    """A reply while it is sent. It begins with the first piece, so that what fails before that has a status of its own.

    Args:
        head: What its documents begin with.
        send: Of ASGI.
        metrics: Count open streams.

    Attributes:
        begun: Whether anything was sent.
    """

    def __init__(self, head: Head, send: Send, metrics: Metrics) -> None:
        self.begun = False
        self._head = head
        self._send = send
        self._metrics = metrics

    @abstractmethod
    async def say(self, pieces: Sequence[tuple[int, str]]) -> None:
        """The next pieces, each with the number of its choice."""

    @abstractmethod
    async def alive(self) -> None:
        """Say nothing, audibly."""

    @abstractmethod
    async def end(self, answers: Sequence[Answer], bill: dict[str, Any], *, usage: bool) -> None:
        """The end: why each choice ends, the tokens where they were asked for, and the bill."""

    @abstractmethod
    async def fail(self, failure: Failure) -> None:
        """An error in the middle."""

    def over(self) -> None:
        """It is not open any more."""
        if self.begun:
            self._metrics.open_streams -= 1

    async def _write(self, data: bytes, *, more: bool = True) -> None:
        if not self.begun:
            self.begun = True
            self._metrics.open_streams += 1
            await self._send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        await self._send({"type": "http.response.body", "body": data, "more_body": more})


class ChatStream(Stream):
    """A reply in chunks, as OpenAI sends them."""

    def __init__(self, head: Head, send: Send, metrics: Metrics) -> None:
        super().__init__(head, send, metrics)
        self._opened: set[int] = set()

    async def say(self, pieces: Sequence[tuple[int, str]]) -> None:
        """A chunk for each."""
        await self._write(b"".join(self._chunk(choice, piece) for choice, piece in pieces))

    async def alive(self) -> None:
        """A comment."""
        await self._write(ALIVE)

    async def end(self, answers: Sequence[Answer], bill: dict[str, Any], *, usage: bool) -> None:
        """The last chunks; the bill is in the very last."""
        last: list[dict[str, Any]] = []
        for number, answer in enumerate(answers):
            calls = calls_of(answer)
            opening = {"role": "assistant", "content": None if calls else ""}
            delta: dict[str, Any] = {} if number in self._opened else opening
            if calls:
                numbered = [{"index": place, **call} for place, call in enumerate(calls)]
                last.append(chunk(self._head, number, {**delta, "tool_calls": numbered}))
                delta = {}
            last.append(chunk(self._head, number, delta, finish_of(answer)))
        if usage:
            last.append(usage_chunk(self._head, answers))
        last[-1]["moaql"] = bill
        await self._write(b"".join(map(event, last)) + DONE, more=False)

    async def fail(self, failure: Failure) -> None:
        """An event that says so, and no `[DONE]`."""
        await self._write(event(failure.body()), more=False)

    def _chunk(self, choice: int, piece: str) -> bytes:
        role = {} if choice in self._opened else {"role": "assistant"}
        self._opened.add(choice)
        return event(chunk(self._head, choice, {**role, "content": piece}))
