"""Entries as rows of an SQLite bank, and back. A checksum tells rows that the disk has changed."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from moaql.bank.base import Entry
from moaql.bank.forms import item_text, request_of, request_text
from moaql.providers.base import Response

if TYPE_CHECKING:
    import sqlite3

_COLUMNS = (
    "sample, date, cost, latency, prompt_tokens, completion_tokens, confidence, response_latency, finish, reported_model, item, "
    "reasoning, text"
)
READ = (
    f"SELECT responses.key, checksum, body, {_COLUMNS} FROM responses JOIN requests ON requests.id = responses.request"  # noqa: S608
)
_IS_THERE = "SELECT 1 FROM responses WHERE key = ?"
_MODEL = "INSERT INTO models (name) VALUES (?) ON CONFLICT DO NOTHING"
_REQUEST = "INSERT INTO requests (digest, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
_RESPONSE = f"""INSERT INTO responses (key, checksum, request, model, {_COLUMNS}) VALUES (?, ?,
    (SELECT id FROM requests WHERE digest = ?), (SELECT id FROM models WHERE name = ?), {", ".join("?" * 13)})"""  # noqa: S608


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


def write(connection: sqlite3.Connection, row: Row) -> None:
    """Write a row, unless its key is there."""
    if connection.execute(_IS_THERE, (row.key,)).fetchone() is None:
        connection.execute(_MODEL, (row.model,))
        connection.execute(_REQUEST, (row.digest, row.body))
        connection.execute(_RESPONSE, (row.key, row.checksum, row.digest, row.model, *row.values))


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
