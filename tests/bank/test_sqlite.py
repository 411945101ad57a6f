"""The bank in a file: what it does with files that are not as they should be, and how it shares its commits."""

import asyncio
import gc
import os
import random
import sqlite3
import threading
import time
from dataclasses import replace

import pytest
from bank.examples import ASKED, entry, keyed

from moaql.bank.base import Selection
from moaql.bank.key import key_of
from moaql.bank.sqlite import SqliteBank
from moaql.errors import BankError

KEY = key_of(ASKED)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bank.db"


def full(path, count=400):
    """A bank of many entries, closed."""

    async def fill():
        bank = SqliteBank(str(path))
        pairs = keyed(*(entry(f"question {n}", f"answer {n} " * 50, date=float(n)) for n in range(count)))
        await asyncio.gather(*(bank.store(*pair) for pair in pairs))
        await bank.close()
        return pairs

    return asyncio.run(fill())


def read_all(path):
    """Everything that the bank holds, read as `moaql bank export --all` does."""

    async def read():
        bank = SqliteBank(str(path))
        try:
            return [pair async for pair in bank.entries()]
        finally:
            await bank.close()

    return asyncio.run(read())


def refuses(path, match):
    """Opening and reading a file fails so, and leaves it as it was."""
    before = path.read_bytes()
    with pytest.raises(BankError, match=match) as caught:
        read_all(path)
    assert path.read_bytes() == before
    assert caught.value.next_step


def test_a_file_that_is_no_database(path):
    path.write_text("a shopping list, longer than the head of a database is: " * 3)
    refuses(path, "is not a bank, or its beginning is damaged")
    path.write_text("short")
    refuses(path, "is not a bank")


