"""The transport, over real sockets of this machine."""

import asyncio
import gzip
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from moaql.errors import BrokenOff, Stalled, Unreachable
from moaql.run import transport as transports
from moaql.run.transport import HttpTransport

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    """A server that reads one request after the other and answers each by a function; its address."""
    open_ones: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(task := asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await answer(head + await reader.readexactly(length), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            open_ones.discard(task)
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/x"
    finally:
        listening.close()
        for task in list(open_ones):
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)


def reply(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def saying(data: bytes) -> Answer:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return answer


def send(answer: Answer, *, streamed: bool = False, body=None, headers=None, **options):
    """Send one request to a server that answers so: the reply, or the lines of its stream."""

    async def run():
        async with server(answer) as url, HttpTransport(**options) as transport:
            if not streamed:
                return await transport.post(url, headers or {}, body or {})
            async with transport.stream(url, headers or {}, body or {}) as stream:
                return [line async for line in stream.lines()]

    return asyncio.run(run())


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if end else b"")


def test_a_request_as_it_is_sent() -> None:
    seen: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(reply(b'{"ok": true}', "418 Teapot", "X-Kind: Tea"))

    got = send(answer, body={"text": "6 × 7", "odd": "\ud800"}, headers={"authorization": "Bearer k"})
    assert (got.status, got.body) == (418, b'{"ok": true}')
    assert got.headers["x-kind"] == "Tea"
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert body.decode() == '{"text":"6 × 7","odd":"?"}'
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /v1/x http/1.1"
    assert "authorization: bearer k" in lines
    assert "content-type: application/json" in lines
    assert sum(line.startswith("content-length") for line in lines) == 1


def test_a_reply_may_be_compressed() -> None:
    packed = gzip.compress(b'{"ok": true}')
    assert send(saying(reply(packed, "200 OK", "Content-Encoding: gzip"))).body == b'{"ok": true}'


def test_a_reply_of_10_mb() -> None:
    large = b"x" * 10_000_000
    assert send(saying(reply(large))).body == large


def test_a_reply_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "LARGEST_REPLY", 1024 * 1024)
    with pytest.raises(BrokenOff, match="larger than 1 MB"):
        send(saying(reply(b"x" * 2_000_000)))
    with pytest.raises(BrokenOff, match="larger than 1 MB"):
        send(saying(reply(gzip.compress(b"x" * 2_000_000), "200 OK", "Content-Encoding: gzip")))
    with pytest.raises(BrokenOff, match="larger than 1 MB"):
        send(saying(chunked(b"x" * 2_000_000)), streamed=True)


def test_a_stream_is_read_as_it_arrives() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(chunked(b"data: one\r\n", b"\r\ndata: t", end=False))
        await asyncio.sleep(0.05)
        writer.write(
            b"".join(
                b"%x\r\n%s\r\n" % (len(each), each)
                for each in ["wö".encode()[:2], "wö".encode()[2:], "\u2028!\nlast".encode()]
            )
        )
        writer.write(b"0\r\n\r\n")

    async def run() -> None:
        async with server(answer) as url, HttpTransport() as transport, transport.stream(url, {}, {}) as stream:
            assert stream.status == 200
            lines, times = [], []
            async for line in stream.lines():
                lines.append(line)
                times.append(time.perf_counter())
            assert lines == ["data: one", "", "data: twö\u2028!", "last"]
            assert times[2] - times[0] > 0.03

    asyncio.run(run())


def test_a_connection_is_used_again_also_behind_a_stream() -> None:
    connections = set()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        connections.add(writer.get_extra_info("peername"))
        writer.write(chunked(b"data: [DONE]\n\n", end=False))
        await asyncio.sleep(0.01)
        writer.write(b"0\r\n\r\n")

    async def run() -> None:
        async with server(answer) as url, HttpTransport() as transport:
            for _ in range(3):
                async with transport.stream(url, {}, {}) as stream:
                    async for line in stream.lines():
                        assert line == "data: [DONE]"
                        break
                await transport.post(url, {}, {})

    asyncio.run(run())
    assert len(connections) == 1


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def run() -> None:
        async with HttpTransport() as transport:
            await transport.post(f"http://127.0.0.1:{port}/v1?key=hush", {"authorization": "Bearer hush"}, {})

    with pytest.raises(Unreachable, match=f"no connection to 127.0.0.1:{port}: connection refused") as caught:
        asyncio.run(run())
    assert caught.value.retryable
    assert "hush" not in f"{caught.value} {caught.value.__context__} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://nowhere.invalid/v1", "no connection to nowhere.invalid:80: its name is not known"),
        ("ftp://host/v1", "not an http"),
        ("nothing", "not an http"),
        ("http://[::1/v1", "not an http"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, words: str) -> None:
    async def run() -> None:
        async with HttpTransport() as transport:
            await transport.post(url, {}, {})

    with pytest.raises(Unreachable, match=words):
        asyncio.run(run())


def test_a_server_without_tls() -> None:
    async def run() -> None:
        async with server(saying(reply(b"{}"))) as url, HttpTransport(connect=0.2) as transport:
            await transport.post(url.replace("http://", "https://"), {}, {})

    with pytest.raises(Unreachable, match=r"no connection to 127\.0\.0\.1:\d+"):
        asyncio.run(run())


def reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "data",
    [b"", reply(b'{"half', length=100), chunked(b"data: 1\n", end=False)],
    ids=["before the reply", "in the body", "between chunks"],
)
@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_connection_that_is_lost(data: bytes, streamed: bool, end: str) -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.01)
        reset(writer) if end == "reset" else writer.close()

    with pytest.raises(BrokenOff, match=r"127\.0\.0\.1:\d+ closed the connection before the end"):
        send(answer, streamed=streamed)


def test_what_is_not_http() -> None:
    with pytest.raises(BrokenOff, match="cannot be read as HTTP"):
        send(saying(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"))
    with pytest.raises(BrokenOff, match="cannot be read as HTTP"):
        send(saying(reply(b"no gzip", "200 OK", "Content-Encoding: gzip")))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "sent nothing for 0.1 s$"),
        (reply(b'{"half', length=100), "sent nothing for 0.05 s in the middle of its reply"),
    ],
)
def test_a_server_that_falls_silent(data: bytes, words: str, streamed: bool) -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(5)

    started = time.perf_counter()
    with pytest.raises(Stalled, match=words):
        send(answer, streamed=streamed, first_byte=0.1, stall=0.05)
    assert time.perf_counter() - started < 2


def test_a_slow_answer_is_not_a_stalled_one() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        for piece in [chunked(end=False), *[b"1\r\nx\r\n"] * 6, b"0\r\n\r\n"]:
            await asyncio.sleep(0.04)
            writer.write(piece)

    assert send(answer, first_byte=0.2, stall=0.2).body == b"xxxxxx"


def test_a_cancelled_call_leaves_nothing_behind() -> None:
    gone = asyncio.Event()

    async def run() -> None:
        async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(chunked(b"x", end=False))
            while not writer.transport.is_closing():
                writer.write(b"1\r\nx\r\n")
                await asyncio.sleep(0.01)
            gone.set()

        async with server(answer) as url, HttpTransport() as transport:
            call = asyncio.create_task(transport.post(url, {}, {}))
            await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.wait_for(gone.wait(), 2)

    asyncio.run(run())


def test_many_calls_at_once() -> None:
    most = now = 0

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.1)
        now -= 1
        writer.write(reply(request.partition(b"\r\n\r\n")[2]))

    async def run() -> None:
        async with server(answer) as url, HttpTransport() as transport:
            replies = await asyncio.gather(*(transport.post(url, {}, {"n": n}) for n in range(200)))
            assert [json.loads(each.body)["n"] for each in replies] == list(range(200))

    asyncio.run(run())
    assert most > 150


def test_one_transport_for_each_event_loop() -> None:
    for _ in range(3):
        assert send(saying(reply(b"{}"))).body == b"{}"


def test_another_transport_of_httpx_may_send() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=f"{request.url} {request.content.decode()}\nend", headers={"X-A": "b"})

    async def run() -> None:
        async with HttpTransport(inner=httpx.MockTransport(handle)) as transport:
            got = await transport.post("https://host/v1", {}, {"a": 1})
            assert (got.status, got.body, got.headers["x-a"]) == (200, b'https://host/v1 {"a":1}\nend', "b")
            async with transport.stream("https://host/v1", {}, {}) as stream:
                assert [line async for line in stream.lines()] == ["https://host/v1 {}", "end"]
            async with transport.stream("https://host/v1", {}, {}) as stream:
                assert await stream.read() == b"https://host/v1 {}\nend"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectError("hush"), Unreachable),
        (httpx.ConnectTimeout("hush"), Unreachable),
        (httpx.ReadTimeout("hush"), Stalled),
        (httpx.ReadError("hush"), BrokenOff),
        (httpx.RemoteProtocolError("hush"), BrokenOff),
        (OSError(113, "hush"), Unreachable),
        (ConnectionResetError("hush"), BrokenOff),
    ],
)
def test_faults_of_another_transport(raised: Exception, kind: type[Exception]) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise raised

    async def run() -> None:
        async with HttpTransport(inner=httpx.MockTransport(handle)) as transport:
            await transport.post("https://host/v1", {}, {})

    with pytest.raises(kind, match="host:443") as caught:
        asyncio.run(run())
    assert "hush" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_mistake_in_the_program_is_no_fault_of_the_network() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise KeyError("a mistake")

    async def run() -> None:
        async with HttpTransport(inner=httpx.MockTransport(handle)) as transport:
            await transport.post("https://host/v1", {}, {})

    with pytest.raises(KeyError, match="a mistake"):
        asyncio.run(run())


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(reply(b"{}"))

    async def run() -> None:
        async with server(answer) as proxy, HttpTransport() as transport:
            monkeypatch.setenv("http_proxy", proxy.removesuffix("/v1/x"))
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            await transport.post("http://models.example/v1", {}, {})
            await transport.post(proxy, {}, {})

    asyncio.run(run())
    assert seen[0].startswith(b"POST http://models.example/v1 HTTP/1.1")
    assert seen[1].startswith(b"POST /v1/x HTTP/1.1")


def test_a_proxy_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")

    async def run() -> None:
        async with HttpTransport() as transport:
            await transport.post("https://models.example/v1", {}, {})

    with pytest.raises(Unreachable, match="not an HTTP proxy") as caught:
        asyncio.run(run())
    assert "HTTPS_PROXY" in caught.value.next_step
