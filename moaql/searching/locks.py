"""Who may write a study now, and which of its workers are alive.

In a folder, both are locks on files; in PostgreSQL, advisory locks of a session. The system frees them when their holder dies,
whatever it died of, so nobody has to wait for a dead worker, and no clock has to be right.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from moaql.errors import BankError, MissingPackage, MoaqlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0
"""Seconds to wait for a lock that is held for moments only."""
_ALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""A worker that lost its network counts as dead after a minute, not after the two hours of most systems."""


class Locks(Protocol):
    """The locks of one study, as one worker uses them."""

    def hold(self) -> contextlib.AbstractContextManager[None]:
        """Nobody else writes the study inside of it; it may be nested.

        Raises:
            BankError: if somebody keeps it for too long, or it cannot be reached.
        """
        ...

    def enter(self, worker: str) -> None:
        """This process is that worker, until it ends or leaves."""
        ...

    def alive(self, worker: str) -> bool:
        """Whether the process of another worker still runs."""
        ...

    def leave(self) -> None:
        """This process is no worker any more; lets go of everything."""
        ...


class FileLocks:
    """Locks on files of a folder, for the workers of one machine.

    Args:
        folder: Of the study; must exist.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._depth = 0
        self._file: int | None = None
        self._own: tuple[str, int] | None = None

    def acquire(self) -> bool:
        """As Optuna's journal takes its lock. Half a line, which a process wrote when it died, is taken away."""
        if self._depth == 0:
            self._file = os.open(os.path.join(self._folder, "study.lock"), os.O_RDWR | os.O_CREAT, 0o666)
            try:
                self._wait(self._file)
            except BaseException:
                os.close(self._file)
                raise
            _mend(os.path.join(self._folder, "journal.log"))
        self._depth += 1
        return True

    def release(self) -> None:
        """As Optuna's journal gives it back."""
        self._depth -= 1
        if self._depth == 0 and self._file is not None:
            os.close(self._file)  # and with it the lock
            self._file = None

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """See `Locks`."""
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def enter(self, worker: str) -> None:
        """See `Locks`."""
        path = self._path(worker)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        _try_lock(file)
        self._own = (path, file)

    def alive(self, worker: str) -> bool:
        """See `Locks`."""
        try:
            file = os.open(self._path(worker), os.O_RDWR)
        except OSError:
            return False
        try:
            return not _try_lock(file)
        finally:
            os.close(file)

    def leave(self) -> None:
        """See `Locks`."""
        if self._own is not None:
            path, file = self._own
            self._own = None
            with contextlib.suppress(OSError):
                os.unlink(path)
            os.close(file)

    def _path(self, worker: str) -> str:
        return os.path.join(self._folder, "workers", f"{worker}.lock")

    def _wait(self, file: int) -> None:
        end, pause = time.monotonic() + PATIENCE, 0.001
        while not _try_lock(file):
            if time.monotonic() > end:
                raise BankError(
                    f"somebody keeps the study `{self._folder}` locked for {PATIENCE:g} s",
                    "End the process that does so. What was paid for is kept.",
                )
            time.sleep(pause)
            pause = min(2 * pause, 0.05)


class DatabaseLocks:
    """Advisory locks in PostgreSQL, for workers on any machine. They live in a session of their own.

    Args:
        url: Of the database, as `postgresql://…`.
        name: Of the study.

    Raises:
        MissingPackage: if psycopg is not installed.
        UsageError: if the database cannot be opened.
    """

    def __init__(self, url: str, name: str) -> None:
        self._name = name
        self._own: str | None = None
        self._connection: Any = None
        if find_spec("psycopg") is None:
            raise MissingPackage("psycopg[binary]", "A study in PostgreSQL")
        try:
            self._engine = engine_of(url)
            self._connect()
        except Exception as error:
            # The errors of the driver may show the URL, and with it the password.
            raise unusable(error) from None

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """See `Locks`. The locks of one session count how often they were taken."""
        self._ask("SELECT pg_advisory_lock(:key)", self._key("study"))
        try:
            yield
        finally:
            self._ask("SELECT pg_advisory_unlock(:key)", self._key("study"))

    def enter(self, worker: str) -> None:
        """See `Locks`."""
        self._own = worker
        self._ask("SELECT pg_try_advisory_lock(:key)", self._key(f"worker {worker}"))

    def alive(self, worker: str) -> bool:
        """See `Locks`."""
        if worker == self._own:
            return True
        key = self._key(f"worker {worker}")
        if not self._ask("SELECT pg_try_advisory_lock(:key)", key):
            return True
        self._ask("SELECT pg_advisory_unlock(:key)", key)
        return False

    def leave(self) -> None:
        """See `Locks`."""
        self._own = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()

    def _ask(self, query: str, key: int) -> Any:
        import sqlalchemy

        for again in (True, False):
            try:
                if self._connection is None:
                    self._connect()
                return self._connection.execute(sqlalchemy.text(query), {"key": key}).scalar()
            except sqlalchemy.exc.SQLAlchemyError as error:
                lost, self._connection = self._connection, None
                with contextlib.suppress(Exception):
                    lost.close()
                # A connection that was lost held its locks no more: what is done next is what a newcomer does.
                if not again or not getattr(error, "connection_invalidated", False):
                    raise unusable(error, BankError) from None
        return None

    def _connect(self) -> None:
        self._connection = self._engine.connect()
        if self._own is not None:
            self._ask("SELECT pg_try_advisory_lock(:key)", self._key(f"worker {self._own}"))

    def _key(self, what: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self._name}\n{what}".encode()).digest()[:8], signed=True)


def unusable(error: Exception, kind: type[MoaqlError] = UsageError) -> MoaqlError:
    """What to tell of a database that failed; never its URL.

    Args:
        error: Of the driver.
        kind: A `UsageError` where it is opened, a `BankError` where it fails later.
    """
    if isinstance(error, MoaqlError):
        return error
    cause = type(getattr(error, "orig", None) or error).__name__
    return kind(
        f"the study's database cannot be used: {cause}",
        "Check the URL given with `--storage` or MOAQL_STORAGE, and that the server runs. What was paid for is kept.",
    )


def driver_url(url: str) -> str:
    """A URL as PostgreSQL's own programs take it, for SQLAlchemy with psycopg."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgresql", "postgres") else url


def engine_of(url: str) -> Any:
    """SQLAlchemy's engine for locks: every connection is a session of its own."""
    import sqlalchemy

    return sqlalchemy.create_engine(
        driver_url(url),
        isolation_level="AUTOCOMMIT",
        poolclass=sqlalchemy.pool.NullPool,
        connect_args={
            "connect_timeout": 10,
            "application_name": "moaql",
            "options": f"{_ALIVE} -c lock_timeout={PATIENCE:.0f}s",
        },
    )


def _mend(journal: str) -> None:
    """Cut off what stands behind the last whole line. The lock is held."""
    try:
        with open(journal, "rb+") as file:
            end = file.seek(0, os.SEEK_END)
            if not end:
                return
            file.seek(end - 1)
            if file.read(1) != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
    except FileNotFoundError:
        return


if sys.platform == "win32":

    def _try_lock(file: int) -> bool:
        import msvcrt

        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:

    def _try_lock(file: int) -> bool:
        """Take the lock of a file, unless another open file holds it."""
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
