"""What serving a topology costs: against running it in process, and against other servers, on one upstream server, in one run.

    python benchmarks/serving.py [--no-peers] [--requests N] [--in-flight N] [--alone N] [--streams N]
                                 [--rounds N] [--starts N]

The upstream server answers after 20 ms (`stub_server.py`). Every server, the client (`serving_load.py`) and the bare executor
(`serving_bare.py`) run in processes of their own, in turn, so many rounds; the median is printed, and the least and the most. What
is measured has a processor to itself, and the upstream server and the client have the others.
Processor time of a request is what its server's process uses: it depends less than a rate on what else the machine does. Nothing is
banked. Beside the bare executor, moaql is served with `--quiet`; beside other servers (`serving_peers.py`), all write their logs as
by default, into nothing. At the end so many streams are opened at once, and counted by the server's own `/metrics`.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import serving_streams
from serving_processes import MOAQL, Started, give_processor, processor, resident, stand_aside, started

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Found:
    """One measurement.

    Attributes:
        rate: Requests a second.
        median: Seconds of one.
        processor: Processor seconds of one, of the process that was measured.
        failed: Requests without an answer.
    """

    rate: float
    median: float
    processor: float
    failed: int


Measure = Callable[[int, int], Found]
"""From requests, and how many of them are in flight."""
Rounds = dict[str, list[Found]]


def program(upstream: str) -> str:
    """One call, and three calls one behind the other, of one model."""
    model = f'model m = "openai/stub" base_url="{upstream}" api_key_env=none price_in=$1 price_out=$2\n'
    return f"{model}topology one = m\ntopology three = m -> agg m -> agg m\n"


def of_executor(path: Path, topology: str, loop: str = "") -> Measure:
    """Measures the executor, called in process."""
    command = (sys.executable, str(HERE / "serving_bare.py"), str(path), topology)

    def measure(requests: int, in_flight: int) -> Found:
        return _found(*command, str(requests), str(in_flight), *filter(None, [loop]), is_measured=True)

    return measure


def of_server(server: Started, model: str) -> Measure:
    """Measures a server."""
    command = (sys.executable, str(HERE / "serving_load.py"), server.url, model)

    def measure(requests: int, in_flight: int) -> Found:
        before = processor(server.process)
        found = _found(*command, str(requests), str(in_flight))
        # What warms the server up is as many requests as are in flight.
        used = (processor(server.process) - before) / (requests + in_flight)
        return Found(found.rate, found.median, used, found.failed)

    return measure


def _found(*command: str, is_measured: bool = False) -> Found:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        if is_measured:
            give_processor(process.pid)
        output, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"{Path(command[1]).name} failed:\n{errors[-2000:]}")
    given = json.loads(output.splitlines()[-1])
    return Found(given["rate"], given["median"], given.get("processor", float("nan")), given["failed"])


def in_turn(measures: dict[str, Measure], rounds: int, requests: int, in_flight: int) -> Rounds:
    """Measure them all, one after the other, so many times."""
    found: Rounds = defaultdict(list)
    for measure in measures.values():
        measure(in_flight, in_flight)  # servers load and open what they need with their first requests
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure(requests, in_flight))
    return found


def median_of(values: Sequence[float], unit: str = "", digits: int = 0) -> str:
    """The median, the least and the most."""
    shown = [f"{each:,.{digits}f}" for each in (statistics.median(values), min(values), max(values))]
    return f"{shown[0]}{unit} ({shown[1]} to {shown[2]})"


def show(full: Rounds, alone: Rounds) -> None:
    """A table in Markdown: under load, and one request at a time."""
    print("\n| what | requests a second | processor time of one | one at a time | failed |")
    print("|---|---|---|---|---|")
    for name, found in full.items():
        rates, used = [each.rate for each in found], [each.processor * 1e6 for each in found]
        one = [each.median * 1e3 for each in alone[name]]
        failed = sum(each.failed for each in (*found, *alone[name]))
        busy = "" if used[0] != used[0] else median_of(used, " µs")
        print(f"| {name} | {median_of(rates)} | {busy} | {median_of(one, ' ms', 1)} | {failed} |")


def ratios(found: Rounds, one: str, other: str) -> str:
    """How the rates and the processor times of two compare, round by round."""
    pairs = list(zip(found[one], found[other], strict=True))
    rates = median_of([mine.rate / its.rate for mine, its in pairs], digits=2)
    used = median_of([its.processor / mine.processor for mine, its in pairs], digits=2)
    return f"{rates} of its rate; {used} by processor time" if used[0] != "n" else f"{rates} of its rate"


def beside_executor(upstream: Started, path: Path, wanted: argparse.Namespace) -> None:
    """The bare executor and the server: one call, and three."""
    serve, bare, fast = "moaql serve", "executor in process", "executor in process, uvloop"
    at_once = ("--at-once", str(wanted.in_flight), "--concurrency", str(max(64, 3 * wanted.in_flight)))
    with started(*MOAQL, str(path), "--port", "0", "--no-bank", "--quiet", *at_once) as server:
        for topology, title in (("one", "one call"), ("three", "three calls")):
            measures = {bare: of_executor(path, topology), serve: of_server(server, topology)}
            if find_spec("uvloop"):
                measures[fast] = of_executor(path, topology, "uvloop")
            full = in_turn(measures, wanted.rounds, wanted.requests, wanted.in_flight)
            alone = in_turn(measures, wanted.rounds, wanted.alone, 1)
            print(f"\n{title}: {wanted.requests} requests, {wanted.in_flight} in flight, 20 ms a call,", end=" ")
            print(f"{wanted.rounds} rounds in turn")
            show(full, alone)
            print()
            for other in (bare, fast):
                if other in full:
                    print(f"{serve} beside {other}: {ratios(full, serve, other)}")
    direct = in_turn({"direct": of_server(upstream, "stub")}, wanted.rounds, wanted.alone, 1)["direct"]
    shown = median_of([each.median * 1e3 for each in direct], " ms", 1)
    print(f"\none request at a time straight to the upstream server: {shown}")


def beside_peers(upstream: Started, path: Path, folder: str, wanted: argparse.Namespace) -> None:
    """The server and others: one call, and three."""
    from serving_peers import litellm, optillm

    in_flight, mine = wanted.in_flight, "moaql serve"
    at_once = ("--at-once", str(in_flight), "--concurrency", str(max(64, 3 * in_flight)))
    requests = max(1, wanted.requests // 10)
    with ExitStack() as stack:
        server = stack.enter_context(started(*MOAQL, str(path), "--port", "0", "--no-bank", *at_once))
        proxy = stack.enter_context(litellm(upstream.url, folder))
        passing = stack.enter_context(optillm(upstream.url, "none"))
        mixing = stack.enter_context(optillm(upstream.url, "moa"))
        starts = {"LiteLLM": proxy.seconds, "optillm": passing.seconds}
        one = {
            mine: of_server(server, "one"),
            "LiteLLM proxy": of_server(proxy, "main"),
            "optillm none": of_server(passing, "stub"),
        }
        three = {mine: of_server(server, "three"), "optillm moa": of_server(mixing, "stub")}
        for title, measures in (("one call", one), ("three calls", three)):
            full = in_turn(measures, wanted.rounds, requests, in_flight)
            alone = in_turn(measures, wanted.rounds, wanted.alone, 1)
            print(f"\n{title}: {requests} requests, {in_flight} in flight, one worker process each, logs as by default")
            show(full, alone)
            for other in list(measures)[1:]:
                print(f"\n{mine} beside {other}: {ratios(full, mine, other)}", end="")
            print()
    print("\nfrom start to first answer: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in starts.items()))


def starting(path: Path, times: int) -> None:
    """Start the server so many times."""
    seconds = []
    for _ in range(times):
        with started(*MOAQL, str(path), "--port", "0", "--no-bank") as server:
            seconds.append(server.seconds)
    print(f"\nstart to the first line, printed once the server listens: {median_of(seconds, ' s', 2)}, {times} starts")


def many_streams(folder: str, count: int) -> None:
    """Open so many streams at once."""
    path = Path(folder) / "streams.moaql"
    with started(sys.executable, str(HERE / "serving_streams.py"), is_measured=False) as upstream:
        path.write_text(program(upstream.url), encoding="utf-8")
        at_once = ("--at-once", str(count), "--concurrency", str(count))
        with started(*MOAQL, str(path), "--port", "0", "--no-bank", "--quiet", *at_once) as server:
            began = time.perf_counter()
            found = asyncio.run(serving_streams.measure(server.url, "one", count))
            took, held = time.perf_counter() - began, resident(server.process)
    print(f"\n{count} streams of {serving_streams.SECONDS:g} s at once: {found.together} open together,", end=" ")
    print(f"{found.ended} ended well, in {took:.1f} s, {held:.0f} MB")


def main() -> None:
    """Measure, and print."""
    reads = argparse.ArgumentParser(description="What serving a topology costs.")
    reads.add_argument("--no-peers", action="store_true", help="leave optillm and LiteLLM out")
    sizes = {"requests": 2_000, "in-flight": 100, "alone": 50, "streams": 1_000, "rounds": 5, "starts": 5}
    for name, size in sizes.items():
        reads.add_argument(f"--{name}", type=int, default=size)
    wanted = reads.parse_args()
    where = "a processor of its own" if stand_aside() else "the processors of all"
    print(f"what is measured has {where}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.moaql"
        with started(sys.executable, str(HERE / "stub_server.py"), is_measured=False) as upstream:
            path.write_text(program(upstream.url), encoding="utf-8")
            starting(path, wanted.starts)
            beside_executor(upstream, path, wanted)
            if not wanted.no_peers:
                beside_peers(upstream, path, folder, wanted)
        many_streams(folder, wanted.streams)


if __name__ == "__main__":
    main()
