"""Requests a second of moaql's executor, and of the clients that one would use without it, against the same server.

    python benchmarks/clients.py [REQUESTS] [IN_FLIGHT]

The server answers after 20 ms (`benchmarks/stub_server.py`). Each client runs in a process of its own, moaql and the bare client in
turn; medians are compared. Every request differs, so no bank or cache answers. moaql does all it does for a user: it renders,
keys, keeps (in a bank file), prices and counts. All clients run with the collector's thresholds that the command line sets
(`moaql/run/collector.py`); `--default-collector` leaves Python's.
Promised: 0.75 of the bare client; 3 times dspy.LM.acall; 8 times litellm.acompletion.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from moaql.run.collector import collect_seldom

HERE = Path(__file__).resolve().parent
DEFAULT_COLLECTOR = "--default-collector"
PROMISED = {"bare": 0.75, "dspy": 3.0, "litellm": 8.0}
FEWER = {"dspy": 0.4, "litellm": 0.2, "openai": 0.2}
"""Share of the requests that slow clients are measured with."""


async def many(call: Callable[[int], Awaitable[object]], requests: int, in_flight: int) -> float:
    """Requests a second."""
    numbers = iter(range(requests))

    async def work() -> None:
        for number in numbers:
            await call(number)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return requests / (time.perf_counter() - started)


def body(number: int) -> dict[str, object]:
    """What a client sends."""
    return {"model": "stub", "messages": [{"role": "user", "content": f"What is {number}?"}]}


async def bare(url: str, requests: int, in_flight: int) -> float:
    """The API of httpx over aiohttp, nothing else."""
    import aiohttp
    import httpx
    from httpx_aiohttp import AiohttpTransport

    connector = aiohttp.TCPConnector(limit=0)
    transport = AiohttpTransport(client=lambda: aiohttp.ClientSession(connector=connector))
    async with httpx.AsyncClient(transport=transport, timeout=60) as client:

        async def call(number: int) -> object:
            response = await client.post(f"{url}/chat/completions", json=body(number))
            return response.json()["choices"][0]["message"]["content"]

        await many(call, in_flight, in_flight)
        return await many(call, requests, in_flight)


async def moaql(url: str, requests: int, in_flight: int) -> float:
    """The executor, with a bank in a file."""
    import moaql as package

    program = package.parse(f'model m = "openai/stub" base_url="{url}" api_key_env=none price_in=$1 price_out=$2\nm')
    graph = program.topology().graph
    from moaql.run.executor import run
    from moaql.run.question import Question
    from moaql.run.session import Options, open_session

    with tempfile.TemporaryDirectory() as folder:
        async with open_session(Options(bank=f"{folder}/bank.db", concurrency=in_flight)) as caller:

            async def call(number: int) -> object:
                return await run(graph, Question(f"What is {number}?"), caller)

            await many(lambda number: call(-1 - number), in_flight, in_flight)
            return await many(call, requests, in_flight)


async def dspy(url: str, requests: int, in_flight: int) -> float:
    """`dspy.LM.acall`, without its cache."""
    import dspy as package

    lm = package.LM("openai/stub", api_base=url, api_key="none", cache=False, num_retries=0)
    return await many(lambda number: lm.acall(prompt=f"What is {number}?"), requests, in_flight)


async def litellm(url: str, requests: int, in_flight: int) -> float:
    """`litellm.acompletion`."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm as package

    async def call(number: int) -> object:
        return await package.acompletion(
            model="openai/stub",
            messages=[{"role": "user", "content": f"What is {number}?"}],
            api_base=url,
            api_key="none",
            num_retries=0,
        )

    return await many(call, requests, in_flight)


async def openai(url: str, requests: int, in_flight: int) -> float:
    """The official client."""
    import openai as package

    async with package.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def call(number: int) -> object:
            return await client.chat.completions.create(
                model="stub", messages=[{"role": "user", "content": f"What is {number}?"}]
            )

        return await many(call, requests, in_flight)


CLIENTS = {"moaql": moaql, "bare": bare, "dspy": dspy, "litellm": litellm, "openai": openai}


def measure(client: str, url: str, requests: int, in_flight: int, collector: list[str]) -> float:
    """Requests a second of one client, in a process of its own."""
    count = max(in_flight, int(requests * FEWER.get(client, 1)))
    command = [sys.executable, __file__, "--client", client, url, str(count), str(in_flight), *collector]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure all, and print each as a ratio."""
    collector = [each for each in sys.argv if each == DEFAULT_COLLECTOR]
    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    requests, in_flight = [*numbers, *(5_000, 200)[len(numbers) :]]
    server = subprocess.Popen([sys.executable, HERE / "stub_server.py"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        order = [*("bare", "moaql") * 5, "dspy", "litellm", "openai", "dspy", "litellm", "openai"]
        found: dict[str, list[float]] = {}
        for client in order:
            found.setdefault(client, []).append(measure(client, url, requests, in_flight, collector))
    finally:
        server.terminate()
        server.wait()
    ours = statistics.median(found["moaql"])
    print(f"{requests} requests, {in_flight} in flight, 20 ms server; requests a second")
    for client, rates in found.items():
        rate = statistics.median(rates)
        ratio = "" if client == "moaql" else f"  moaql is {ours / rate:.2f} of it"
        promised = f" (promised {PROMISED[client]:g})" if client in PROMISED else ""
        print(f"{client:8} {rate:8,.0f}  ({', '.join(f'{each:,.0f}' for each in rates)}){ratio}{promised}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--client"]:
        client, url, requests, in_flight = sys.argv[2:6]
        if DEFAULT_COLLECTOR not in sys.argv:
            collect_seldom()
        print(asyncio.run(CLIENTS[client](url, int(requests), int(in_flight))))
    else:
        main()
