"""The forms in which requests and responses are kept: what is kept of them, and as which text."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any

from moaql.bank.base import Entry
from moaql.providers.base import Item, Request, Response

_ascii = json.JSONEncoder(separators=(",", ":")).encode
_readable = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_decode = json.JSONDecoder().decode


def kept(entry: Entry) -> Entry:
    """The entry as any bank gives it back.

    The name of a key's variable is dropped, since some write the key itself there. Of the item, question and id stay: other fields
    are the eval set's, may hold anything, and may change. Lists among the settings become tuples.
    """
    request, item = entry.request, entry.request.item
    plain = item is None or not item.fields
    if plain and not any(name == "api_key_env" for name, _ in request.connection):
        return entry
    return replace(
        entry,
        request=replace(
            request,
            connection=tuple(pair for pair in request.connection if pair[0] != "api_key_env"),
            item=None if item is None else Item(item.question, item.id),
        ),
    )


def request_text(request: Request) -> str:
    """What requests for any sample have in common, as JSON. Equal texts are kept once."""
    connection = [pair for pair in request.connection if pair[0] != "api_key_env"]
    return text_of([request.provider, request.model, request.messages, request.settings, connection])


def request_of(text: str, sample: int, item: str | None) -> Request:
    """The request of such a text.

    Args:
        text: What `request_text` gave.
        sample: Index of the sample.
        item: What `item_text` gave.
    """
    provider, model, messages, settings, connection = _decode(text)
    shown = tuple([(role, content) for role, content in messages])
    return Request(
        provider,
        model,
        shown,
        _pairs(settings) if settings else (),
        sample,
        _pairs(connection) if connection else (),
        None if item is None else _item_of(item, shown),
    )


def item_text(request: Request) -> str | None:
    """The item of a request as JSON. A question that is the last message is not written twice."""
    item = request.item
    if item is None:
        return None
    repeated = bool(request.messages) and request.messages[-1][1] == item.question
    return text_of([item.id] if repeated else [item.id, item.question])


def _item_of(text: str, messages: tuple[tuple[str, str], ...]) -> Item:
    id, *question = _decode(text)
    return Item(question[0] if question else messages[-1][1], id)


def text_of(value: Any) -> str:
    """JSON that any store can hold: no character NUL, and no half of a surrogate pair, which UTF-8 does not have."""
    text = _readable(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _ascii(value)
    return text


def response_text(response: Response) -> str:
    """A response as JSON, without the fields that have their defaults."""
    return text_of({"text": response.text} | {name: value for name, value in _fields(response) if value is not None})


def _fields(response: Response) -> list[tuple[str, Any]]:
    return [(name, value) for name in _OPTIONAL if (value := getattr(response, name)) != _OPTIONAL[name]]


_OPTIONAL = {each.name: each.default for each in fields(Response) if each.name != "text"}


def response_of(text: str) -> Response:
    """The response of such a text.

    Raises:
        ValueError: if it is not one.
    """
    found = _decode(text)
    if not isinstance(found, dict) or not isinstance(found.get("text"), str):
        raise ValueError("a response has a `text`")
    return Response(**{name: value for name, value in found.items() if name == "text" or name in _OPTIONAL})


def document_of(key: bytes, entry: Entry) -> dict[str, Any]:
    """An entry as a JSON object with everything that a bank keeps of it."""
    request = kept(entry).request
    document = asdict(request)
    item = document.pop("item")
    if item is not None:
        document["item"] = {"question": item["question"], "id": item["id"]}
    return {
        "key": key.hex(),
        "request": document,
        "response": asdict(entry.response),
        "cost": entry.cost,
        "latency": entry.latency,
        "date": entry.date,
    }


def _pairs(value: list[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple([(name, each if each.__class__ is not list else frozen(each)) for name, each in value])


def frozen(value: Any) -> Any:
    """Lists to tuples, however deep."""
    if isinstance(value, list):
        return tuple([frozen(each) for each in value])
    return value
