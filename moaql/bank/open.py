"""Opening a bank by the name of its place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.bank.base import Bank

DEFAULT = os.path.join(".moaql", "bank.db")
"""The bank of a folder."""
MEMORY = ":memory:"
PLACES = "Give a path, sqlite:///PATH, postgresql://USER@HOST/DATABASE, or :memory:."


def open_bank(where: str | None = None, *, create: bool = True) -> Bank:
    """Open a bank; one that is not there is made.

    Args:
        where: A path, `sqlite:///path` (four slashes for an absolute one), `postgresql://…`, or `:memory:`; None means
            `.moaql/bank.db`.
        create: Whether a file that is not there may be made.

    Raises:
        UsageError: if `where` is none of these, or there is no such file and none may be made.
        MissingPackage: for PostgreSQL without psycopg.
        BankError: if it cannot be opened.
    """
    where = DEFAULT if where is None else where
    if where.startswith(("postgresql://", "postgres://")):
        from moaql.bank.postgresql import PostgresqlBank

        return PostgresqlBank(where)
    path = _path(where)
    if path == MEMORY:
        from moaql.bank.memory import MemoryBank

        return MemoryBank()
    if not create and not os.path.exists(path):
        raise UsageError(f"there is no bank at `{path}`", "Runs make one; or name another by `--bank`.")
    from moaql.bank.sqlite import SqliteBank

    return SqliteBank(path)


def _path(where: str) -> str:
    scheme, separator, rest = where.partition("://")
    if not separator:
        path = where
    elif scheme == "sqlite" and rest.startswith("/"):
        path = rest[1:]
    else:
        # What stands behind the scheme may hold a password.
        raise UsageError(f"a bank cannot be opened by `{scheme}://`", PLACES)
    if not path:
        raise UsageError("the bank's place is empty", PLACES)
    return os.path.expanduser(path)
