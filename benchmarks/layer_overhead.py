"""What a layer costs on top of its slowest call: one question through six layers of four calls, against the same calls by hand.

    python benchmarks/layer_overhead.py [QUESTIONS]

By hand means: the bare client, four calls at once, six times in a row, which takes as long as the slowest call of each layer.
Promised: at most 3 ms a layer more. Prints both, and the ratio.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

import moaql
from moaql.run.executor import run
from moaql.run.question import Question
from moaql.run.session import Options, open_session

HERE = Path(__file__).resolve().parent
LAYERS, WIDTH = 6, 4
PROMISED = 3.0


async def by_hand(client: httpx.AsyncClient, url: str, number: int) -> float:
    """Seconds of one question with the bare client."""

    async def call() -> None:
        body = {"model": "stub", "messages": [{"role": "user", "content": f"What is {number}?"}]}
        (await client.post(f"{url}/chat/completions", json=body)).json()

    started = time.perf_counter()
    for _ in range(LAYERS):
        await asyncio.gather(*(call() for _ in range(WIDTH)))
    return time.perf_counter() - started


async def measure(url: str, questions: int) -> tuple[float, float]:
    """Median seconds of a question: by hand, and through moaql, in turn."""
    program = moaql.parse(
        f'model m = "openai/stub" base_url="{url}" api_key_env=none price_in=$1 price_out=$2\n'
        f"topology t = (layer [m]x{WIDTH})x{LAYERS}"
    )
    graph = program.topology().graph
    hand, ours = [], []
    connector = aiohttp.TCPConnector(limit=0)
    transport = AiohttpTransport(client=lambda: aiohttp.ClientSession(connector=connector))
    with tempfile.TemporaryDirectory() as folder:
        async with (
            httpx.AsyncClient(transport=transport, timeout=60) as client,
            open_session(Options(bank=f"{folder}/bank.db")) as caller,
        ):
            for number in range(questions + 5):
                seconds = await by_hand(client, url, number)
                started = time.perf_counter()
                await run(graph, Question(f"What is {number}?"), caller)
                if number >= 5:  # connections stand
                    hand.append(seconds)
                    ours.append(time.perf_counter() - started)
    return statistics.median(hand), statistics.median(ours)


def main() -> int:
    """Measure, print, and fail if the promise is broken."""
    questions = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    server = subprocess.Popen([sys.executable, HERE / "stub_server.py"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        hand, ours = asyncio.run(measure(server.stdout.readline().strip(), questions))
    finally:
        server.terminate()
        server.wait()
    over = (ours - hand) / LAYERS * 1e3
    print(f"{LAYERS} layers of {WIDTH} calls to a 20 ms server; medians of {questions} questions")
    print(f"by hand       {hand * 1e3:7.1f} ms   {hand / LAYERS * 1e3:5.2f} ms a layer: its slowest call")
    print(f"moaql         {ours * 1e3:7.1f} ms   {over:5.2f} ms a layer more (promised: at most {PROMISED})")
    print(f"ratio         {ours / hand:7.2f}")
    return 0 if over <= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
