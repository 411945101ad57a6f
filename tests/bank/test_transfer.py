"""Answers from a bank to a file and into another bank, of whatever kind."""

import asyncio
import json

import pytest
from bank.examples import entry, keyed

from moaql.bank.base import EVERYTHING
from moaql.bank.imports import check_answers
from moaql.bank.open import open_bank
from moaql.bank.transfer import import_file, write_all, write_recorded
from moaql.errors import UsageError


def filled(open_it, use):
    async def run():
        bank = open_it()
        try:
            for pair in keyed(
                entry(), entry(text="Lyon", sample=2), entry("2 + 2?", "\0 \ud83d 4", model="b", date=2000.0)
            ):
                await bank.store(*pair)
            return await use(bank)
        finally:
            await bank.close()

    return asyncio.run(run())


def test_everything_comes_back_identical(open_it, tmp_path):
    path = str(tmp_path / "dump.jsonl.gz")

    async def use(bank):
        assert await write_all(bank, EVERYTHING, path) == {"entries": 3}
        other = open_bank(":memory:")
        assert await import_file(other, path, None, 0.0) == {"file": path, "new": 3, "known": 0, "skipped": 0}
        assert await import_file(bank, path, None, 0.0) == {"file": path, "new": 0, "known": 3, "skipped": 0}
        return [pair async for pair in bank.entries()] == [pair async for pair in other.entries()]

    assert filled(open_it, use)


def test_recorded_answers_are_found_under_their_keys(open_it, tmp_path):
    path = str(tmp_path / "out.jsonl")

    async def use(bank):
        await write_recorded(bank, EVERYTHING, path)
        other = open_bank(":memory:")
        await import_file(other, path, None, 0.0)
        return [
            (await other.find(key)).response for key, _ in keyed(entry(), entry(sample=2), entry("2 + 2?", model="b"))
        ]

    assert [response.text for response in filled(open_it, use)] == ["Paris", "Lyon", "\0 \ud83d 4"]


def test_equal_banks_make_equal_files(open_it, tmp_path):
    one, two = tmp_path / "one.jsonl.gz", tmp_path / "two.jsonl.gz"

    async def use(bank):
        await write_all(bank, EVERYTHING, str(one))
        await write_all(bank, EVERYTHING, str(two))

    filled(open_it, use)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("field", ["text", "sample", "settings", "key"])
def test_a_line_that_somebody_changed_cannot_put_an_answer_under_another_question(tmp_path, field):
    path = tmp_path / "dump.jsonl"

    async def use(bank):
        await write_all(bank, EVERYTHING, str(path))

    filled(lambda: open_bank(":memory:"), use)
    line = json.loads(path.read_text().splitlines()[0])
    if field == "key":
        line["key"] = "ab" * 32
    elif field == "text":
        line["request"]["messages"][0][1] = "What is the capital of Italy?"
    else:
        line["request"][field] = 5 if field == "sample" else [["temperature", 0.8]]
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(UsageError, match=r"dump.jsonl:1: the key is not that of the request"):
        check_answers(str(path), None)
