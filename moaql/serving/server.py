"""The port: who may listen where, and an end that lets requests under way finish."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from moaql.errors import MissingPackage, UsageError
from moaql.serving.connections import Patience, connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp


def need_packages() -> None:
    """See that the packages of the extra are there.

    Raises:
        MissingPackage: if one is not.
    """
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("starlette", "uvicorn", "httptools")):
        raise MissingPackage("'moaql[serve]'", "Serving")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """That of uvloop where it is installed, which takes less time of the processor; else Python's own, as on Windows."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


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
        http=connections(patience),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(patience.drain)),
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
        await _cut_off(server)
        await asyncio.gather(ending, return_exceptions=True)
        with suppress(OSError):
            listening.close()


async def _cut_off(server: Any) -> None:
    """End what is still being answered, and close all connections."""
    tasks = list(server.server_state.tasks)
    for task in tasks:
        task.cancel()
    for connection in list(server.server_state.connections):
        if connection.flow.write_paused:  # whoever does not read would be waited for
            connection.transport.abort()
    await asyncio.gather(*tasks, return_exceptions=True)
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    await asyncio.sleep(0)  # so that the connections are closed


async def _stop(server: Any, stop: asyncio.Event, hurry: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
    await hurry.wait()
    server.force_exit = True
