"""Looking up answers in a bank in a file.

    python benchmarks/bank_lookups.py

Prints look-ups a second, the key of each request computed anew; at least 20,000 are promised. The peer is sqlite3 alone,
selecting the text of the same keys in the same file. Then stores, 200 at a time, each on the disk before it returns, beside one
commit for each.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time

from moaql.bank.base import Entry
from moaql.bank.key import key_of
from moaql.bank.open import open_bank
from moaql.providers.base import Request, Response

PROMISED = 20_000
ENTRIES = 20_000
AT_ONCE = 200


def main() -> int:
    """Measure, print, and fail if the promise is broken."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bank.db")
        entries = [_entry(number) for number in range(ENTRIES)]
        stores = asyncio.run(_store(path, entries))
        draw = random.Random(0)
        requests = [entry.request for entry in draw.choices(entries, k=ENTRIES)]
        ours, bare, missing = [], [], []
        for _ in range(5):
            ours.append(asyncio.run(_find(path, requests)))
            missing.append(asyncio.run(_find(path, [_entry(ENTRIES + number).request for number in range(ENTRIES)], 0)))
            bare.append(_select(path, [key_of(request) for request in requests]))
        alone = _commits(os.path.join(folder, "alone.db"), entries[:500])
    rate, peer = statistics.median(ours), statistics.median(bare)
    print(f"entries                           {ENTRIES:9,}")
    print(f"look-ups a second                 {rate:9,.0f}    (promised: at least {PROMISED:,})")
    print(f"look-ups of what is not there     {statistics.median(missing):9,.0f}")
    print(f"sqlite3 alone, a second           {peer:9,.0f}")
    print(f"ratio                             {rate / peer:9.2f}")
    print(f"stores a second, {AT_ONCE} at a time     {stores:9,.0f}")
    print(f"sqlite3 alone, a commit for each  {alone:9,.0f}")
    return 0 if rate >= PROMISED else 1


def _entry(number: int) -> Entry:
    question = f"Question {number // 5}: " + "which of these is true, and why? " * 8
    request = Request(
        "openai", "gpt-4o", (("user", question),), (("max_tokens", 500), ("temperature", 0.7)), number % 5
    )
    return Entry(
        request, Response(f"{number} is the answer. " * 35, "", 90, 200), 0.0025, 2.0, 1_700_000_000.0 + number
    )


async def _store(path: str, entries: list[Entry]) -> float:
    bank = open_bank(path)
    began = time.perf_counter()
    for first in range(0, len(entries), AT_ONCE):
        some = entries[first : first + AT_ONCE]
        await asyncio.gather(*(bank.store(key_of(entry.request), entry) for entry in some))
    elapsed = time.perf_counter() - began
    await bank.close()
    return len(entries) / elapsed


async def _find(path: str, requests: list[Request], expected: int = ENTRIES) -> float:
    bank = open_bank(path)
    found = 0
    began = time.perf_counter()
    for request in requests:
        found += await bank.find(key_of(request)) is not None
    elapsed = time.perf_counter() - began
    await bank.close()
    assert found == expected
    return len(requests) / elapsed


def _select(path: str, keys: list[bytes]) -> float:
    connection = sqlite3.connect(path)
    began = time.perf_counter()
    for key in keys:
        row = connection.execute("SELECT text FROM responses WHERE key = ?", (key,)).fetchone()
        assert row
    elapsed = time.perf_counter() - began
    connection.close()
    return len(keys) / elapsed


def _commits(path: str, entries: list[Entry]) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE responses (key BLOB PRIMARY KEY, text TEXT)")
    began = time.perf_counter()
    for entry in entries:
        connection.execute("INSERT INTO responses VALUES (?, ?)", (key_of(entry.request), entry.response.text))
    elapsed = time.perf_counter() - began
    connection.close()
    return len(entries) / elapsed


if __name__ == "__main__":
    sys.exit(main())
