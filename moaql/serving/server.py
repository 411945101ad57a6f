"""The port: who may listen where, connections that are too slow, and an end that lets requests under way finish.

uvicorn has no limit for the head of a request, nor for a client that does not read what it is sent. Both are set here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import signal
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import MissingPackage, UsageError
from moaql.serving.failures import INVALID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

LARGEST_HEAD = 32 * 1024
"""Bytes of a request's line and headers."""


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


def need_packages() -> None:
    """See that the packages of the extra are there.

    Raises:
        MissingPackage: if one is not.
    """
    from importlib.util import find_spec

    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise MissingPackage("'moaql[serve]'", "Serving")


def is_loopback(host: str) -> bool:
    """Whether a host means this machine alone, by all of its addresses.

    Raises:
        UsageError: if it is no host of this machine's.
    """
    try:
        found = _addresses(host, 0)
    except (OSError, UnicodeError):
        raise UsageError(f"`{host}` is no address to listen on", "Such as 127.0.0.1.") from None
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for _, address in found)


def listen(host: str, port: int, *, has_keys: bool) -> socket.socket:
    """A socket that listens.

    Args:
        host: Address or name.
        port: 0 for any that is free.
        has_keys: Whether a key is needed to be let in.

    Raises:
        UsageError: if it cannot be had, or would let in the network without a key.
    """
    if not has_keys and not is_loopback(host):
        raise UsageError(
            f"without a key, nobody but this machine may ask: `{host}` can be reached from elsewhere",
            "Set MOAQL_SERVE_KEY or give `--keys FILE`, or listen on 127.0.0.1.",
        )
    try:
        family, address = _addresses(host, port)[0]
        # With the protocol named, asyncio sends small pieces at once (TCP_NODELAY); without it, each reply waits 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(2048)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(
            f"cannot listen on {host}:{port}: {why}", "Choose another port, or 0 for any that is free."
        ) from None
    listening.setblocking(False)
    return listening


def _addresses(host: str, port: int) -> list[tuple[int, Any]]:
    """The addresses that a host means to who listens, each with its family; without a host, all of this machine's."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [(family, address) for family, _, _, _, address in found]


def url_of(listening: socket.socket) -> str:
    """The base URL for clients."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


def on_signals(stop: asyncio.Event, hurry: asyncio.Event) -> None:
    """Let SIGTERM and Ctrl-C end the server: the first sets `stop`, the second `hurry`. In other threads no signals come."""

    def end() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, end)
        except (NotImplementedError, RuntimeError, ValueError):  # Windows: Ctrl-C ends the process as usual
            break


async def serve_until(
    application: ASGIApp,
    listening: socket.socket,
    stop: asyncio.Event,
    hurry: asyncio.Event,
    patience: Patience,
    ready: Callable[[], None],
) -> None:
    """Serve until `stop` is set, and requests under way have ended.

    Args:
        application: Answers.
        listening: Where; it is closed.
        stop: Set it to end: nobody is let in any more.
        hurry: Set it besides to cut off what is under way.
        patience: How long to wait for what.
        ready: Is called once connections are taken.
    """
    import uvicorn

    class Server(uvicorn.Server):
        """uvicorn without signals: they are the command line's."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave them alone."""
            yield

    config = uvicorn.Config(
        application,
        http=_patient(patience),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(patience.drain)),
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    ending = asyncio.create_task(_stop(server, stop, hurry))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        if server.started:
            ready()
        await serving
    finally:
        ending.cancel()
        left = list(server.server_state.tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(ending, *left, return_exceptions=True)
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # so that the connections are closed
        with suppress(OSError):
            listening.close()


async def _stop(server: Any, stop: asyncio.Event, hurry: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
    await hurry.wait()
    server.force_exit = True


def _patient(patience: Patience) -> Any:
    """The connections of uvicorn, with an end to patience."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Patient(H11Protocol):
        """A connection that is closed where its client sends its head, or reads its answer, too slowly."""

        _head: asyncio.TimerHandle | None = None
        _unread: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            """A client is there."""
            super().connection_made(transport)
            self._wait_for_head()

        def connection_lost(self, exc: Exception | None) -> None:
            """It is gone."""
            _cancel(self._head, self._unread)
            self._head = self._unread = None
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            """It sends."""
            super().data_received(data)
            if self._is_busy():
                _cancel(self._head)
                self._head = None
            elif self._head is None and not self.transport.is_closing():
                self._wait_for_head()

        def pause_writing(self) -> None:
            """It does not read."""
            super().pause_writing()
            self._unread = self.loop.call_later(patience.unread, self.transport.abort)

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
            if not self._is_busy():  # else an answer to what came before is being sent
                self.transport.write(f"{head}connection: close\r\n\r\n".encode() + data)
            self.transport.close()

        def _is_busy(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _wait_for_head(self) -> None:
            self._head = self.loop.call_later(patience.head, self._give_up)

        def _give_up(self) -> None:
            self._head = None
            if not self._is_busy():
                self.transport.abort()

    return Patient


def _cancel(*timers: asyncio.TimerHandle | None) -> None:
    for timer in timers:
        if timer is not None:
            timer.cancel()
