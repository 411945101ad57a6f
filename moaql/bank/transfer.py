"""Answers between banks and files."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Any

from moaql.bank.base import Selection
from moaql.bank.exports import json_lines
from moaql.bank.forms import document_of
from moaql.bank.imports import read_answers
from moaql.bank.recorded import Recording
from moaql.datasets import read_rows
from moaql.diagnostics import suggest
from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.bank.base import Bank, Entry

_AT_ONCE = 500


async def select(bank: Bank, models: tuple[str, ...], before: float | None = None) -> Selection:
    """Entries by model and date.

    Args:
        bank: Where they are.
        models: Ids such as `openai/gpt-4o`; none for all.
        before: Seconds since 1970.

    Raises:
        UsageError: if the bank has nothing of a model, which may be misspelt then.
    """
    if models:
        known = [each.model for each in await bank.count()]
        for model in models:
            if model not in known:
                help = suggest(model, known) or (f"It has: {', '.join(known)}." if known else "It is empty.")
                raise UsageError(f"the bank has no answer of `{model}`", help)
    return Selection(models, before)


async def write_all(bank: Bank, selection: Selection, path: str) -> dict[str, Any]:
    """Write the entries that are meant to a file, one a line, with everything that the bank keeps.

    Returns:
        `entries`: how many.

    Raises:
        UsageError: if the file cannot be written.
    """
    count = 0
    with json_lines(path) as write:
        async for key, entry in bank.entries(selection):
            write(document_of(key, entry))
            count += 1
    return {"entries": count}


async def write_recorded(bank: Bank, selection: Selection, path: str, data: str | None = None) -> dict[str, Any]:
    """Write the answers to plain questions among the entries that are meant as a recorded file.

    Args:
        bank: Where they are.
        selection: Which are meant.
        path: The file.
        data: Eval set that gives ids, targets, categories and the order.

    Returns:
        `questions`, `answers`, `models` (their names in the file), and `left_out`: how many entries, by reason.

    Raises:
        UsageError: if there are none, or a file cannot be read or written.
    """
    recording = Recording()
    async for _, entry in bank.entries(selection):
        recording.add(entry)
    rows = list(recording.rows(read_rows(data) if data is not None else None))
    if not rows:
        what = f"no question of `{data}`" if data else "no plain question"
        raise UsageError(f"the bank holds answers to {what}", "`--all` writes whatever it holds.")
    with json_lines(path) as write:
        for row in rows:
            write(row)
    answers = [answer for row in rows for samples in row["responses"].values() for answer in samples]
    return {
        "questions": len(rows),
        "answers": sum(answer is not None for answer in answers),
        "models": sorted({name for row in rows for name in row["responses"]}),
        "left_out": dict(recording.left_out),
    }


async def import_file(bank: Bank, file: str, provider: str | None, now: float) -> dict[str, Any]:
    """Store what a file holds and the bank does not. `check_answers` shall have found no mistake in it.

    Args:
        bank: Where to.
        file: A recorded file, or a dump with everything.
        provider: Whose the models are whose names state no provider.
        now: Date of answers that state none, in seconds since 1970.

    Returns:
        `file`, and how many answers were `new`, `known` already, and `skipped` for want of a text.

    Raises:
        UsageError: if the file cannot be read.
    """
    answers = read_answers(file, provider, now)
    new = known = skipped = 0
    while some := list(islice(answers, _AT_ONCE)):
        pairs: dict[bytes, Entry] = {}
        for pair in some:
            if pair is not None:
                pairs.setdefault(*pair)
        added = await _add(bank, pairs)
        missing = sum(pair is None for pair in some)
        new, known, skipped = new + added, known + len(some) - missing - added, skipped + missing
    return {"file": file, "new": new, "known": known, "skipped": skipped}


async def _add(bank: Bank, pairs: dict[bytes, Entry]) -> int:
    """Store what is not there; how many they were."""
    found = await asyncio.gather(*(bank.find(key) for key in pairs))
    absent = [key for key, entry in zip(pairs, found, strict=True) if entry is None]
    await asyncio.gather(*(bank.store(key, pairs[key]) for key in absent))
    return len(absent)
