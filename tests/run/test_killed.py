"""Batches that are killed, interrupted, or run out of disk, as processes: nothing that was stored is paid twice, nothing is lost."""

import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.faults import Act, Asked, FaultServer, Later, Silent

from moaql.bank.open import open_bank

ITEMS = 24
PIPELINE = "topology t = layer [a x2] temperature=1 -> agg c"
SETTINGS = "price_in=$1 price_out=$2 api_key_env=none seed=1"
CALLS = 3 * ITEMS
Key = tuple[str, str, int | None]


def says(asked: Asked) -> Act:
    return Later(0.02, f"{asked.model} on {asked.question} by {asked.body['seed']}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultServer]:
    with FaultServer(a=says, c=says) as running:
        (tmp_path / "p.moaql").write_text(running.program(PIPELINE, SETTINGS))
        lines = (json.dumps({"id": f"item{number}", "input": f"question {number}"}) + "\n" for number in range(ITEMS))
        (tmp_path / "in.jsonl").write_text("".join(lines))
        yield running


def start(folder: Path, *more: str, limit: int | None = None) -> subprocess.Popen[bytes]:
    """A batch process; `limit` is the greatest size in bytes of a file that it may write."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    arguments = ["batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--concurrency", "4", *more]
    return subprocess.Popen(
        [sys.executable, "-m", "moaql", *arguments],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=limited,  # noqa: PLW1509 - nothing else runs in this process when it forks
    )


def end(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    """Exit code and output of a process that ends by itself."""
    out, err = (each.decode() for each in process.communicate(timeout=60))
    assert "Traceback" not in err, err
    return process.returncode, out, err


def stored(folder: Path) -> set[Key]:
    """What is in the bank: model, question and seed of each response."""

    async def read() -> set[Key]:
        bank = open_bank(str(folder / ".moaql" / "bank.db"))
        try:
            return {key_of(entry.request) async for _, entry in bank.entries()}
        finally:
            await bank.close()

    def key_of(request: Any) -> Key:
        question = next(text for role, text in reversed(request.messages) if role == "user")
        return request.model, question, dict(request.settings)["seed"] + request.sample

    return asyncio.run(read())


def answers(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


def check_finished(folder: Path) -> None:
    """Every item is answered exactly once, in order, by what the models said."""
    lines = answers(folder)
    assert [each["id"] for each in lines] == [f"item{number}" for number in range(ITEMS)]
    assert [each["answer"] for each in lines] == [f"c on question {number} by 1" for number in range(ITEMS)]


def assert_durable_before_use(server: FaultServer, folder: Path, now: set[Key]) -> None:
    """What an aggregator was sent, and what an answer was written down for, was in the bank before."""
    for _, question, _ in {each.key for each in server.of("c")}:
        assert {("a", question, 1), ("a", question, 2)} <= now
    if (folder / "out.jsonl").exists():
        whole = [line for line in (folder / "out.jsonl").read_text().split("\n")[:-1] if line]
        assert all(("c", json.loads(line)["question"], 1) in now for line in whole)


def asked_since(server: FaultServer, count: int) -> list[Key]:
    return [each.key for each in server.asked[count:]]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_batch_that_is_killed_again_and_again_pays_for_nothing_twice(
    server: FaultServer, tmp_path: Path, seed: int
) -> None:
    """What was stored when it was killed is never asked for again; only what was in flight may be."""
    chance = random.Random(seed)
    in_flight: list[Key] = []
    kept: set[Key] = set()
    for _ in range(5):
        before = len(server.asked)
        process = start(tmp_path)
        if chance.random() < 0.5:
            more = chance.randrange(2, 14)
            server.wait(lambda: len(server.asked) >= before + more)  # noqa: B023
            time.sleep(chance.random() * 0.05)
        else:  # the moment that an aggregator is asked
            count = len(server.of("c"))
            server.wait(lambda: len(server.of("c")) > count)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.communicate()
        server.wait(lambda: not server.busy)
        now = stored(tmp_path)
        assert kept <= now
        assert_durable_before_use(server, tmp_path, now)
        assert not kept & set(asked_since(server, before))
        in_flight += [key for key in asked_since(server, before) if key not in now]
        kept = now
        out = (tmp_path / "out.jsonl").read_bytes() if (tmp_path / "out.jsonl").exists() else b""
        cut = chance.randrange(0, 30)
        (tmp_path / "out.jsonl").write_bytes(out[: len(out) - cut] if cut < 20 else out)  # killed while it wrote a line
    before = len(server.asked)
    code, out_text, _ = end(start(tmp_path, "--json"))
    assert code == 0
    assert not kept & set(asked_since(server, before))
    keys = [each.key for each in server.asked]
    assert len(set(keys)) == CALLS
    assert len(keys) == CALLS + len(in_flight)
    assert json.loads(out_text)["paid"] == pytest.approx((CALLS - len(kept)) * 120e-6)
    check_finished(tmp_path)


def test_two_processes_on_one_bank(server: FaultServer, tmp_path: Path) -> None:
    """Each asks for what it does not find, so at worst both ask; nothing is lost, and a third pays nothing."""
    both = [start(tmp_path, "-o", name) for name in ("out.jsonl", "other.jsonl")]
    for process in both:
        code, _, err = end(process)
        assert code == 0, err
    keys = [each.key for each in server.asked]
    assert len(set(keys)) == CALLS
    assert all(keys.count(key) <= 2 for key in set(keys))
    assert stored(tmp_path) == set(keys)
    check_finished(tmp_path)
    (tmp_path / "other.jsonl").rename(tmp_path / "out.jsonl")
    check_finished(tmp_path)
    code, out, _ = end(start(tmp_path, "-o", "third.jsonl", "--json"))
    assert (code, json.loads(out)["paid"], len(server.asked)) == (0, 0, len(keys))


def interrupt(server: FaultServer, folder: Path, until: Callable[[], bool]) -> tuple[int, str, float]:
    process = start(folder)
    server.wait(until)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    code, _, err = end(process)
    return code, err, time.monotonic() - began


def test_an_interrupted_batch_ends_at_once_and_goes_on_later(server: FaultServer, tmp_path: Path) -> None:
    code, err, seconds = interrupt(server, tmp_path, lambda: len(server.asked) >= 20)
    assert code == 130
    assert err == "interrupted: what was paid for is kept, and the same command goes on from there\n"
    assert seconds < 3
    kept, before = stored(tmp_path), len(server.asked)
    assert kept
    assert end(start(tmp_path))[0] == 0
    assert not kept & set(asked_since(server, before))
    check_finished(tmp_path)


def test_an_interruption_does_not_wait_for_answers(tmp_path: Path) -> None:
    with FaultServer(a=Silent()) as server:
        (tmp_path / "p.moaql").write_text(server.program("a"))
        (tmp_path / "in.jsonl").write_text('{"input": "one"}\n{"input": "two"}\n')
        code, _, seconds = interrupt(server, tmp_path, lambda: len(server.asked) == 2)
        server.wait(lambda: all(each.left for each in server.asked))  # both connections are closed
    assert code == 130
    assert seconds < 3


def test_one_question_can_be_interrupted_too(tmp_path: Path) -> None:
    with FaultServer(a=Silent()) as server:
        (tmp_path / "p.moaql").write_text(server.program("a"))
        command = [sys.executable, "-m", "moaql", "run", "p.moaql", "Q", "--no-bank"]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        server.wait(lambda: bool(server.asked))
        process.send_signal(signal.SIGINT)
        code, out, err = end(process)
    assert (code, out) == (130, "")
    assert err.startswith("interrupted")


@pytest.mark.parametrize(
    ("limit", "more", "words"),
    [
        (60_000, (), "the bank `.moaql/bank.db` could not be"),
        (1_000, ("--no-bank",), "cannot write `out.jsonl`: file too large"),
        (5_000, ("--no-bank", "--trace", "trace.jsonl"), "cannot write the trace `trace.jsonl`: file too large"),
    ],
    ids=["bank", "answers", "trace"],
)
def test_a_full_disk_is_told_and_work_goes_on_when_there_is_room(
    server: FaultServer, tmp_path: Path, limit: int, more: tuple[str, ...], words: str
) -> None:
    code, out, err = end(start(tmp_path, *more, limit=limit))
    assert code in (2, 3)
    assert out == ""
    assert words in err
    kept = stored(tmp_path) if not more else set()
    before = len(server.asked)
    assert before > 0
    code, _, err = end(start(tmp_path, *more))
    assert code == 0, err
    assert not kept & set(asked_since(server, before))
    check_finished(tmp_path)


def test_a_damaged_bank_is_told_and_left_as_it_is(server: FaultServer, tmp_path: Path) -> None:
    assert end(start(tmp_path, "--limit", "4"))[0] == 0
    bank = tmp_path / ".moaql" / "bank.db"
    healthy = bank.read_bytes()
    damaged = healthy[:4096] + os.urandom(512) + healthy[4608:]
    bank.write_bytes(damaged)
    before = len(server.asked)
    code, _, err = end(start(tmp_path))
    assert code == 3
    assert "damaged" in err
    assert bank.read_bytes() == damaged
    assert len(server.asked) == before
    assert len(answers(tmp_path)) == 4
    bank.write_bytes(healthy)
    assert end(start(tmp_path))[0] == 0
    assert len({each.key for each in server.asked}) == len(server.asked) == CALLS
    check_finished(tmp_path)
