"""Entries as rows of an SQLite bank, and back. A checksum tells rows that the disk has changed."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from zlib import crc32

from moaql.bank.base import Entry
from moaql.bank.forms import item_text, request_of, request_text
from moaql.providers.base import Response

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

_COLUMNS = (
    "sample, date, cost, latency, prompt_tokens, completion_tokens, confidence, response_latency, finish, reported_model, item, "
    "reasoning, text"
)
READ = (
    f"SELECT responses.key, checksum, body, {_COLUMNS} FROM responses JOIN requests ON requests.id = responses.request"  # noqa: S608
)
_TOGETHER = (64, 16, 4, 1)
"""Rows that one statement writes. Each step of a statement lets another thread run, and waits for its own turn again, so many rows
in one statement leave the thread of the event loop in peace."""
_REQUEST_ID, _MODEL_ID = "(SELECT id FROM requests WHERE digest = ?)", "(SELECT id FROM models WHERE name = ?)"
_RESPONSE = f"(?, ?, {_REQUEST_ID}, {_MODEL_ID}, {', '.join('?' * 13)})"


class Row(NamedTuple):
    """What is written for one entry.

    Attributes:
        key: Its key.
        model: `provider/model`.
        digest: Of the body.
        body: The request without its sample.
        values: Of the other columns.
        checksum: Of all the others.
    """

    key: bytes
    model: str | bytes
    digest: bytes
    body: str
    values: tuple[Any, ...]
    checksum: int


def row_of(key: bytes, entry: Entry) -> Row:
    """The row of an entry."""
    body = request_text(entry.request)
    encoded = body.encode()
    response = entry.response
    values = (
        entry.request.sample,
        float(entry.date),
        _float(entry.cost),
        float(entry.latency),
        _integer(response.prompt_tokens),
        _integer(response.completion_tokens),
        _float(response.confidence),
        _float(response.latency),
        response.finish,
        response.model,
        item_text(entry.request),
        response.reasoning,
        response.text,
    )
    texts = [None if text is None else _bytes(text) for text in values[8:]]
    return Row(
        key,
        _storable(entry.request.id),
        sha256(encoded).digest(),
        body,
        (*values[:8], *(None if text is None else _storable(text) for text in values[8:])),
        _checksum(key, encoded, values[:8], texts),
    )


def write(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Write rows; of those with a key that is there, or twice among them, the first one stays."""
    first = {row.key: row for row in reversed(rows)}
    there = _those_there(connection, list(first))
    new = [row for row in rows if row.key not in there and first[row.key] is row]
    _insert(connection, "models (name)", "(?)", [(model,) for model in dict.fromkeys(row.model for row in new)])
    requests = {row.digest: row.body for row in new}
    _insert(connection, "requests (digest, body)", "(?, ?)", list(requests.items()))
    values = [(row.key, row.checksum, row.digest, row.model, *row.values) for row in new]
    _insert(connection, f"responses (key, checksum, request, model, {_COLUMNS})", _RESPONSE, values)


def _those_there(connection: sqlite3.Connection, keys: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for some in _some_at_a_time(keys):
        query = f"SELECT key FROM responses WHERE key IN ({', '.join('?' * len(some))})"  # noqa: S608
        found.update(key for (key,) in connection.execute(query, some))
    return found


def _insert(connection: sqlite3.Connection, into: str, form: str, rows: Sequence[tuple[Any, ...]]) -> None:
    for some in _some_at_a_time(rows):
        marks = ", ".join([form] * len(some))
        flat = [value for row in some for value in row]
        connection.execute(f"INSERT INTO {into} VALUES {marks} ON CONFLICT DO NOTHING", flat)  # noqa: S608


def _some_at_a_time(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """In as few parts as few different lengths allow, so that SQLite finds the statement among those it knows."""
    start = 0
    for length in _TOGETHER:
        while len(values) - start >= length:
            yield values[start : start + length]
            start += length


def entry_of(row: tuple[Any, ...]) -> tuple[bytes, Entry]:
    """The key and entry of a row that `READ` gave.

    Raises:
        ValueError: if the row is not as it was written.
    """
    key, checksum, body, *values = row
    numbers, texts = values[:8], values[8:]
    if _checksum(key, body, numbers, texts) != checksum:
        raise ValueError("a row is not as it was written")
    sample, date, cost, latency, prompt_tokens, completion_tokens, confidence, response_latency = numbers
    finish, model, item, reasoning, text = [_text(each) for each in texts]
    response = Response(text, reasoning, prompt_tokens, completion_tokens, finish, model, confidence, response_latency)
    return key, Entry(request_of(body.decode(), sample, item), response, cost, latency, date)


def _checksum(key: bytes, body: bytes, numbers: Any, texts: list[bytes | None]) -> int:
    head = repr((key, *numbers, *[None if text is None else len(text) for text in texts]))
    return crc32(b"".join([head.encode(), body, *[text for text in texts if text]]))


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _integer(value: int | None) -> int | None:
    return None if value is None else int(value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(encoded: bytes | None) -> Any:
    return None if encoded is None else encoded.decode("utf-8", "surrogatepass")


def _storable(text: str) -> str | bytes:
    """Text as SQLite takes it. One with half of a surrogate pair, which UTF-8 does not have, is kept as bytes."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _bytes(text)
    return text
