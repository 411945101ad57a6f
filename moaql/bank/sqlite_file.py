"""The file of an SQLite bank: making it, opening it, and telling what is wrong with it.

A file that is not a bank is left as it is: what it says of itself is read before SQLite may touch it.
"""

from __future__ import annotations

import os
import sqlite3
import time

from moaql.errors import BankError

APPLICATION = 0x6D6F6171
"""Stands in the file's head, and tells a bank from other databases: "moaq"."""
VERSION = 1
"""Version of the tables, in the file's head too."""
_MAGIC = b"SQLite format 3\0"
_HEAD = 100
_CHECKED = 64_000_000
"""Bytes of the largest file that is checked when it is opened. What is read of larger ones is checked when it is read."""

_SCHEMA = (
    "CREATE TABLE models (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    # What requests for several samples have in common, once.
    "CREATE TABLE requests (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body TEXT NOT NULL)",
    """CREATE TABLE responses (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, request INTEGER NOT NULL REFERENCES requests,
        model INTEGER NOT NULL REFERENCES models, sample INTEGER NOT NULL, date REAL NOT NULL, cost REAL, latency REAL NOT NULL,
        prompt_tokens INTEGER, completion_tokens INTEGER, confidence REAL, response_latency REAL, checksum INTEGER NOT NULL,
        finish TEXT NOT NULL, reported_model TEXT NOT NULL, item TEXT, reasoning TEXT NOT NULL, text TEXT NOT NULL)""",
    "CREATE INDEX responses_by_date ON responses (date)",
)


def open_file(path: str, patience: float) -> sqlite3.Connection:
    """A connection for writing to the bank in a file. The file and its folder are made if they are not there.

    Args:
        path: Of the file.
        patience: Seconds to wait while another process has it locked.

    Raises:
        BankError: if it cannot be opened, or is not a bank that this version can read.
    """
    try:
        _make_private(path)
        _check_head(path)
    except OSError as error:
        raise BankError(f"cannot open the bank `{path}`: {(error.strerror or str(error)).lower()}", _PLACE) from None
    connection = connect(path, patience)
    try:
        _make_tables(connection, path)
        _write_ahead(connection, patience)
        _check_whole(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise failure(path, error, "opened", patience) from None
    except BankError:
        connection.close()
        raise
    return connection


def connect(path: str, patience: float) -> sqlite3.Connection:
    """A connection to a file that is known to be a bank, or empty. Text comes as bytes.

    Raises:
        BankError: if it cannot be opened.
    """
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
        # FULL: a commit has reached the disk when it returns, also with a write-ahead log. Pruned prompts are overwritten.
        for setting in ("synchronous=FULL", "cell_size_check=ON", "secure_delete=ON", "cache_size=-16000"):
            connection.execute(f"PRAGMA {setting}")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise failure(path, error, "opened", patience) from None
    connection.text_factory = bytes
    return connection


def _make_private(path: str) -> None:
    """Make the file and its folder for nobody but the user: prompts may be confidential."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if os.path.basename(folder) == ".moaql" and not os.path.exists(ignore):
        with open(ignore, "w", encoding="utf-8") as file:
            file.write("*\n")
    if not os.path.exists(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _check_head(path: str) -> None:
    """Refuse what is not a bank before SQLite opens it, since opening may repair, and so change, a database."""
    with open(path, "rb") as file:
        head = file.read(_HEAD)
        size = os.fstat(file.fileno()).st_size
    if not head or os.path.exists(f"{path}-journal"):
        return  # it is being made, or making it was cut off: SQLite finishes that, and the tables are looked at then
    if len(head) < _HEAD or not head.startswith(_MAGIC):
        raise BankError(f"`{path}` is not a bank, or its beginning is damaged", _KEPT)
    _check_version(path, int.from_bytes(head[68:72], "big"), int.from_bytes(head[60:64], "big"))
    page_size = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    # What is missing may stand in the log of a run that was killed.
    if size < pages * (65536 if page_size == 1 else page_size) and not _has_log(path):
        raise BankError(f"the bank `{path}` is damaged: its end is missing", _KEPT)


def _has_log(path: str) -> bool:
    try:
        return os.path.getsize(f"{path}-wal") > 0
    except OSError:
        return False


def _check_version(path: str, application: int, version: int) -> None:
    if application != APPLICATION:
        raise BankError(f"`{path}` is a database of another program", "Name another file for the bank.")
    if version > VERSION:
        raise BankError(f"the bank `{path}` was made by a newer moaql", "Upgrade moaql: `pip install -U moaql`.")


def _make_tables(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("BEGIN IMMEDIATE")  # several processes may be here at once
    try:
        ((application,),) = connection.execute("PRAGMA application_id")
        ((version,),) = connection.execute("PRAGMA user_version")
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
        if application or version or tables:
            _check_version(path, application, version)
        else:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION}")
            connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _check_whole(connection: sqlite3.Connection, path: str) -> None:
    """Refuse a damaged file before anything is added to it, where looking at all of it takes no time to speak of."""
    if os.path.getsize(path) <= _CHECKED:
        findings = connection.execute("PRAGMA quick_check(1)").fetchall()
        if findings != [(b"ok",)]:
            raise damaged(path, "SQLite's own check found a mistake in it")


def _write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Turn on the write-ahead log, which lets others read during a commit. SQLite itself does not wait for its turn here."""
    end = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA journal_size_limit=67108864")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


_PLACE = "Name another place by `--bank`, or allow writing to that folder."
_KEPT = "It was left as it is. Restore a copy of it, or name another file by `--bank`."
_WHY = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Make room. What was stored before is kept."),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", _KEPT),
    sqlite3.SQLITE_NOTADB: ("it is not a bank, or its beginning is damaged", _KEPT),
    sqlite3.SQLITE_READONLY: ("it may not be written", _PLACE),
    sqlite3.SQLITE_CANTOPEN: ("it, or its folder, may not be read and written", _PLACE),
    sqlite3.SQLITE_PERM: ("it may not be read and written", _PLACE),
    sqlite3.SQLITE_TOOBIG: ("a response is longer than a database takes", "Limit answers by `max_tokens`."),
    sqlite3.SQLITE_IOERR: (
        "the disk failed, is full, or does not allow files of that size",
        "Check the disk and its limits. What was stored before is kept.",
    ),
}


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's code of an error, without its refinement; 0 where Python raised it."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def failure(path: str, error: sqlite3.Error, done: str, patience: float) -> BankError:
    """What an error of SQLite means for a user. `done` is `opened`, `read` or `written`."""
    code = primary_code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BankError(
            f"the bank `{path}` could not be {done}: another process has kept it locked for {patience:g} s",
            "Wait until that process is done, or end it.",
        )
    why, next_step = _WHY.get(code, (str(error), "Try again, or name another file by `--bank`."))
    return BankError(f"the bank `{path}` could not be {done}: {why}", next_step)


def damaged(path: str, what: str) -> BankError:
    """A row does not hold what was written."""
    return BankError(f"the bank `{path}` is damaged: {what}", _KEPT)
