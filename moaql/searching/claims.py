"""Calls that several processes want at once are made by one of them: the others wait, and find the answer in the bank.

Within a process, equal calls in flight are one call already (see `moaql.run.caller`). Between processes, who makes a call holds a
lock that is named after it: a byte of a file on one machine, an advisory lock where the bank is in PostgreSQL. When a process dies,
its locks are free.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from moaql.bank.batches import Batches
from moaql.bank.open import DEFAULT, MEMORY
from moaql.run.caller import Answered, Caller
from moaql.run.session import NO_BANK, open_session
from moaql.searching.locks import engine_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from moaql.providers.base import OnText, Provider, Request
    from moaql.run.caller import OnSend, Price
    from moaql.run.session import Options
    from moaql.searching.purse import SharedBudget

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25
"""Seconds between two attempts to take a claim."""


class Claims(Protocol):
    """Who makes which call."""

    async def take(self, key: bytes) -> bool:
        """Claim a call, unless another process has claimed it."""
        ...

    async def give_back(self, key: bytes) -> None:
        """The call is over."""
        ...

    async def close(self) -> None:
        """Give back everything."""
        ...


class NoClaims:
    """For a bank that nobody shares."""

    async def take(self, key: bytes) -> bool:
        """Always."""
        del key
        return True

    async def give_back(self, key: bytes) -> None:
        """Nothing to do."""
        del key

    async def close(self) -> None:
        """Nothing to do."""


class FileClaims:
    """A byte of a file for each call, for processes of one machine. The file stays empty.

    Args:
        path: Of the file.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    async def take(self, key: bytes) -> bool:
        """See `Claims`."""
        if sys.platform == "win32":  # it has no locks that far into a file: a call may be made twice there
            return True
        import fcntl

        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(key))
        except OSError:
            return False
        return True

    async def give_back(self, key: bytes) -> None:
        """See `Claims`."""
        if sys.platform != "win32":
            import fcntl

            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(key))

    async def close(self) -> None:
        """See `Claims`."""
        os.close(self._file)


class DatabaseClaims:
    """Advisory locks of one session, for processes on any machine that share a bank in PostgreSQL.

    Args:
        engine: Of SQLAlchemy; each of its connections commits by itself.
    """

    def __init__(self, engine: Any) -> None:
        self._batches = Batches(_Session(engine), "claims")

    async def take(self, key: bytes) -> bool:
        """See `Claims`."""
        taken: bool = await self._batches.do(("pg_try_advisory_lock", _place(key)))
        return taken

    async def give_back(self, key: bytes) -> None:
        """See `Claims`."""
        await self._batches.do(("pg_advisory_unlock", _place(key)))

    async def close(self) -> None:
        """See `Claims`."""
        await self._batches.close()


class _Session:
    """Asks for many locks in one query; lives in the thread of `Batches`."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._connection: Any = None

    def do(self, jobs: Sequence[tuple[str, int]]) -> Sequence[bool]:
        """Whether each was taken or given back. Where the server is lost, all are: the bank is what fails then."""
        import sqlalchemy

        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            columns = ", ".join(f"{function}({key})" for function, key in jobs)  # names of ours, and numbers
            # A row has 1,600 columns at most; a batch has 1,000 jobs.
            return [bool(each) for each in self._connection.execute(sqlalchemy.text(f"SELECT {columns}")).one()]
        except sqlalchemy.exc.SQLAlchemyError:
            self.finish()
            return [True] * len(jobs)

    def finish(self) -> None:
        """Close the connection, which frees its locks."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class ClaimingCaller(Caller):
    """A caller that makes no call which another process is making.

    Args:
        plain: Whose bank, connections and limits are used.
        claims: Of all processes that share the bank.
        budget: What this process may spend.
    """

    def __init__(self, plain: Caller, claims: Claims, budget: SharedBudget) -> None:
        super().__init__(
            plain.bank,
            plain._transport,
            budget=budget,
            limits=plain._limits,
            retries=plain._retries,
            offline=plain.offline,
        )
        self._claims, self._shared = claims, budget

    async def _make(
        self,
        provider: Provider,
        request: Request,
        key: bytes,
        price: Price | None,
        context: int | None,
        on_text: OnText | None,
        on_send: OnSend | None,
        look_again: bool,
    ) -> Answered:
        del look_again  # always: between the look into the bank and the claim, another process may have made the call
        pause = _FIRST_PAUSE
        while not await self._claims.take(key):
            self._shared.rest()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        try:
            return await super()._make(provider, request, key, price, context, on_text, on_send, True)
        finally:
            await self._claims.give_back(key)


@asynccontextmanager
async def open_shared_session(options: Options, budget: SharedBudget) -> AsyncIterator[Caller]:
    """As `open_session`, for one of several processes.

    Args:
        options: Of the session; its own budget must be None.
        budget: What this process may spend.

    Raises:
        UsageError, BankError: see `open_session`.
    """
    async with open_session(options) as plain:
        claims = _claims(plain.bank.where, options)
        caller = ClaimingCaller(plain, claims, budget)
        try:
            yield caller
        finally:
            try:
                await caller.close()
            finally:
                await claims.close()


def _claims(where: str, options: Options) -> Claims:
    if where.startswith("postgresql://"):
        return DatabaseClaims(engine_of(options.bank or ""))
    return NoClaims() if where == MEMORY else FileClaims(f"{where}-calls")


def place_of(options: Options) -> str:
    """Where answers are kept, so that processes know whether they share them; without a password."""
    where = options.bank or DEFAULT
    if where.startswith(("postgresql://", "postgres://")):
        parts = urlsplit(where)
        return f"postgresql://{parts.hostname}:{parts.port or 5432}{parts.path}"
    if where in (NO_BANK, MEMORY):
        return f"{MEMORY} {os.getpid()}"
    return f"{socket.gethostname()}:{os.path.abspath(where.removeprefix('sqlite:///'))}"


def _place(key: bytes) -> int:
    """Where in the file, or which number: 62 bits of the key."""
    return int.from_bytes(key[:8]) >> 2
