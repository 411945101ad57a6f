"""What a PostgreSQL bank asks of its database. Requests and responses are kept as JSON text, which can hold every string."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from moaql.bank.base import Entry, ModelCount, Selection
from moaql.bank.forms import item_text, request_of, request_text, response_of, response_text
from moaql.errors import BankError

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 1
_LOCK = 0x6D6F6171
"""Held while the tables are made, so that processes that start at once make them once: "moaq"."""
_FEW = 200

_SCHEMA = (
    "CREATE TABLE moaql_bank (version integer NOT NULL)",
    f"INSERT INTO moaql_bank VALUES ({VERSION})",  # noqa: S608
    "CREATE TABLE moaql_requests (digest bytea PRIMARY KEY, body text NOT NULL)",
    """CREATE TABLE moaql_responses (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key bytea NOT NULL UNIQUE,
        request bytea NOT NULL REFERENCES moaql_requests, model text NOT NULL, sample bigint NOT NULL,
        date double precision NOT NULL, cost double precision, latency double precision NOT NULL, prompt_tokens bigint,
        completion_tokens bigint, item text, response text NOT NULL)""",
    "CREATE INDEX moaql_responses_by_date ON moaql_responses (date, id)",
    "CREATE INDEX moaql_responses_by_request ON moaql_responses (request)",
)
_READ = """SELECT key, id, body, sample, item, response, cost, latency, date FROM moaql_responses
    JOIN moaql_requests ON digest = request"""
_REQUEST = "INSERT INTO moaql_requests (digest, body) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_RESPONSE = """INSERT INTO moaql_responses (key, request, model, sample, date, cost, latency, prompt_tokens, completion_tokens,
    item, response) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_COUNT = """SELECT model, count(*), coalesce(sum(prompt_tokens), 0)::bigint, coalesce(sum(completion_tokens), 0)::bigint,
    coalesce(sum(cost), 0), count(*) FILTER (WHERE cost IS NULL), min(date), max(date) FROM moaql_responses"""


class Find(NamedTuple):
    """Look a key up."""

    key: bytes


class Store(NamedTuple):
    """Write an entry: the values of both tables."""

    digest: bytes
    body: str
    values: tuple[Any, ...]

    @classmethod
    def of(cls, key: bytes, entry: Entry) -> Store:
        """What is written for an entry."""
        request, response = entry.request, entry.response
        body = request_text(request)
        digest = sha256(body.encode()).digest()
        tokens = (response.prompt_tokens, response.completion_tokens)
        about = (_plain(request.id), request.sample, entry.date, entry.cost, entry.latency, *tokens)
        return cls(digest, body, (key, digest, *about, item_text(request), response_text(response)))


class Count(NamedTuple):
    """Count by model."""

    selection: Selection


class Page(NamedTuple):
    """Some entries behind the one of that date and id."""

    selection: Selection
    last: tuple[float, int] = (float("-inf"), 0)


class Prune(NamedTuple):
    """Delete."""

    selection: Selection


class Size(NamedTuple):
    """Measure the tables."""


def prepare(connection: Any, patience: float, where: str) -> None:
    """Make a connection ready, and the tables if they are not there.

    Raises:
        BankError: if the database is not one that can be used.
    """
    # A server may be set up to answer before it has written.
    connection.execute("SET synchronous_commit TO on")
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{int(patience * 1000)}ms",))
    ((encoding,),) = connection.execute("SHOW server_encoding").fetchall()
    if encoding != "UTF8":
        raise BankError(
            f"the bank `{where}` cannot be used: the database is encoded as {encoding}", "Make one as UTF8."
        )
    with connection.transaction():
        # Who may only use the tables may not make any, hence the look before.
        if not _exists(connection):
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if not _exists(connection):
                for statement in _SCHEMA:
                    connection.execute(statement)
    ((version,),) = connection.execute("SELECT max(version) FROM moaql_bank").fetchall()
    if version is not None and version > VERSION:
        raise BankError(f"the bank `{where}` was made by a newer moaql", "Upgrade moaql: `pip install -U moaql`.")