def test_a_database_of_another_program(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    refuses(path, "is a database of another program")
    assert os.listdir(path.parent) == ["bank.db"]


def test_a_bank_of_a_newer_version(path):
    full(path, 1)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=2")
    connection.close()
    refuses(path, "was made by a newer moaql")


def test_an_empty_file_becomes_a_bank(path):
    path.touch()
    assert read_all(path) == []


def test_a_file_whose_end_is_missing(path):
    full(path)
    for size in (path.stat().st_size - 1, path.stat().st_size // 2, 5000, 50):
        os.truncate(path, size)
        refuses(path, "damaged")


def test_a_file_whose_beginning_was_overwritten(path):
    full(path)
    with path.open("r+b") as file:
        file.write(b"\0" * 64)
    refuses(path, "its beginning is damaged")


@pytest.mark.parametrize("seed", range(5))
def test_a_file_with_other_bytes_in_its_middle(path, seed):
    full(path)
    draw = random.Random(seed)
    with path.open("r+b") as file:
        file.seek(draw.randrange(8192, path.stat().st_size - 5000))
        file.write(draw.randbytes(4096))
    refuses(path, "damaged")


def test_a_single_letter_that_the_disk_has_changed_is_noticed(path):
    pairs = full(path)
    data = path.read_bytes()
    changed = data.replace(b"answer 123 ", b"answer 124 ")
    assert changed != data
    path.write_bytes(changed)
    refuses(path, "damaged: a row is not as it was written")

    async def find():
        bank = SqliteBank(str(path))
        try:
            assert await bank.find(pairs[0][0]) == pairs[0][1]
            with pytest.raises(BankError, match="damaged"):
                await bank.find(pairs[123][0])
            with pytest.raises(BankError, match="damaged"):  # nothing is added to a damaged file
                await bank.store(KEY, entry())
        finally:
            await bank.close()

    asyncio.run(find())
    assert path.read_bytes() == changed


def test_two_hundred_stores_at_once_share_few_commits(path, monkeypatch):
    commits = []
    write = SqliteBank.__init__.__globals__["_Writer"]._write
    monkeypatch.setattr(
        "moaql.bank.sqlite._Writer._write", lambda self, rows: (commits.append(len(rows)), write(self, rows))[1]
    )
    full(path, 200)
    assert sum(commits) == 200
    assert len(commits) <= 20


def test_the_event_loop_does_not_wait_for_the_disk(path, monkeypatch):
    write = SqliteBank.__init__.__globals__["_Writer"]._write
    monkeypatch.setattr("moaql.bank.sqlite._Writer._write", lambda self, rows: (time.sleep(0.3), write(self, rows))[1])

    async def run():
        bank = SqliteBank(str(path))
        storing = asyncio.ensure_future(bank.store(KEY, entry()))
        steps = 0
        while not storing.done():
            await asyncio.sleep(0.01)
            await bank.find(KEY)
            steps += 1
        await storing
        await bank.close()
        return steps

    assert asyncio.run(run()) > 10


def test_a_request_is_kept_once_for_all_its_samples(path):
    long = "a long prompt " * 10_000

    async def run():
        bank = SqliteBank(str(path))
        await asyncio.gather(*(bank.store(*pair) for pair in keyed(*(entry(long, sample=n) for n in range(50)))))
        await bank.close()

    asyncio.run(run())
    assert path.stat().st_size < 2 * len(long)


def test_what_is_pruned_is_gone_from_the_disk(path):
    async def run():
        bank = SqliteBank(str(path))
        await bank.store(*keyed(entry("my secret question", "its secret answer"))[0])
        await bank.store(*keyed(entry("another", model="b"))[0])
        await bank.prune(Selection(models=("openai/gpt-4o",)))
        on_disk = b"".join(file.read_bytes() for file in path.parent.iterdir())
        await bank.close()
        return on_disk

    on_disk = asyncio.run(run())
    assert b"secret" not in on_disk
    assert b"another" in on_disk


def test_a_bank_that_another_process_has_locked_is_told_and_nothing_is_lost(path):
    pairs = full(path, 3)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def run():
        with pytest.raises(BankError, match=r"could not be opened: another process has kept it locked for 0.1 s"):
            SqliteBank(str(path), patience=0.1)
        other.execute("ROLLBACK")
        bank = SqliteBank(str(path), patience=0.1)
        other.execute("BEGIN IMMEDIATE")
        outcomes = await asyncio.gather(
            *(bank.store(bytes([n]) * 32, entry(sample=n)) for n in range(3)), return_exceptions=True
        )
        assert len({id(each) for each in outcomes}) == 3
        for each in outcomes:
            assert isinstance(each, BankError)
            assert "could not be written: another process has kept it locked for 0.1 s" in each.message
        assert await bank.find(pairs[0][0]) == pairs[0][1]  # reading goes on
        other.execute("ROLLBACK")
        await bank.store(KEY, entry())
        assert await bank.find(KEY) == entry()
        await bank.close()

    asyncio.run(run())
    other.close()


def test_a_number_that_no_database_holds_spoils_nothing(path):
    async def run():
        bank = SqliteBank(str(path))
        with pytest.raises(BankError, match="cannot hold a number"):
            await bank.store(KEY, replace(entry(), request=replace(ASKED, sample=2**64)))
        await bank.store(KEY, entry())
        assert await bank.find(KEY) == entry()
        await bank.close()

    asyncio.run(run())


def test_a_bank_that_nobody_closes_keeps_what_was_awaited_and_leaves_no_thread(path):
    async def run():
        bank = SqliteBank(str(path))
        await bank.store(KEY, entry())

    asyncio.run(run())
    gc.collect()
    end = time.monotonic() + 5
    while any(thread.name == "moaql bank" for thread in threading.enumerate()) and time.monotonic() < end:
        time.sleep(0.01)
    assert [thread.name for thread in threading.enumerate() if thread.name == "moaql bank"] == []
    assert read_all(path) == [(KEY, entry())]


def test_a_forked_process_is_told_to_open_its_own(path):
    bank = SqliteBank(str(path))
    asyncio.run(bank.store(KEY, entry()))
    bank._batches._process += 1  # as it looks from a child

    with pytest.raises(BankError, match="was opened by another process"):
        asyncio.run(bank.store(KEY, entry()))
    asyncio.run(bank.close())
