"""The bank in an SQLite file: the default. Many processes may use one file at once.

A response is on the disk when `store` returns: commits are synchronous, and are shared by all that is stored meanwhile. Looking up
reads the file in the calling thread, since that takes less time than asking another thread would.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import weakref
from typing import TYPE_CHECKING, Any

from moaql.bank.base import EVERYTHING, Bank, Entry, ModelCount, Selection
from moaql.bank.batches import Batches
from moaql.bank.sqlite_file import connect, damaged, failure, open_file, primary_code
from moaql.bank.sqlite_rows import READ, Row, entry_of, row_of, write
from moaql.errors import BankError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

PATIENCE = 30.0
"""Seconds to wait for other processes."""
_FIND = f"{READ} WHERE responses.key = ?"
_FEW = 200
_COUNT = """SELECT models.name, count(*), total(prompt_tokens), total(completion_tokens), total(cost), sum(cost IS NULL), min(date),
    max(date) FROM responses JOIN models ON models.id = responses.model WHERE {meant} GROUP BY models.name ORDER BY models.name"""


class SqliteBank(Bank):
    """A bank in a file.

    Args:
        path: Of the file. It is made, with its folder, if it is not there.
        patience: Seconds to wait while another process has the file locked.

    Raises:
        BankError: if it cannot be opened, or is not a bank that this version can read. A file is left as it is then.
    """

    def __init__(self, path: str, patience: float = PATIENCE) -> None:
        self._path = path
        self._patience = patience
        connection = open_file(path, patience)
        try:
            self._reader = connect(path, patience)
        except BankError:
            connection.close()
            raise
        self._writer = _Writer(path, connection, patience)
        self._batches = Batches(self._writer, path)
        self._abandoned = weakref.finalize(self, _abandon, self._batches, self._writer, self._reader)

    @property
    def where(self) -> str:
        """The path."""
        return self._path

    async def find(self, key: bytes) -> Entry | None:
        """The entry of a key, or None.

        Raises:
            BankError: if the file cannot be read, or does not hold what was written.
        """
        try:
            row = self._reader.execute(_FIND, (key,)).fetchone()
            return None if row is None else entry_of(row)[1]
        except (sqlite3.Error, ValueError) as error:
            raise self._failure(error) from None

    async def store(self, key: bytes, entry: Entry) -> None:
        """Keep an entry, unless the key is there already. It is on the disk when this returns.

        Raises:
            BankError: if it could not be written. The bank is as it was then.
        """
        await self._batches.do(row_of(key, entry))

    async def count(self, selection: Selection = EVERYTHING) -> Sequence[ModelCount]:
        """What it holds of the entries that are meant, by model."""
        meant, values = _meant(selection)
        rows = await self._read(_COUNT.format(meant=meant), values)
        return [_counted(row) for row in rows]

    async def entries(self, selection: Selection = EVERYTHING) -> AsyncIterator[tuple[bytes, Entry]]:
        """The entries that are meant, oldest first; those of one date in the order in which they came."""
        meant, values = _meant(selection)
        # By key of the last one, not by an open query: that would keep the log from being emptied.
        query = f"""SELECT responses.id, {READ.removeprefix("SELECT ")} WHERE {meant} AND (date, responses.id) > (?, ?)
            ORDER BY date, responses.id LIMIT {_FEW}"""
        last: tuple[float, int] = (float("-inf"), 0)
        while rows := await self._read(query, (*values, *last)):
            for id, *row in rows:
                try:
                    key, entry = entry_of(tuple(row))
                except ValueError as error:
                    raise self._failure(error) from None
                last = (entry.date, id)
                yield key, entry

    async def prune(self, selection: Selection) -> int:
        """Delete the entries that are meant, and what they say, from the disk; how many they were."""
        count: int = await self._batches.do(selection)
        return count

    async def size(self) -> int | None:
        """Bytes of the file and its log."""
        files = (self._path, f"{self._path}-wal")
        return sum(os.path.getsize(file) for file in files if os.path.exists(file))

    async def close(self) -> None:
        """Write what is left to write, and close."""
        if self._abandoned.detach() is not None:
            # Closed last, the writer's connection empties the log, which waits for the disk: not in this thread.
            self._reader.close()
            await self._batches.close()

    async def _read(self, query: str, values: Sequence[Any]) -> list[Any]:
        """What may take long is read in another thread."""
        try:
            return await asyncio.to_thread(lambda: self._reader.execute(query, values).fetchall())
        except sqlite3.Error as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> BankError:
        self._batches.check_open()
        if isinstance(error, sqlite3.Error):
            found = failure(self._path, error, "read", self._patience)
            broken = primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        else:
            found, broken = damaged(self._path, str(error)), True
        if broken:
            self._writer.broken = found
        return found


class _Writer:
    """Writes what is stored, one transaction a batch. It lives in the thread of `Batches`."""

    def __init__(self, path: str, connection: sqlite3.Connection, patience: float) -> None:
        self._path = path
        self._connection = connection
        self._patience = patience
        self.broken: BankError | None = None
        """Why nothing may be written any more: the file is damaged, and writing may damage it further."""

    def do(self, jobs: Sequence[Row | Selection]) -> Sequence[int | BankError | None]:
        """Rows are written, selections deleted."""
        rows = [each for each in jobs if isinstance(each, Row)]
        failed = self._try(self._write, rows) if rows else None
        outcomes: list[int | BankError | None] = []
        for job in jobs:
            if isinstance(job, Selection):
                outcomes.append(self._try(self._prune, job))
            else:
                # One error for each: the same one, raised in many places, would collect all their tracebacks.
                outcomes.append(failed and BankError(failed.message, failed.next_step))
        return outcomes

    def finish(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _try(self, work: Any, what: Any) -> Any:
        if self.broken is not None:
            return BankError(self.broken.message, self.broken.next_step)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcome = work(what)
            self._connection.execute("COMMIT")
        except OverflowError as error:
            self._roll_back()
            return BankError(
                f"the bank `{self._path}` cannot hold a number: {error}", "It must be below 2 to the 63rd."
            )
        except sqlite3.Error as error:
            self._roll_back()
            found = failure(self._path, error, "written", self._patience)
            if primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                self.broken = found
            return found
        if work == self._prune:
            self._shrink()
        return outcome

    def _roll_back(self) -> None:
        # SQLite has rolled back by itself after some errors.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _write(self, rows: Sequence[Row]) -> None:
        write(self._connection, rows)

    def _prune(self, selection: Selection) -> int:
        meant, values = _meant(selection)
        count = self._connection.execute(f"DELETE FROM responses WHERE {meant}", values).rowcount  # noqa: S608
        self._connection.execute("DELETE FROM requests WHERE id NOT IN (SELECT request FROM responses)")
        self._connection.execute("DELETE FROM models WHERE id NOT IN (SELECT model FROM responses)")
        return count

    def _shrink(self) -> None:
        """Give the room back, and empty the log, which still holds what was deleted."""
        try:
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:  # another process is reading, or there is no room for a copy: it is deleted all the same
            return


def _abandon(batches: Batches, writer: _Writer, reader: sqlite3.Connection) -> None:
    """Close what nobody closed."""
    reader.close()
    if batches.abandon() is None:
        writer.finish()


def _meant(selection: Selection) -> tuple[str, tuple[Any, ...]]:
    """A condition on responses, and its values."""
    conditions, values = ["1"], list[Any]()
    if selection.models:
        marks = ", ".join("?" * len(selection.models))
        conditions.append(f"responses.model IN (SELECT id FROM models WHERE name IN ({marks}))")  # noqa: S608
        values += selection.models
    for mark, date in (("<", selection.before), (">=", selection.after)):
        if date is not None:
            conditions.append(f"date {mark} ?")
            values.append(date)
    return " AND ".join(conditions), tuple(values)


def _counted(row: tuple[Any, ...]) -> ModelCount:
    name, entries, prompt_tokens, completion_tokens, cost, unpriced, first, last = row
    return ModelCount(
        name.decode("utf-8", "surrogatepass"),
        entries,
        int(prompt_tokens),
        int(completion_tokens),
        cost,
        unpriced,
        first,
        last,
    )
