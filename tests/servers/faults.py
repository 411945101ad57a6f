"""A server of OpenAI's protocol that does what providers do on their bad days, on loopback and a free port.

    with FaultServer(a=[Status(429), "fine"], b=Silent()) as server:
        topology = moaql.parse(server.program("layer [a, b] -> agg c")).topology()

Each model plays a part: one act, a list of them (first request, second, …; the last for all further ones), or a function of what it
was asked. The server runs in a thread of its own, and remembers what it was asked, what it charged, and who left.
"""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import moaql
from moaql.bank.open import open_bank
from moaql.run.budget import Budget
from moaql.run.caller import Caller
from moaql.run.events import Listener
from moaql.run.limits import Limits
from moaql.run.retry import Retries
from moaql.run.transport import HttpTransport

SETTINGS = "price_in=$1 price_out=$2 api_key_env=none"
USAGE = (100, 10)
"""Tokens read and written that an answer says it took."""


@dataclass(frozen=True)
class Says:
    """Answers, whole or as a stream, as it was asked to. `usage` of None is not sent; `extra` stands beside `choices`.

    `calls` are of tools; in a stream each is a piece of its own.
    """

    text: str | None
    usage: tuple[int, int] | None = USAGE
    finish: str = "stop"
    extra: dict[str, Any] = field(default_factory=dict)
    calls: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Status:
    """Answers with a status. A body of bytes is sent as it is, anything else as JSON."""

    status: int
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "application/json"


@dataclass(frozen=True)
class Later:
    """Does it after so many seconds; not at all where the client leaves before."""

    seconds: float
    act: "Act"


@dataclass(frozen=True)
class Reset:
    """Sends the headers and a part of an answer that it charges for, and resets the connection."""

    text: str = "half of an answer"


@dataclass(frozen=True)
class Stall:
    """Sends the headers and a part of an answer, and then nothing any more."""

    text: str = "half of an answer"


@dataclass(frozen=True)
class Ends:
    """Sends a part of an answer and closes; a stream ends there without a word, or with an error event of this text."""

    text: str = "half of an answer"
    error: str = ""


@dataclass(frozen=True)
class Silent:
    """Takes the request, and says nothing."""


@dataclass(eq=False)
class Asked:
    """One request.

    Attributes:
        headers: With names in lower case.
        body: The JSON document.
        at: When it came, by `time.monotonic`.
        tokens: Read and written, that are charged for.
        completed: Whether all of an answer was handed to the network.
        left: Whether the client closed the connection before it had an answer.
    """

    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    tokens: tuple[int, int] = (0, 0)
    completed: bool = False
    left: bool = False

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def question(self) -> str:
        return next(each["content"] for each in reversed(self.body["messages"]) if each["role"] == "user")

    @property
    def key(self) -> tuple[str, str, int | None]:
        """Which call it is: samples are told apart by the seeds of models that have one."""
        return self.model, self.question, self.body.get("seed")


Act: TypeAlias = str | Says | Status | Later | Reset | Stall | Ends | Silent
Part: TypeAlias = Act | list[Act] | Callable[[Asked], Act]


