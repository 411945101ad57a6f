"""A batch whose answers are all in the bank: seconds for 1,000 items of 7 calls, and memory for 10,000.

    python benchmarks/banked.py [ITEMS] [MEMORY_ITEMS]

The bank is filled by simulated models first. Each part runs in a process of its own, as a user's command would. Promised: under 5 s
for 1,000 × 7, under 500 MB for 10,000 × 7. Prints the time as a ratio to bare look-ups of the same rows with sqlite3.
"""

import asyncio
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import moaql
from moaql.run.batch import Done, answer_all
from moaql.run.question import Question
from moaql.run.session import Options, open_session

PROGRAM = Path(__file__).resolve().parent.parent / "programs" / "moa_lite.moaql"
CALLS = 7
PROMISED_SECONDS, PROMISED_MEGABYTES = 5.0, 500.0


def answer(bank: str, items: int, offline: bool) -> tuple[float, float]:
    """Seconds of a batch, and the most memory of this process in megabytes."""
    graph = moaql.load(PROGRAM).topology().graph
    questions = (Question(f"What is {number} * 17 + {number % 13}?", id=str(number)) for number in range(items))
    done = 0

    def count(each: Done) -> None:
        nonlocal done
        assert each.answer is not None, each.error
        assert len(each.answer.said) == CALLS
        done += 1

    async def work() -> float:
        async with open_session(Options(bank=bank, offline=offline)) as caller:
            started = time.perf_counter()
            await answer_all(graph, questions, caller, on_done=count)
            return time.perf_counter() - started

    seconds = asyncio.run(work())
    assert done == items
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(bank: str, items: int, offline: bool) -> tuple[float, float]:
    """The same, in a fresh process."""
    command = [sys.executable, __file__, "--part", bank, str(items), str(int(offline))]
    seconds, megabytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), float(megabytes)


def bare(bank: str) -> tuple[int, float]:
    """Look-ups of every row by its key, and the seconds they take."""
    with sqlite3.connect(bank) as connection:
        keys = connection.execute("SELECT key FROM responses").fetchall()
        started = time.perf_counter()
        for row in keys:
            connection.execute("SELECT * FROM responses WHERE key = ?", row).fetchone()
        return len(keys), time.perf_counter() - started


def main() -> int:
    """Measure, print, and fail if a promise is broken."""
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    many = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        bank = f"{folder}/bank.db"
        filling, _ = in_a_process(bank, items, offline=False)
        seconds, megabytes = in_a_process(bank, items, offline=True)
        rows, base = bare(bank)
        print(
            f"{items:,} items of {CALLS} calls: asked in {filling:.2f} s, from the bank in {seconds:.2f} s, {megabytes:.0f} MB"
        )
        print(
            f"bare look-ups of the {rows:,} rows: {base:.3f} s; ratio {seconds / base:.1f}  (promised: under {PROMISED_SECONDS} s)"
        )
        in_a_process(bank, many, offline=False)
        longer, most = in_a_process(bank, many, offline=True)
        print(
            f"{many:,} items of {CALLS} calls from the bank: {longer:.1f} s, {most:.0f} MB (promised: {PROMISED_MEGABYTES:.0f})"
        )
    return 0 if seconds < PROMISED_SECONDS * items / 1_000 and most < PROMISED_MEGABYTES else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        print(*answer(sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1"))
    else:
        sys.exit(main())
