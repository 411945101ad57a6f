"""The bank in a real PostgreSQL server: what other banks do not meet."""

import asyncio
import gc
import threading
import time

import psycopg
import pytest
from bank.examples import ASKED, entry, keyed
from bank.postgres_server import PASSWORD

from moaql.bank.key import key_of
from moaql.bank.open import open_bank
from moaql.bank.postgresql import PostgresqlBank
from moaql.errors import BankError, UsageError

KEY = key_of(ASKED)


def query(url, text, *values):
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text, values)
        return cursor.fetchall() if cursor.description else []


def with_bank(url, use, **options):
    async def run():
        bank = PostgresqlBank(url, **options)
        try:
            return await use(bank)
        finally:
            await bank.close()

    return asyncio.run(run())


def test_its_place_is_shown_without_the_password(server, database):
    bank = open_bank(database)
    assert bank.where == database.replace(f":{PASSWORD}", "")
    assert PASSWORD not in repr(bank)
    asyncio.run(bank.close())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda url: url.replace(PASSWORD, "wrong-s3cret"), "password authentication failed"),
        (lambda url: url.replace("/bank", "/nothing"), "does not exist"),
        (lambda url: f"postgresql://u:{PASSWORD}@127.0.0.1:1/d", "Connection refused"),
        (lambda url: f"postgresql://u:{PASSWORD}@nowhere.invalid/d", "nowhere.invalid"),
        (lambda url: f"{url}?sslmode={PASSWORD}", "could not be opened"),
    ],
    ids=["password", "database", "port", "host", "option"],
)
def test_a_server_that_cannot_be_used_is_told_without_the_password(database, change, message):
    with pytest.raises(BankError) as caught:
        open_bank(change(database))
    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["postgresql://u:s3cr%et@h/d", "postgresql://u:s3cret@h/d?no_such=s3cret", "postgres://u:s3cret@[::1/d"]
)
def test_a_url_that_cannot_be_read_is_not_shown(url):
    with pytest.raises(UsageError, match="URL of the bank cannot be read") as caught:
        open_bank(url)
    assert "s3cr" not in str(caught.value)


def test_all_tables_have_our_name_before_theirs(database):
    with_bank(database, lambda bank: bank.store(KEY, entry()))
    names = [
        name for (name,) in query(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    ]
    assert names == ["moaql_bank", "moaql_requests", "moaql_responses"]


def test_a_lost_connection_is_made_again(database):
    async def use(bank):
        await bank.store(KEY, entry())
        query(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moaql' AND datname = current_database()",
        )
        found = await bank.find(KEY)
        query(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moaql' AND datname = current_database()",
        )
        pairs = keyed(*(entry(f"q{n}") for n in range(20)))
        await asyncio.gather(*(bank.store(*pair) for pair in pairs))
        return found, await asyncio.gather(*(bank.find(key) for key, _ in pairs)) == [each for _, each in pairs]

    assert with_bank(database, use) == (entry(), True)


def test_finds_that_come_together_share_queries(database, monkeypatch):
    sizes = []
    find = __import__("moaql.bank.postgresql_queries", fromlist=["_find"])._find
    monkeypatch.setattr(
        "moaql.bank.postgresql_queries._find",
        lambda connection, keys: (sizes.append(len(keys)), find(connection, keys))[1],
    )
    pairs = keyed(*(entry(f"q{n}") for n in range(200)))

    async def use(bank):
        await asyncio.gather(*(bank.store(*pair) for pair in pairs))
        return await asyncio.gather(*(bank.find(key) for key, _ in pairs))

    assert with_bank(database, use) == [each for _, each in pairs]
    assert len(sizes) <= 20


def test_tables_that_somebody_has_locked_are_told(database):
    async def use(bank):
        with psycopg.connect(database) as other:
            other.execute("LOCK TABLE moaql_responses IN EXCLUSIVE MODE")
            with pytest.raises(BankError, match=r"somebody has kept its tables locked for 0.2 s"):
                await bank.store(KEY, entry())
        await bank.store(KEY, entry())
        return await bank.find(KEY)

    assert with_bank(database, use, patience=0.2) == entry()


def test_who_may_only_use_the_tables_needs_no_right_to_make_any(server, database):
    with_bank(database, lambda bank: bank.store(KEY, entry()))
    name = database.rpartition("/")[2]
    query(database, f"CREATE ROLE {name}_reader LOGIN PASSWORD '{PASSWORD}'")
    query(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}_reader")
    reader = database.replace("postgres:", f"{name}_reader:", 1)
    assert with_bank(reader, lambda bank: bank.find(KEY)) == entry()
    with pytest.raises(BankError, match="permission denied"):
        with_bank(reader, lambda bank: bank.store(b"0" * 32, entry()))


def test_a_bank_of_a_newer_version_is_left_alone(database):
    with_bank(database, lambda bank: bank.store(KEY, entry()))
    query(database, "UPDATE moaql_bank SET version = 2")
    with pytest.raises(BankError, match="was made by a newer moaql"):
        open_bank(database)


def test_a_database_of_another_encoding_is_refused(server):
    query(server.url(), "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(BankError, match="encoded as LATIN1"):
        open_bank(server.url("latin"))


def test_a_bank_that_nobody_closes_ends_its_session(database):
    asyncio.run(open_bank(database).store(KEY, entry()))
    gc.collect()
    end = time.monotonic() + 5
    while any(thread.name == "moaql bank" for thread in threading.enumerate()) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(thread.name == "moaql bank" for thread in threading.enumerate())
    assert with_bank(database, lambda bank: bank.find(KEY)) == entry()