def _exists(connection: Any) -> bool:
    # Not `to_regclass`, which may remember from before the lock that there is none.
    look = "SELECT FROM pg_catalog.pg_class WHERE relname = 'moaql_bank' AND pg_catalog.pg_table_is_visible(oid)"
    return connection.execute(look).fetchone() is not None


def answer_all(connection: Any, jobs: Sequence[Any]) -> list[Any]:
    """Do jobs: stores in one transaction, then look-ups in one query, then the others. What came of each, in order."""
    stores = [job for job in jobs if isinstance(job, Store)]
    if stores:
        _store(connection, stores)
    keys = [job.key for job in jobs if isinstance(job, Find)]
    found = _find(connection, keys) if keys else {}
    return [_answer(connection, job, found) for job in jobs]


def _answer(connection: Any, job: Any, found: dict[bytes, Entry]) -> Any:
    if isinstance(job, Find):
        return found.get(job.key)
    if isinstance(job, Count):
        return _count(connection, job.selection)
    if isinstance(job, Page):
        return _page(connection, job)
    if isinstance(job, Prune):
        return _prune(connection, job.selection)
    if isinstance(job, Size):
        sizes = "pg_total_relation_size('moaql_requests') + pg_total_relation_size('moaql_responses')"
        return connection.execute(f"SELECT {sizes}").fetchone()[0]
    return None


def _store(connection: Any, stores: Sequence[Store]) -> None:
    # In order of the keys: two processes that write the same ones wait for each other, and never in a ring.
    requests = sorted({each.digest: each.body for each in stores}.items())
    responses = sorted({each.values[0]: each.values for each in reversed(stores)}.items())
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(_REQUEST, requests)
        cursor.executemany(_RESPONSE, [values for _, values in responses])


def _find(connection: Any, keys: list[bytes]) -> dict[bytes, Entry]:
    rows = connection.execute(f"{_READ} WHERE key = ANY(%s)", (keys,), binary=True)
    return {key: entry for key, entry, _ in map(_entry, rows)}


def _entry(row: tuple[Any, ...]) -> tuple[bytes, Entry, int]:
    key, id, body, sample, item, response, cost, latency, date = row
    return key, Entry(request_of(body, sample, item), response_of(response), cost, latency, date), id


def _count(connection: Any, selection: Selection) -> list[ModelCount]:
    meant, values = _meant(selection)
    rows = connection.execute(f'{_COUNT} WHERE {meant} GROUP BY model ORDER BY model COLLATE "C"', values)
    return [ModelCount(*row) for row in rows]


def _page(connection: Any, page: Page) -> list[tuple[bytes, Entry, int]]:
    meant, values = _meant(page.selection)
    order = f"AND (date, id) > (%s, %s) ORDER BY date, id LIMIT {_FEW}"
    return [_entry(row) for row in connection.execute(f"{_READ} WHERE {meant} {order}", (*values, *page.last))]


def _prune(connection: Any, selection: Selection) -> int:
    meant, values = _meant(selection)
    with connection.transaction():
        # Nobody may store a response to a request that is about to be deleted.
        for table in ("moaql_requests", "moaql_responses"):
            connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        count = connection.execute(f"DELETE FROM moaql_responses WHERE {meant}", values).rowcount  # noqa: S608
        connection.execute(
            "DELETE FROM moaql_requests WHERE NOT EXISTS (SELECT FROM moaql_responses WHERE request = digest)"
        )
    return int(count)


def _meant(selection: Selection) -> tuple[str, tuple[Any, ...]]:
    """A condition on responses, and its values."""
    conditions, values = ["true"], list[Any]()
    if selection.models:
        conditions.append("model = ANY(%s)")
        values.append([_plain(model) for model in selection.models])
    for mark, date in (("<", selection.before), (">=", selection.after)):
        if date is not None:
            conditions.append(f"date {mark} %s")
            values.append(date)
    return " AND ".join(conditions), tuple(values)


def _plain(name: str) -> str:
    """A model's id as a text of PostgreSQL, which takes neither NUL nor half of a surrogate pair."""
    return name.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
