"""The bank in a PostgreSQL database: for several machines, or for a team.

One connection, in a thread of its own, serves all that is asked meanwhile: a hundred look-ups are one query, a hundred responses
one transaction. Of all errors, only what holds no password is shown.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from moaql.bank.base import EVERYTHING, Bank, Entry, ModelCount, Selection
from moaql.bank.batches import Batches
from moaql.bank.postgresql_queries import Count, Find, Page, Prune, Size, Store, answer_all, prepare
from moaql.errors import BankError, MissingPackage, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

PATIENCE = 30.0
"""Seconds to wait for a lock that somebody else holds."""
_SECONDS_TO_CONNECT = 10


class PostgresqlBank(Bank):
    """A bank in a database. Its tables, `moaql_…`, are made on first use.

    Args:
        url: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, as PostgreSQL's own programs take it; the password is better left to
            PGPASSWORD or a `.pgpass` file.
        patience: Seconds to wait for a lock.

    Raises:
        MissingPackage: if psycopg is not installed.
        UsageError: if the URL cannot be read.
        BankError: if the database cannot be reached, or used.
    """

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._server = _Server(url, patience)
        self._where = self._server.where
        self._batches = Batches(self._server, self._where)
        self._server.open()
        self._abandoned = weakref.finalize(self, _abandon, self._batches, self._server)

    @property
    def where(self) -> str:
        """The URL without its password."""
        return self._where

    async def find(self, key: bytes) -> Entry | None:
        """The entry of a key, or None.

        Raises:
            BankError: if the database cannot be read.
        """
        found: Entry | None = await self._batches.do(Find(key))
        return found

    async def store(self, key: bytes, entry: Entry) -> None:
        """Keep an entry, unless the key is there already. It is durable when this returns.

        Raises:
            BankError: if it could not be written.
        """
        await self._batches.do(Store.of(key, entry))

    async def count(self, selection: Selection = EVERYTHING) -> Sequence[ModelCount]:
        """What it holds of the entries that are meant, by model."""
        counts: Sequence[ModelCount] = await self._batches.do(Count(selection))
        return counts

    async def entries(self, selection: Selection = EVERYTHING) -> AsyncIterator[tuple[bytes, Entry]]:
        """The entries that are meant, oldest first; those of one date in the order in which they came."""
        page = Page(selection)
        while found := await self._batches.do(page):
            for key, entry, id in found:
                page = Page(selection, (entry.date, id))
                yield key, entry

    async def prune(self, selection: Selection) -> int:
        """Delete the entries that are meant; how many they were."""
        count: int = await self._batches.do(Prune(selection))
        return count

    async def size(self) -> int | None:
        """Bytes of the tables and their indices."""
        size: int = await self._batches.do(Size())
        return size

    async def close(self) -> None:
        """Write what is left to write, and close the connection."""
        if self._abandoned.detach() is not None:
            await self._batches.close()


class _Server:
    """The connection. It lives in the thread of `Batches`."""

    def __init__(self, url: str, patience: float) -> None:
        psycopg = _psycopg()
        try:
            stated = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.Error:  # its message may show a password
            raise UsageError(
                "the PostgreSQL URL of the bank cannot be read",
                "Write postgresql://USER@HOST:PORT/DATABASE, with special characters as %XX.",
            ) from None
        self._url = url
        self._password = stated.get("password") or ""
        self._patience = patience
        self._connection: Any = None
        self.where = _shown(stated)

    def open(self) -> None:
        """Connect, and make the tables if they are not there."""
        psycopg = _psycopg()
        try:
            self._connect()
        except psycopg.Error as error:
            self.finish()
            raise self._failure(error, "opened") from None
        except BankError:
            self.finish()
            raise

    def do(self, jobs: Sequence[Any]) -> Sequence[Any]:
        """Do jobs; once more on a new connection where the old one was lost."""
        psycopg = _psycopg()
        try:
            try:
                return answer_all(self._connection, jobs)
            except psycopg.Error as error:
                # The server tells its errors by a state; without one, the connection itself has failed.
                untold = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
                if not (untold or self._connection.broken or self._connection.closed):
                    raise
                self.finish()
                self._connect()
                return answer_all(self._connection, jobs)
        except psycopg.Error as error:
            # One error for each: the same one, raised in many places, would collect all their tracebacks.
            return [self._failure(error, "used") for _ in jobs]
        except ValueError as error:
            return [BankError(f"the bank `{self.where}` is damaged: {error}", "Restore a copy of it.") for _ in jobs]
        except BankError as error:
            return [BankError(error.message, error.next_step) for _ in jobs]

    def finish(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _connect(self) -> None:
        self._connection = _psycopg().connect(
            self._url,
            autocommit=True,
            connect_timeout=_SECONDS_TO_CONNECT,
            client_encoding="UTF8",
            application_name="moaql",
            keepalives_idle=30,
        )
        prepare(self._connection, self._patience, self.where)

    def _failure(self, error: Exception, done: str) -> BankError:
        psycopg = _psycopg()
        message = f"the bank `{self.where}` could not be {done}"
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return BankError(
                f"{message}: somebody has kept its tables locked for {self._patience:g} s", "Wait, or end that session."
            )
        if isinstance(error, psycopg.errors.DiskFull):
            return BankError(f"{message}: the server's disk is full", "Make room. What was stored before is kept.")
        why = " ".join(str(error).split("\n")[0].split())
        if self._password:
            why = why.replace(self._password, "***")
        return BankError(f"{message}: {why}", "Check that the server runs, and the URL, user and rights.")


def _psycopg() -> Any:
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError:
        raise MissingPackage("psycopg[binary]", "A bank in PostgreSQL") from None
    return psycopg


def _shown(stated: dict[str, Any]) -> str:
    """The URL without password and options."""
    user = f"{stated['user']}@" if stated.get("user") else ""
    port = f":{stated['port']}" if stated.get("port") else ""
    return f"postgresql://{user}{stated.get('host') or ''}{port}/{stated.get('dbname') or ''}"


def _abandon(batches: Batches, server: _Server) -> None:
    """Close what nobody closed."""
    if batches.abandon() is None:
        server.finish()
