"""The executor, called in process: what `moaql serve` is compared with.

    python benchmarks/serving_bare.py PROGRAM TOPOLOGY REQUESTS IN_FLIGHT [uvloop]

The same topology, calls and settings as the server's, without a bank, in the event loop of Python (as `moaql run`) or of uvloop.
Prints what it found as JSON, and the processor seconds of a request.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from serving_load import Load, load_of

import moaql
from moaql.graph.nodes import Graph
from moaql.run.caller import Caller
from moaql.run.collector import collect_seldom
from moaql.run.executor import run
from moaql.run.question import Question
from moaql.run.session import NO_BANK, Options
from moaql.serving.accounts import open_accounts


async def ask(graph: Graph, caller: Caller, first: int, requests: int, in_flight: int) -> Load:
    """Ask the questions of these numbers."""
    numbers = iter(range(first, first + requests))
    seconds: list[float] = []

    async def work() -> None:
        for number in numbers:
            began = time.perf_counter()
            await run(graph, Question(f"What is {number}?"), caller)
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return load_of(time.perf_counter() - began, seconds, 0)


async def measure(path: str, topology: str, requests: int, in_flight: int) -> tuple[Load, float]:
    """Warm up, and measure: what the load met, and the processor seconds of a request."""
    graph = moaql.load(path).topology(topology).graph
    async with open_accounts(Options(bank=NO_BANK, concurrency=max(64, 3 * in_flight)), ()) as accounts:
        caller = accounts.callers[0]
        await ask(graph, caller, 10_000_000, in_flight, in_flight)
        began = time.process_time()
        load = await ask(graph, caller, 0, requests, in_flight)
        return load, (time.process_time() - began) / requests


if __name__ == "__main__":
    collect_seldom()
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None
    if sys.argv[5:] == ["uvloop"]:
        import uvloop

        new_loop = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        found, processor = runner.run(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    print(json.dumps(asdict(found) | {"processor": processor}))
