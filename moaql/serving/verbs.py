"""Serving from Python: `moaql.serve(…)`, and `moaql.asgi(…)` for an application of one's own."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from moaql.check.program import Program as CheckedProgram
from moaql.check.program import Topology as CheckedTopology
from moaql.errors import UsageError
from moaql.run.session import RunArguments, check_options, options_from
from moaql.serving.connections import Patience
from moaql.serving.keys import from_environment, read_keys
from moaql.serving.opening import acceptor, open_door
from moaql.serving.programs import Programs
from moaql.serving.server import listen, need_packages, new_event_loop, on_signals, serve_until, url_of
from moaql.serving.visit import Rules, loopback_names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.types import Receive, Scope, Send

    from moaql.run.session import Options
    from moaql.serving.door import Door
    from moaql.serving.keys import Key

    Target = str | os.PathLike[str] | CheckedProgram | CheckedTopology

_log = logging.getLogger("moaql.serving")


class ServeArguments(RunArguments, total=False):
    """How a server behaves, by name; beside these, the fields of `moaql.Options`.

    Attributes:
        keys: Path of a TOML file of the keys that are let in. `MOAQL_SERVE_KEY` may hold one more.
        at_once: Requests that are answered at a time.
        max_body: Bytes of a request.
        timeout: Seconds that an answer may take.
        reload: Whether files are loaded again when they change.
        log: Is given a line for each request; by default they go to the logger `moaql.serving`.
    """

    keys: str | os.PathLike[str] | None
    at_once: int
    max_body: int
    timeout: float
    reload: bool
    log: Callable[[str], None]


class _Settings(TypedDict):
    programs: Programs
    options: Options
    keys: Sequence[Key]
    rules: Rules
    reload: bool
    log: Callable[[str], None]


class Application:
    """Topologies behind the chat API of OpenAI, as an ASGI application. Made by `moaql.asgi`.

    A server runs it as it is. Where it is mounted into another application, that one is given its `lifespan`, so that bank and
    connections are open while requests come.
    """

    def __init__(self, settings: _Settings) -> None:
        self._settings = settings
        self._door: Door | None = None

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Open bank and connections for as long as the block lasts.

        Args:
            app: The application around this one; it makes no difference.

        Raises:
            BankError: if the bank cannot be opened.
            UsageError: if the limits in `moaql.toml` make no sense.
        """
        del app
        async with open_door(**self._settings) as door:
            self._door = door
            try:
                yield
            finally:
                self._door = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            UsageError: if bank and connections are not open.
        """
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._door is None:
            raise UsageError(
                "the application is not open",
                "Give its `lifespan` to the application that it is mounted in: FastAPI(lifespan=models.lifespan).",
            )
        else:
            await self._door(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


def asgi(*targets: Target, **settings: Unpack[ServeArguments]) -> Application:
    """An ASGI application that serves topologies: for uvicorn, or to be mounted into Starlette or FastAPI.

    Without keys it answers everybody whom the application around it lets in.

    Args:
        targets: Paths of programs, also as `FILE::NAME`, or programs and topologies from `moaql.load` and `moaql.parse`.
        settings: See `ServeArguments`; beside them the fields of `moaql.Options`, such as `budget=5.0` (dollars).

    Raises:
        ProgramError: if a program has errors.
        UsageError: if there is nothing to serve, or an argument makes no sense.
        MissingPackage: if the packages of `moaql[serve]` are not installed.
    """
    return Application(_settings(targets, None, dict(settings)))


def serve(
    *targets: Target,
    host: str = "127.0.0.1",
    port: int = 8000,
    drain: float = 30.0,
    ready: Callable[[str], None] | None = None,
    **settings: Unpack[ServeArguments],
) -> None:
    """Serve topologies to any client of OpenAI's chat API until SIGTERM or Ctrl-C, as `moaql serve` does.

    Args:
        targets: Paths of programs, also as `FILE::NAME`, or programs and topologies from `moaql.load` and `moaql.parse`.
        host: Address to listen on.
        port: 0 takes any that is free.
        drain: Seconds that requests under way have at the end.
        ready: Is given the base URL once the server listens.
        settings: See `ServeArguments`; beside them the fields of `moaql.Options`, such as `budget=5.0` (dollars).

    Raises:
        ProgramError: if a program has errors.
        UsageError: if there is nothing to serve, an argument makes no sense, the port is taken, or an event loop is running.
        BankError: if the bank cannot be opened.
        MissingPackage: if the packages of `moaql[serve]` are not installed.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise UsageError("`moaql.serve` blocks, and an event loop is running", "Await `moaql.aserve` instead.")

    async def main() -> None:
        stop, hurry = asyncio.Event(), asyncio.Event()
        on_signals(stop, hurry)
        await _serve(targets, host, port, Patience(drain=drain), ready, dict(settings), stop, hurry)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


