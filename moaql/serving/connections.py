"""Connections: requests as they come in, by httptools, and replies as they go out.

uvicorn has no limit for the head of a request, nor for a client that does not read what it is sent. Both are set here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from moaql.serving.failures import INVALID

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

LARGEST_HEAD = 32 * 1024
"""Bytes of a request's line and headers."""
MOST_WAITING = 8
"""Requests of one connection that may wait behind the one that is answered before no more is read from it."""
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


@dataclass(frozen=True)
class Patience:
    """Seconds that the server waits.

    Attributes:
        head: Until the line and headers of a request have arrived, since the connection stands or its last request was answered.
        unread: Until a client reads on that has stopped reading.
        drain: Until requests under way have ended, once the server shall end.
    """

    head: float = 15.0
    unread: float = 60.0
    drain: float = 30.0


def connections(patience: Patience) -> Any:
    """The connections of uvicorn, with an end to patience."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Patient(HttpToolsProtocol):
        """A connection that is closed where its client sends its head, or reads its answer, too slowly.

        httptools keeps what is not complete, however long it grows, passes on a second `Host` or none, codings of a body that it
        cannot undo, and takes the fields behind a body for headers. None of that is let through here.
        """

        _pending = 0
        """Bytes that came since anything was complete: of a head, or of the fields behind a body."""
        _in_head = _in_body = False
        _deaf = False
        """What comes behind something that is no request is not read."""
        _answering: Any = None
        """The request that is being answered; `cycle` is the last one, which may wait behind it."""
        _head: asyncio.TimerHandle | None = None
        _unread: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            """A client is there."""
            super().connection_made(transport)
            transport.set_write_buffer_limits(high=0)  # `pause_writing` tells of every client that does not read
            self._wait_for_head()

        def connection_lost(self, exc: Exception | None) -> None:
            """It is gone."""
            _cancel(self._head, self._unread)
            self._head = self._unread = None
            super().connection_lost(exc)
            if self._answering is not None and not self._answering.response_complete:
                self._answering.disconnected = True
                self._answering.message_event.set()

        def _start_asgi_task(self, cycle: Any, app: Any) -> None:
            self._answering = cycle
            super()._start_asgi_task(cycle, app)

        def data_received(self, data: bytes) -> None:
            """It sends."""
            if self._deaf:
                return
            before, self._pending = self._pending, -1
            # Inside of a head, what comes may be the end of it and a body, which must not be touched.
            super().data_received(data if self._in_head or self._in_body else _stay(data))
            if self._pending < 0:  # nothing was complete
                self._pending = before + len(data)
                if self._pending > LARGEST_HEAD and not self.transport.is_closing():
                    self.send_400_response("")
            if self._is_busy():
                _cancel(self._head)
                self._head = None
            elif self._head is None and not self.transport.is_closing():
                self._wait_for_head()

        def on_message_begin(self) -> None:
            """A request begins."""
            self._in_head = True
            super().on_message_begin()

        def on_header(self, name: bytes, value: bytes) -> None:
            """A header; or a field behind the body, which could say that the client is somebody else."""
            if self._in_head:
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            """The head is complete."""
            self._in_head, self._pending = False, 0
            version = self.parser.get_http_version()
            is_old = version == "1.0"
            is_known = version in ("1.0", "1.1") and not self.parser.should_upgrade()
            if not is_known or not _is_sound(self.url, self.headers, is_old):
                raise ValueError  # which is answered with 400
            self._in_body = True
            super().on_headers_complete()
            if 0 < len(self.pipeline) <= MOST_WAITING:
                self.flow.resume_reading()  # of a client that is not read it is not seen that it has left
            if self.scope["method"] == "POST":  # what answers HEAD has no body
                self.cycle.transport = cast("asyncio.Transport", _Together(self.transport))
            if is_old:  # it knows no chunks
                self.cycle.chunked_encoding, self.cycle.expected_content_length = False, _AnyLength()
            if self.expect_100_continue:  # if it is refused, its body may follow or not
                self.cycle.keep_alive = False

        def on_body(self, body: bytes) -> None:
            """A piece of the body."""
            self._pending = 0
            super().on_body(body)

        def on_message_complete(self) -> None:
            """The request is complete."""
            self._in_body, self._pending = False, 0
            super().on_message_complete()

        def pause_writing(self) -> None:
            """It does not read."""
            super().pause_writing()
            self._wait_for_reading(self.transport.get_write_buffer_size())

        def resume_writing(self) -> None:
            """It reads on."""
            super().resume_writing()
            _cancel(self._unread)
            self._unread = None

        def send_400_response(self, msg: str) -> None:
            """It does not speak HTTP."""
            del msg
            error = {"message": "this is not an HTTP request", "type": INVALID, "param": None, "code": None}
            data = json.dumps({"error": error}).encode()
            head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n"
            self._deaf = True
            if self._in_body and self.pipeline:  # the request whose body is broken waits, and is forgotten
                self.pipeline.popleft()
                self.cycle = self.pipeline[0][0] if self.pipeline else self._answering
                self._in_body = False
            if self._is_busy() and not self._in_body:  # what came before is answered first
                self.cycle.keep_alive = False
                self.flow.resume_reading()
                return
            # A request that was answered before its body had come has its one answer.
            if self._in_body == self._is_busy() and not (self._in_body and self.cycle.response_started):
                self.transport.write(f"{head}connection: close\r\n\r\n".encode() + data)
            self.transport.close()

        def _is_busy(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _wait_for_reading(self, left: int) -> None:
            self._unread = self.loop.call_later(patience.unread, self._look_for_reading, left)

        def _look_for_reading(self, before: int) -> None:
            left = self.transport.get_write_buffer_size()
            if left < before:
                self._wait_for_reading(left)
            else:
                self.transport.abort()

        def _wait_for_head(self) -> None:
            self._head = self.loop.call_later(patience.head, self._give_up)

        def _give_up(self) -> None:
            self._head = None
            if not self._is_busy():
                self.transport.abort()

    return Patient


def _is_sound(url: bytes, headers: Sequence[tuple[bytes, bytes]], is_old: bool) -> bool:
    """Whether a head says in one way only whom it is for and where its body ends.

    Args:
        url: Of the request.
        headers: With names in small letters.
        is_old: Whether it is of HTTP/1.0.
    """
    hosts = sum(name == b"host" for name, _ in headers)
    codings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    size = len(url) + sum(len(name) + len(value) + 4 for name, value in headers)
    one_host = hosts == 1 or (is_old and not hosts)
    return one_host and size <= LARGEST_HEAD and (not codings or (codings == [b"chunked"] and not is_old))


def _stay(data: bytes) -> bytes:
    """The beginning of a request without its offer of another protocol, for which httptools would throw away its body.

    An offer that is cut in two is not found here, and refused.
    """
    if b"\r\nupgrade:" not in data.lower():
        return data
    head, end, rest = data.partition(b"\r\n\r\n")
    return b"".join((_UPGRADE.sub(b"\r\nx-upgrade:", head), end, rest))


class _AnyLength(int):
    """The length that a body of any length has: a reply of HTTP/1.0 ends where its connection ends."""

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return False

    def __sub__(self, other: object) -> _AnyLength:
        return self


class _Together:
    """Where a reply is written to: a head that tells a length goes out with its body, by one call of the system instead of two.

    That of a stream goes out at once.
    """

    __slots__ = ("_head", "_to")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._to = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        """The head, and then pieces of the body."""
        if data.startswith(b"HTTP/1.1 ") and b"\r\ncontent-length: " in data:
            self._head = data
        else:
            self._to.write(self._head + data)
            self._head = b""

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self._to.is_closing()

    def close(self) -> None:
        """That was all."""
        if self._head:
            self._to.write(self._head)
        self._to.close()


def _cancel(*timers: asyncio.TimerHandle | None) -> None:
    for timer in timers:
        if timer is not None:
            timer.cancel()
