"""Reading the body of a request: not too large, not too slow, JSON."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from moaql.serving.failures import Failure, wrong

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from moaql.serving.visit import Rules

LINGER = 5.0
"""Seconds for which the rest of a body that is too large is read and thrown away, so that its sender gets to read why."""


class ClientLeft(Exception):  # noqa: N818
    """Nobody waits for the answer any more."""


async def read_json(scope: Scope, receive: Receive, rules: Rules) -> Any:
    """The document that a body holds.

    Raises:
        Failure: if it is too large (413), too slow (408), of another type (415), or no JSON (400).
        ClientLeft: if the client left.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        # Pages of other origins can send other types without being asked.
        raise Failure(415, "the body must be sent as `content-type: application/json`")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Failure(415, "the body must not be compressed")
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > rules.largest_body:
        raise too_large(rules)
    try:
        async with asyncio.timeout(rules.body_seconds):
            data = await _read(receive, rules)
    except TimeoutError:
        message = f"the body did not arrive within {rules.body_seconds:g} s"
        raise Failure(408, message, headers={"connection": "close"}) from None
    try:
        return _DECODER.decode(data.decode(json.detect_encoding(data), "surrogatepass"))
    except (ValueError, RecursionError):  # UnicodeDecodeError and endless numbers are ValueErrors
        raise wrong("the body is not JSON") from None


def _no_number(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_number)
"""Python reads `NaN` and `Infinity` too, which are no JSON."""


async def _read(receive: Receive, rules: Rules) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > rules.largest_body:
            raise too_large(rules)
        if not message.get("more_body", False):
            return b"".join(pieces)


def too_large(rules: Rules) -> Failure:
    """The refusal of a body that is too large."""
    most = f"{rules.largest_body / 1024**2:g} MB"
    return Failure(413, f"the body is larger than {most}", code="body_too_large", headers={"connection": "close"})


async def refuse(failure: Failure, body: dict[str, Any], receive: Receive, send: Send) -> None:
    """Send a refusal. Where a body is still coming, it is read and thrown away for a while.

    Args:
        failure: Why.
        body: As the client reads it.
        receive: Of ASGI.
        send: Of ASGI.
    """
    data = json.dumps(body).encode("ascii")
    headers = {"content-type": "application/json", "content-length": str(len(data)), **failure.headers}
    start: Message = {
        "type": "http.response.start",
        "status": failure.status,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
    }
    await send(start)
    lingers = failure.headers.get("connection") == "close"
    await send({"type": "http.response.body", "body": data, "more_body": lingers})
    if not lingers:
        return
    try:
        async with asyncio.timeout(LINGER):
            while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
                pass
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b""})
