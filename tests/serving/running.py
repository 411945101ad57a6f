"""A server in a thread of its own, on loopback and a free port, and ways to speak to it."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from moaql.run.session import NO_BANK, Options
from moaql.serving.accounts import open_accounts
from moaql.serving.connections import Patience
from moaql.serving.door import Door
from moaql.serving.keys import Key
from moaql.serving.programs import Programs
from moaql.serving.server import listen, serve_until, url_of
from moaql.serving.visit import Rules

QUESTION = [{"role": "user", "content": "What is it?"}]


@dataclass
class Running:
    """A server that runs.

    Attributes:
        url: Base URL for clients.
        log: Its lines so far.
        door: The application.
    """

    url: str
    door: Door
    log: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        return self.url.removesuffix("/v1")

    @property
    def port(self) -> int:
        return int(self.root.rpartition(":")[2])

    def logged(self, text: str) -> bool:
        """Whether a line holds this text. It is written behind the reply, so it is waited for."""
        end = time.monotonic() + 10
        while not (found := any(text in line for line in self.log)) and time.monotonic() < end:
            time.sleep(0.005)
        return found

    def chat(self, key: str = "", headers: dict[str, str] | None = None, **body: Any) -> "Replied":
        """Ask, without a client in between."""
        return self.post(json.dumps({"model": "main", "messages": QUESTION} | body).encode(), key, headers)

    def post(
        self, data: bytes, key: str = "", headers: dict[str, str] | None = None, path: str = "/chat/completions"
    ) -> "Replied":
        sent = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
        return _send(Request(self.url + path, data, sent | (headers or {})))

    def get(self, path: str, key: str = "", headers: dict[str, str] | None = None, method: str = "GET") -> "Replied":
        sent = {"authorization": f"Bearer {key}"} if key else {}
        return _send(Request(self.root + path, None, sent | (headers or {}), method=method))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


@dataclass
class Replied:
    """A whole reply."""

    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def error(self) -> str:
        return str(self.json["error"]["message"])

    @property
    def text(self) -> str:
        return str(self.json["choices"][0]["message"]["content"])


def _send(request: Request) -> Replied:
    try:
        with urlopen(request, timeout=30) as reply:
            return Replied(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.read())
    except HTTPError as error:
        with error:
            return Replied(error.code, {name.lower(): value for name, value in error.headers.items()}, error.read())


@contextmanager
def serving(
    *paths: Path,
    keys: Sequence[Key] = (),
    rules: Rules | None = None,
    patience: Patience | None = None,
    reload: bool = False,
    **options: Any,
) -> Iterator[Running]:
    """Serve programs for as long as the block lasts. `options` are those of `moaql.Options`; nothing is banked by default."""
    log: list[str] = []
    programs = Programs([(str(path), None) for path in paths], lambda graph: None, log.append)
    given = Options(**({"bank": NO_BANK, "attempts": 1} | options))
    started = threading.Event()
    made: list[Any] = []

    async def main() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        listening = listen("127.0.0.1", 0, has_keys=bool(keys))
        async with open_accounts(given, keys) as accounts:
            door = Door(programs, accounts, rules or Rules(), log=log.append)
            made[:] = [loop, stop, door, url_of(listening)]
            watching = asyncio.create_task(programs.watch()) if reload else None
            await serve_until(door, listening, stop, asyncio.Event(), patience or Patience(drain=1), started.set)
            if watching is not None:
                watching.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="server")
    thread.start()
    try:
        assert started.wait(20)
        yield Running(made[3], made[2], log)
    finally:
        made[0].call_soon_threadsafe(made[1].set)
        thread.join(20)
        assert not thread.is_alive()


def receive_all(connection: socket.socket) -> bytes:
    """All that comes until the other end closes."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def request_bytes(body: bytes, *, length: int | None = None, extra: str = "") -> bytes:
    """A chat request as it stands on the wire."""
    size = len(body) if length is None else length
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n"
    return f"{head}{extra}\r\n".encode() + body


def chat_bytes(**body: Any) -> bytes:
    """The whole chat request."""
    return request_bytes(json.dumps({"model": "main", "messages": QUESTION} | body).encode())
