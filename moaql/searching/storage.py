"""Opening a study in Optuna's storage: a journal in a folder, or a database.

Optuna's own lock of a journal outlives a process that is killed, and half a line breaks the journal for good; so the journal gets
the lock of `moaql.searching.locks`.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, TypeVar

from moaql.errors import BankError, MissingPackage
from moaql.searching.locks import DatabaseLocks, FileLocks, driver_url, unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from moaql.searching.locks import Locks

T = TypeVar("T")
JOURNAL = "journal.log"
_PATIENCE = (0.1, 0.5, 2.0)
"""Seconds before each further try where a connection is cut."""


def open_study(folder: str, storage: str | None, name: str, measures: Sequence[str]) -> tuple[Locks, Any]:
    """The locks and the study. Two processes that make the same study at once must not do so: the lock comes first.

    Args:
        folder: Where the journal is, or only the locks.
        storage: The URL of a database, instead of the journal.
        name: Of the study.
        measures: What its trials have as values; `quality` shall be high, all others low.

    Raises:
        MissingPackage: if psycopg is needed and not installed.
        UsageError: if it cannot be opened.
    """
    import optuna

    os.makedirs(folder, exist_ok=True)
    up, down = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
    directions = [up if each == "quality" else down for each in measures]
    files = FileLocks(folder)
    locks: Locks = DatabaseLocks(storage, name) if storage and driver_url(storage).startswith("postgresql") else files
    with locks.hold():
        try:
            kept = _journal(folder, files) if storage is None else _database(storage)
            study = optuna.create_study(study_name=name, storage=kept, directions=directions, load_if_exists=True)
        except MissingPackage:
            raise
        except Exception as error:
            # SQLAlchemy's errors show the URL, and with it the password.
            raise unusable(error) from None
    return locks, study


def insist(act: Callable[[], T]) -> T:
    """Do something with a study; once more where its database has cut the connection in the middle.

    Args:
        act: What may be done twice.
    """
    import optuna
    import sqlalchemy

    for seconds in _PATIENCE:
        try:
            return act()
        except (sqlalchemy.exc.OperationalError, optuna.exceptions.StorageInternalError):
            time.sleep(seconds)
    return act()


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What a database does wrong, without its URL."""
    import optuna
    import sqlalchemy

    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise unusable(error, BankError) from None


def close_study(study: Any) -> None:
    """Close the connections of a study in a database, which Optuna leaves open."""
    backend: Any = getattr(study._storage, "_backend", None)
    if hasattr(backend, "engine"):
        backend.remove_session()
        backend.engine.dispose()


def _journal(folder: str, lock: Any) -> Any:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    return optuna.storages.JournalStorage(JournalFileBackend(os.path.join(folder, JOURNAL), lock_obj=lock))


def _database(url: str) -> Any:
    import optuna

    return optuna.storages.RDBStorage(driver_url(url), engine_kwargs={"pool_pre_ping": True})
