"""Banks of every kind, each on a fresh store."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from bank.postgres_server import PostgresServer, postgres_server

from moaql.bank.base import Bank
from moaql.bank.open import open_bank

KINDS = ["memory", "sqlite", "postgresql"]
_numbers = count()


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def database(server: PostgresServer) -> str:
    """The URL of an empty database."""
    name = f"bank{next(_numbers)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.url(name)


@pytest.fixture(params=KINDS)
def open_it(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Bank]:
    """Opens a bank; called again, another bank on the same store (but for one in memory)."""
    if request.param == "memory":
        return lambda: open_bank(":memory:")
    where = str(tmp_path / "bank.db") if request.param == "sqlite" else request.getfixturevalue("database")
    return lambda: open_bank(where)


@pytest.fixture(params=[kind for kind in KINDS if kind != "memory"])
def shared_place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place that several banks can be opened on."""
    return str(tmp_path / "bank.db") if request.param == "sqlite" else request.getfixturevalue("database")
