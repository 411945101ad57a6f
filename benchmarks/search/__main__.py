"""Runs methods in worlds: `python -m benchmarks.search --seeds 20 -o FILE.json`; run again, it goes on where it was."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.search.methods import METHODS, RIVALS
from benchmarks.search.protocol import EVALUATIONS, run
from benchmarks.search.results import Key, Results
from benchmarks.search.table import text
from benchmarks.search.worlds import SIMULATED, world
from benchmarks.search.worlds.recorded import present
from moaql.errors import MoaqlError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.search.truth import Target

_SAVE_EVERY = 20.0
"""Seconds."""


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--worlds", default="simulated", help="names, or `simulated`, `recorded`, `all`; by commas")
    parser.add_argument("--methods", default="all", help="names, or `rivals`, `all`; by commas")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", type=float, default=EVALUATIONS, help="in evaluations of the mean topology")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--list", action="store_true", help="print worlds and methods, and end")
    return parser.parse_args(argv)


def _worlds(text: str) -> list[str]:
    groups = {"simulated": [*SIMULATED], "recorded": [], "all": [*SIMULATED]}
    found: list[str] = []
    for name in text.split(","):
        found += groups.get(name.strip(), [name.strip()])
        if name.strip() in ("recorded", "all"):
            found += present()
    return list(dict.fromkeys(found))


def _methods(text: str) -> list[str]:
    groups = {"rivals": [*RIVALS], "all": [*METHODS]}
    found = [each for name in text.split(",") for each in groups.get(name.strip(), [name.strip()])]
    unknown = [each for each in found if each not in METHODS]
    if unknown:
        raise SystemExit(f"there is no method `{unknown[0]}`; there are {', '.join(METHODS)}")
    return list(dict.fromkeys(found))


def _survey(name: str, seeds: int) -> list[Target]:
    return world(name).survey(seeds)


def _play(results: Results, tasks: list[Key], evaluations: float, jobs: int) -> None:
    """Runs in parallel, those of a world together, as every process keeps the worlds that it saw last."""
    saved, done = time.monotonic(), 0
    targets = {name: results.targets(name) for name in {task[0] for task in tasks}}
    # spawn: a forked child would inherit threads of numpy and optuna in an unknown state
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        calls = [pool.submit(run, *task, evaluations, targets[task[0]][task[1]]) for task in tasks]
        try:
            for call in as_completed(calls):
                results.add(call.result())
                done += 1
                if time.monotonic() - saved > _SAVE_EVERY or done == len(calls):
                    results.save()
                    saved = time.monotonic()
                    print(f"{done} of {len(calls)} runs", file=sys.stderr, flush=True)
        finally:
            results.save()
            pool.shutdown(cancel_futures=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, print the table."""
    arguments: Any = _arguments(argv)
    if arguments.list:
        print("worlds:", ", ".join(_worlds("all")), "\nmethods:", ", ".join(METHODS))
        return 0
    if arguments.output is None:
        raise SystemExit("name a file for the runs with `-o FILE.json`")
    try:
        results = Results(arguments.output, arguments.budget)
        worlds, methods = _worlds(arguments.worlds), _methods(arguments.methods)
        for name in worlds:
            if len(results.targets(name)) < arguments.seeds:
                results.keep_targets(name, _survey(name, arguments.seeds))
    except MoaqlError as error:
        raise SystemExit(str(error)) from error
    keys = [(name, seed, method) for name in worlds for method in methods for seed in range(arguments.seeds)]
    _play(results, [key for key in keys if not results.has(key)], arguments.budget, arguments.jobs)
    print(text(results.runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