async def aserve(
    *targets: Target,
    host: str = "127.0.0.1",
    port: int = 8000,
    drain: float = 30.0,
    ready: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
    **settings: Unpack[ServeArguments],
) -> None:
    """The same, in asynchronous code, until `stop` is set. Being cancelled cuts off what is under way. Otherwise as `serve`."""
    stop = asyncio.Event() if stop is None else stop
    await _serve(targets, host, port, Patience(drain=drain), ready, dict(settings), stop, asyncio.Event())


async def _serve(
    targets: Sequence[Target],
    host: str,
    port: int,
    patience: Patience,
    ready: Callable[[str], None] | None,
    given: dict[str, Any],
    stop: asyncio.Event,
    hurry: asyncio.Event,
) -> None:
    if not patience.drain >= 0:
        raise UsageError(f"`drain` is a number from 0, not {patience.drain!r}", "Such as `drain=30`.")
    settings = _settings(targets, host, given)
    listening = listen(host, port, has_keys=bool(settings["keys"]))
    url = url_of(listening)
    tell = (lambda: None) if ready is None else (lambda: ready(url))
    try:
        async with open_door(**settings) as door:
            await serve_until(door, listening, stop, hurry, patience, tell)
    finally:
        listening.close()


def _settings(targets: Sequence[Target], host: str | None, given: dict[str, Any]) -> _Settings:
    """What a door is opened with. A host is that of a server of its own, which is called by its own names alone."""
    need_packages()
    path, log, reload = given.pop("keys", None), given.pop("log", _log.info), given.pop("reload", True)
    rules = _rules(given)
    options = options_from(given)
    check_options(options)
    keys = read_keys(None if path is None else os.fspath(path), from_environment())
    if host is not None and not keys:
        rules = Rules(rules.at_once, rules.largest_body, timeout=rules.timeout, hosts=loopback_names(host))
    topologies = [topology for target in targets for topology in _topologies(target)]
    paths = [_split(target) for target in targets if not isinstance(target, CheckedProgram | CheckedTopology)]
    programs = Programs(paths, acceptor(options, keys, log), log, topologies)
    return {"programs": programs, "options": options, "keys": keys, "rules": rules, "reload": reload, "log": log}


def _rules(given: dict[str, Any]) -> Rules:
    default = Rules()
    at_once, largest = given.pop("at_once", default.at_once), given.pop("max_body", default.largest_body)
    timeout = given.pop("timeout", default.timeout)
    for name, value in (("at_once", at_once), ("max_body", largest), ("timeout", timeout)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise UsageError(f"`{name}` is a number above 0, not {value!r}", f"Such as `{name}=100`.")
    return Rules(at_once, largest, timeout=timeout)


def _topologies(target: Target) -> Sequence[CheckedTopology]:
    if isinstance(target, CheckedTopology):
        return [target]
    return list(target.topologies.values()) if isinstance(target, CheckedProgram) else []


def _split(target: str | os.PathLike[str]) -> tuple[str, str | None]:
    path, _, name = os.fspath(target).partition("::")
    return path, name or None
