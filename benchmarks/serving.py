"""What serving a topology costs on top of running it: the bare executor and `moaql serve`, against the same server, in one run.

    python benchmarks/serving.py [REQUESTS] [IN_FLIGHT] [STREAMS]

The upstream server answers after 20 ms (`benchmarks/stub_server.py`). Executor and server run in processes of their own, in turn;
medians are compared. Nothing is banked. Then so many streams are opened at once, whose answers take a few seconds, and
are counted while they are open by the server's own `/metrics`. One core of the machine is the client's.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import aiohttp

from moaql.run.collector import collect_seldom

HERE = Path(__file__).resolve().parent
SERVE = "import sys; from moaql.cli.serve import command; sys.exit(command.main(sys.argv[1:], standalone_mode=False))"
ROUNDS = 3
SLOW = 5.0
"""Seconds that the answers of the open streams take."""


def program(url: str) -> str:
    """One model of the upstream server."""
    return f'model m = "openai/stub" base_url="{url}" api_key_env=none price_in=$1 price_out=$2\nm\n'


async def many(call: Callable[[int], Awaitable[object]], requests: int, in_flight: int) -> tuple[float, float]:
    """Requests a second, and the median seconds of one."""
    numbers = iter(range(requests))
    seconds: list[float] = []

    async def work() -> None:
        for number in numbers:
            began = time.perf_counter()
            await call(number)
            seconds.append(time.perf_counter() - began)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return requests / (time.perf_counter() - started), statistics.median(seconds)


async def executor(url: str, requests: int, in_flight: int) -> tuple[float, float]:
    """The executor, called in process."""
    import moaql
    from moaql.run.executor import run
    from moaql.run.question import Question
    from moaql.run.session import Options
    from moaql.serving.accounts import open_accounts

    graph = moaql.parse(program(url)).topology().graph
    async with open_accounts(Options(bank="none", concurrency=in_flight), ()) as accounts:
        caller = accounts.callers[0]

        async def call(number: int) -> object:
            return await run(graph, Question(f"What is {number}?"), caller)

        await many(lambda number: call(-1 - number), in_flight, in_flight)
        return await many(call, requests, in_flight)


async def client(url: str, requests: int, in_flight: int) -> tuple[float, float]:
    """A client of the server."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call(number: int) -> object:
            body = {"model": "main", "messages": [{"role": "user", "content": f"What is {number}?"}]}
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                return (await reply.json())["choices"][0]["message"]["content"]

        await many(lambda number: call(-1 - number), in_flight, in_flight)
        return await many(call, requests, in_flight)


@contextmanager
def started(*command: str) -> Iterator[tuple[str, int]]:
    """A server in a process of its own; the first line that it prints is its address."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.terminate()
        process.wait()


def serving(upstream: str, folder: str, at_once: int) -> AbstractContextManager[tuple[str, int]]:
    """`moaql serve` before that upstream server."""
    path = Path(folder) / "p.moaql"
    path.write_text(program(upstream), encoding="utf-8")
    limits = ("--at-once", str(at_once), "--concurrency", str(at_once))
    return started(sys.executable, "-c", SERVE, str(path), "--port", "0", "--no-bank", "--quiet", *limits)


def measure(name: str, url: str, requests: int, in_flight: int) -> tuple[float, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--measure", name, url, str(requests), str(in_flight)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rate, seconds = json.loads(done.stdout.splitlines()[-1])
    return rate, seconds


async def streams(url: str, count: int) -> tuple[int, int]:
    """Open so many streams at once: how many were open together by the server's count, and how many ended well."""
    most = 0
    # What waits says that it is alive after 15 s, which opens the stream; these are opened by their first piece.
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120)
    ) as session:

        async def one(number: int) -> bool:
            messages = [{"role": "user", "content": f"What is {number}?"}]
            body = {"model": "main", "stream": True, "messages": messages}
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                return (await reply.read()).endswith(b"data: [DONE]\n\n")

        async def look() -> None:
            nonlocal most
            while True:
                async with session.get(url.removesuffix("/v1") + "/metrics") as reply:
                    text = await reply.text()
                most = max(most, int(text.partition("\nmoaql_open_streams ")[2].split("\n", 1)[0]))
                await asyncio.sleep(0.1)

        looking = asyncio.create_task(look())
        ended = await asyncio.gather(*map(one, range(count)))
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    return most, sum(ended)


async def talk_slowly() -> None:
    """An upstream server whose streams begin at once and end after some seconds."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for place in range(6):
            finish = "stop" if place == 5 else None
            chunk = {"choices": [{"index": 0, "delta": {"content": f"piece {place} "}, "finish_reason": finish}]}
            writer.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            await asyncio.sleep(SLOW / 5 if place < 5 else 0)
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def resident(pid: int) -> float:
    """Megabytes that a process holds, where the system says so."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def compare(requests: int, in_flight: int, folder: str) -> None:
    """Executor and server, in turn: rate at full load, and latency of one request at a time."""
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with (
        started(sys.executable, str(HERE / "stub_server.py")) as (upstream, _),
        serving(upstream, folder, in_flight) as (served, _),
    ):
        for at_once, count in ((in_flight, requests), (1, 200)):
            for _ in range(ROUNDS):
                for name, url in (("executor", upstream), ("client", served)):
                    found.setdefault((name, at_once), []).append(measure(name, url, count, at_once))
    rates = {name: statistics.median(rate for rate, _ in found[name, in_flight]) for name in ("executor", "client")}
    alone = {name: statistics.median(seconds for _, seconds in found[name, 1]) for name in ("executor", "client")}
    print(f"{requests} requests, {in_flight} in flight, 20 ms server; medians of {ROUNDS} rounds")
    print(f"executor in process  {rates['executor']:7,.0f} requests a second   {alone['executor'] * 1e3:6.1f} ms alone")
    print(f"moaql serve          {rates['client']:7,.0f} requests a second   {alone['client'] * 1e3:6.1f} ms alone")
    print(f"serving is {rates['client'] / rates['executor']:.2f} of the executor's rate", end=", ")
    print(f"and adds {(alone['client'] - alone['executor']) * 1e3:.1f} ms to a request")


def main() -> None:
    """Measure, and print."""
    numbers = [int(each) for each in sys.argv[1:]]
    requests, in_flight, count = [*numbers, *(2_000, 100, 1_000)[len(numbers) :]]
    with tempfile.TemporaryDirectory() as folder:
        compare(requests, in_flight, folder)
        with (
            started(sys.executable, __file__, "--slow") as (upstream, _),
            serving(upstream, folder, count) as (served, pid),
        ):
            began = time.perf_counter()
            most, ended = asyncio.run(streams(served, count))
            took = time.perf_counter() - began
            held = resident(pid)
    print(
        f"{count} streams of {SLOW:g} s at once: {most} open together, {ended} ended well, in {took:.1f} s, {held:.0f} MB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--slow"]:
        asyncio.run(talk_slowly())
    elif sys.argv[1:2] == ["--measure"]:
        collect_seldom()
        what = {"executor": executor, "client": client}[sys.argv[2]]
        print(json.dumps(asyncio.run(what(sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))))
    else:
        main()