class FaultServer:
    """Plays the models of a program. Use it in a `with` statement.

    Attributes:
        asked: All requests, in order.
        most_at_once: The greatest number of requests that were being answered at a time.
    """

    def __init__(self, **parts: Part) -> None:
        self.parts = parts
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self.port = 0
        self._open: set[Asked] = set()
        self._counts: dict[str, int] = {}
        self._news = threading.Condition()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fault server")
        self._listening = threading.Event()

    def __enter__(self) -> "FaultServer":
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def busy(self) -> bool:
        """Whether a request has not been answered or left yet."""
        return bool(self._open)

    @property
    def models(self) -> list[str]:
        """Who was asked, in order."""
        return [each.model for each in self.asked]

    def of(self, model: str) -> list[Asked]:
        """The requests that a model got."""
        return [each for each in self.asked if each.model == model]

    def program(self, pipeline: str, settings: str = SETTINGS, **own: str) -> str:
        """A program that defines the models; `own` settings of one stand behind those of all."""
        lines = [
            f'model {name} = "openai/{name}" base_url="http://127.0.0.1:{self.port}/v1" {settings} {own.get(name, "")}'
            for name in self.parts
        ]
        return "\n".join([*lines, pipeline, ""])

    def charged(self, price_in: float = 1.0, price_out: float = 2.0) -> float:
        """Dollars for everything that it answered or began to answer; prices are of a million tokens."""
        return sum((each.tokens[0] * price_in + each.tokens[1] * price_out) / 1e6 for each in self.asked)

    def wait(self, until: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something is true of what it was asked; it is looked at whenever something happens."""
        with self._news:
            assert self._news.wait_for(until, seconds), f"it was asked {len(self.asked)} times, and that did not happen"

    # The server's own thread

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stop.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            begun: bytes | None = b""
            while begun is not None:
                begun = await self._exchange(begun, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _exchange(self, begun: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """One request and its reply; the first byte of the next request, or None if the connection takes no more."""
        head = (begun + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in head[1:] if line}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        asked = Asked(headers, body, time.monotonic())
        act = self._record(asked)
        acting = asyncio.create_task(_act(act, asked, writer, self._open.discard))
        leaving = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait({acting, leaving}, return_when=asyncio.FIRST_COMPLETED)
            asked.left = not acting.done()
            again = not asked.left and await acting
            self._tell()
            return await leaving or None if again else None
        finally:
            acting.cancel()
            leaving.cancel()
            await asyncio.gather(acting, leaving, return_exceptions=True)
            self._open.discard(asked)
            self._tell()

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()

    def _record(self, asked: Asked) -> Act:
        part = self.parts[asked.model]
        with self._news:
            number = self._counts[asked.model] = self._counts.get(asked.model, -1) + 1
            self.asked.append(asked)
            self._open.add(asked)
            self.most_at_once = max(self.most_at_once, len(self._open))
            self._news.notify_all()
        if isinstance(part, list):
            return part[min(number, len(part) - 1)]
        return part(asked) if callable(part) else part


async def _act(act: Act, asked: Asked, writer: asyncio.StreamWriter, over: Callable[[Asked], None]) -> bool:
    """Do it; whether the connection can take another request. It is over before the client can know."""
    inner = act
    while isinstance(inner, Later):
        inner = inner.act
    says = Says(inner) if isinstance(inner, str) else inner
    if isinstance(says, Says | Reset | Stall | Ends):
        asked.tokens = (says.usage if isinstance(says, Says) else None) or USAGE  # it charges, whoever leaves
    while isinstance(act, Later):
        await asyncio.sleep(act.seconds)
        act = act.act
    if isinstance(says, Silent):
        await asyncio.Event().wait()
    over(asked)
    if isinstance(says, Status):
        await _send(writer, says.status, _encoded(says.body), says.type, says.headers)
        return True
    if isinstance(says, Says):
        stream = asked.body.get("stream")
        kind, body = ("text/event-stream", _events(says)) if stream else ("application/json", _whole(says, asked))
        await _send(writer, 200, body, kind, {})
        asked.completed = True
        return True
    assert isinstance(says, Reset | Stall | Ends)
    await _half(says, asked, writer)
    return False


async def _half(act: Reset | Stall | Ends, asked: Asked, writer: asyncio.StreamWriter) -> None:
    streamed = bool(asked.body.get("stream"))
    kind = "text/event-stream" if streamed else "application/json"
    part = _pieces(act.text) if streamed else _whole(Says(act.text), asked)[:40]
    if isinstance(act, Ends) and act.error:
        part += b"data: " + json.dumps({"error": {"message": act.error}}).encode() + b"\n\n"
    # A stream has no length, and the end of the connection is its end; a whole reply says how much is missing.
    length = "" if streamed else "content-length: 5000\r\n"
    writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{length}connection: close\r\n\r\n".encode() + part)
    await writer.drain()
    if isinstance(act, Stall):
        await asyncio.Event().wait()
    await asyncio.sleep(0.05)  # so that the part arrives before the end does
    if isinstance(act, Reset):
        # Closed without waiting, a socket answers with a reset.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(act, Ends):
        writer.close()
        await writer.wait_closed()


async def _send(writer: asyncio.StreamWriter, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
    writer.write(head.encode("latin-1") + body)
    await writer.drain()


def _encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _whole(says: Says, asked: Asked) -> bytes:
    message = {"role": "assistant", "content": says.text} | ({"tool_calls": list(says.calls)} if says.calls else {})
    choice = {"index": 0, "message": message, "finish_reason": says.finish}
    document = {"model": asked.model, "choices": [choice]} | _usage(says) | says.extra
    return json.dumps(document).encode()


def _events(says: Says) -> bytes:
    last: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {}, "finish_reason": says.finish}]}]
    last += [{"choices": []} | _usage(says)] if says.usage else []
    calls = b"".join(_event({"choices": [{"index": 0, "delta": {"tool_calls": [each]}}]}) for each in says.calls)
    return _pieces(says.text or "") + calls + b"".join(_event(each) for each in last) + b"data: [DONE]\n\n"


def _pieces(text: str) -> bytes:
    pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
    return b"".join(_event({"choices": [{"index": 0, "delta": {"content": piece}}]}) for piece in pieces)


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def _usage(says: Says) -> dict[str, Any]:
    if says.usage is None:
        return {}
    read, written = says.usage
    return {"usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}}


@asynccontextmanager
async def session(
    bank: str = ":memory:",
    *,
    budget: float | None = None,
    attempts: int = 3,
    wait: float = 0.01,
    longest_wait: float = 60.0,
    stall: float = 5.0,
    limits: Limits | None = None,
) -> AsyncIterator[Caller]:
    """What `moaql.open_session` opens, with waits that are short enough for tests."""
    opened, transport = open_bank(bank), HttpTransport(stall=stall)
    caller = Caller(
        opened,
        transport,
        budget=Budget(budget),
        limits=limits,
        retries=Retries(attempts, first=wait, longest=longest_wait),
    )
    try:
        yield caller
    finally:
        await caller.close()
        await transport.aclose()
        await opened.close()


def ask(
    server: FaultServer,
    pipeline: str,
    question: str = "What is it?",
    *,
    settings: str = SETTINGS,
    models: dict[str, str] | None = None,
    listeners: tuple[Listener, ...] = (),
    **options: Any,
) -> moaql.Answer:
    """Run a pipeline of the server's models; the rest is for `session`."""
    topology = moaql.parse(server.program(pipeline, settings, **(models or {}))).topology()

    async def run() -> moaql.Answer:
        async with session(**options) as caller:
            return await topology.arun(question, session=caller, listeners=listeners)

    return asyncio.run(run())
