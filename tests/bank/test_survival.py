"""Real processes that are killed, run side by side, or find the disk full. What was awaited is there afterwards."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bank.children import numbered

from moaql.bank.open import open_bank

CHILDREN = Path(__file__).parent / "children.py"


@pytest.fixture
def child():
    """Start a child process; it is killed at the end if it still runs."""
    started = []

    def start(*arguments):
        command = [sys.executable, str(CHILDREN), *map(str, arguments)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def everything(where):
    """All entries by key, as one who comes later finds them."""

    async def read():
        bank = open_bank(str(where))
        try:
            return {key: entry async for key, entry in bank.entries()}
        finally:
            await bank.close()

    return asyncio.run(read())


def is_healthy(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


def kill_after(child, where, seconds):
    """The keys that a process had printed when it was killed, that many seconds after its first."""
    storing = child("store_for_ever", where)
    first = storing.stdout.readline()
    time.sleep(seconds)
    storing.kill()
    rest = storing.stdout.read()  # not communicate(): it would pass over what readline() has read ahead
    storing.wait()
    printed = [first, *rest.splitlines(keepends=True)]
    return [bytes.fromhex(line.strip()) for line in printed if line.endswith("\n")]


@pytest.mark.parametrize("moment", range(12))
def test_what_a_killed_process_was_told_is_stored_is_there(child, tmp_path, moment):
    where = tmp_path / "bank.db"
    draw = random.Random(moment)
    for _ in range(2):  # the second finds what the first one left
        printed = kill_after(child, where, draw.random() * 0.25)
        assert printed
        assert set(printed) <= set(everything(where))
    assert is_healthy(where)


def test_a_killed_process_leaves_its_answers_in_postgresql_too(child, database):
    printed = kill_after(child, database, 0.2)
    assert printed
    assert set(printed) <= set(everything(database))


def test_two_processes_write_the_same_and_other_keys_at_once(child, shared_place):
    two = [child("store_range", shared_place, name, first, first + 300) for name, first in (("one", 0), ("other", 150))]
    for each in two:
        assert each.stdout.readline() == "ready\n"
    for each in two:
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in two:
        each.communicate(timeout=60)
        assert each.returncode == 0
    found = everything(shared_place)
    assert set(found) == {numbered(number, "")[0] for number in range(450)}
    texts = [found[numbered(number, "")[0]].response.text for number in range(450)]
    assert texts[:150] == [f"one: {number}" for number in range(150)]
    assert texts[300:] == [f"other: {number}" for number in range(300, 450)]
    assert set(texts[150:300]) <= {f"{name}: {number}" for name in ("one", "other") for number in range(150, 300)}


def test_several_processes_make_one_bank_at_once(child, shared_place):
    several = [child("store_range", shared_place, f"p{n}", n, n + 1) for n in range(5)]
    for each in several:
        each.communicate("go\n", timeout=60)
        assert each.returncode == 0
    assert len(everything(shared_place)) == 5


def test_a_full_disk_is_told_and_what_was_stored_stays(child, tmp_path):
    where = tmp_path / "bank.db"
    filling = child("fill_the_disk", where, 3_000_000)
    out, _ = filling.communicate(timeout=60)
    *keys, error, first = out.splitlines()
    assert filling.returncode == 0
    assert error.startswith(f"BankError: the bank `{where}` could not be written: the disk")
    assert first == "the first is there: True"
    assert len(keys) > 10
    assert {bytes.fromhex(key) for key in keys} <= set(everything(where))
    assert is_healthy(where)
