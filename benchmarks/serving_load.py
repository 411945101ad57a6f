"""A client that costs little: keep-alive connections to a chat API, each with one request after the other.

    python benchmarks/serving_load.py URL MODEL REQUESTS IN_FLIGHT

It is written on `asyncio.Protocol`, so that on a machine of few cores it is never the slowest part. Prints what it found as JSON.
"""

import asyncio
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Load:
    """What a load met.

    Attributes:
        rate: Requests that were answered in a second.
        median: Seconds of a request.
        slow: Seconds that one request in a hundred took or exceeded.
        failed: Requests that had no answer of status 200.
    """

    rate: float
    median: float
    slow: float
    failed: int = 0


def load_of(took: float, seconds: list[float], failed: int) -> Load:
    """What was met, from the seconds of all and those of each that was answered."""
    if not seconds:
        raise SystemExit("no request was answered")
    slow = sorted(seconds)[int(len(seconds) * 0.99)]
    return Load(len(seconds) / took, statistics.median(seconds), slow, failed)


class Client:
    """Asks so many questions over so many connections.

    Args:
        url: Base URL of the API, http alone.
        model: Is asked.
    """

    def __init__(self, url: str, model: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self._model = model
        self._head = (
            f"POST {parts.path}/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer none\r\n"
            "content-type: application/json\r\ncontent-length: "
        ).encode()
        self._number = self._end = 0
        self._open = 0
        self._done: asyncio.Future[None]
        self.seconds: list[float] = []
        self.failed = 0

    async def ask(self, first: int, requests: int, in_flight: int) -> Load:
        """Ask the questions of these numbers."""
        loop = asyncio.get_running_loop()
        self._number, self._end, self.seconds, self.failed = first, first + requests, [], 0
        self._done = loop.create_future()
        self._open = in_flight
        began = time.perf_counter()
        for _ in range(in_flight):
            self.connect()
        await self._done
        return load_of(time.perf_counter() - began, self.seconds, self.failed)

    def connect(self) -> None:
        """Open a connection, which asks."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.create_connection(lambda: Connection(self), self.host, self.port))
        task.add_done_callback(lambda done: None if done.exception() is None else self.broken(done.exception()))

    def broken(self, error: BaseException | None) -> None:
        """There is no connection: nothing can be measured."""
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the server hung up"))

    def next(self) -> bytes | None:
        """The next request; None where there is none."""
        if self._number == self._end:
            self._open -= 1
            if not self._open and not self._done.done():
                self._done.set_result(None)
            return None
        messages = [{"role": "user", "content": f"What is {self._number}?"}]
        self._number += 1
        body = json.dumps({"model": self._model, "messages": messages}).encode()
        return b"%s%d\r\n\r\n%s" % (self._head, len(body), body)


class Connection(asyncio.Protocol):
    """One request at a time; a server that hangs up behind a reply is connected to again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._transport: asyncio.Transport
        self._buffer = b""
        self._began = 0.0
        self._asking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Read a reply, and ask on."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        if len(body) < int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return
        self._asking, self._buffer = False, b""
        if head[8:13] == b" 200 " and b"The answer is" in body:
            self._client.seconds.append(time.perf_counter() - self._began)
        else:
            self._client.failed += 1
        if b"\r\nconnection: close" in lower or lower.startswith(b"http/1.0"):
            self._transport.close()
            self._client.connect()
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """A server that hangs up before its reply is broken."""
        if self._asking:
            self._client.broken(exc)

    def _ask(self) -> None:
        request = self._client.next()
        if request is None:
            self._transport.close()
            return
        self._asking, self._began = True, time.perf_counter()
        self._transport.write(request)


async def measure(url: str, model: str, requests: int, in_flight: int) -> Load:
    """Warm up, and measure."""
    client = Client(url, model)
    await client.ask(10_000_000, in_flight, in_flight)
    return await client.ask(0, requests, in_flight)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))))
