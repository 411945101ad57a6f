"""Server-sent events, as far as providers of models use them: JSON documents, one behind each `data:`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moaql.providers.replies import nonsense

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from moaql.providers.base import StreamedReply
    from moaql.providers.replies import Asked

DONE = "[DONE]"
_FIELDS = ("event:", "id:", "retry:", ":")
"""Lines that are no data: `event:` repeats what the documents say of themselves, `:` begins a comment."""


async def documents(reply: StreamedReply, asked: Asked) -> AsyncIterator[Any]:
    """The JSON documents of a stream, in order, and `DONE` where the stream says that it is done.

    A server that does not stream sends one document instead; it is given as it is.

    Args:
        reply: What is read.
        asked: Who was asked, for messages.

    Raises:
        BrokenOff: if what comes is no JSON.
    """
    waiting: list[str] = []
    plain: list[str] = []
    async for line in reply.lines():
        if line.startswith("data:"):
            data = line[5:].strip()
            if data == DONE:
                yield DONE
                return
            waiting.append(data)
            # A document may go over several lines; nearly all stand on one.
            document = _parsed("\n".join(waiting))
            if document is not None:
                waiting.clear()
                yield document[0]
        elif waiting and not line:
            if any(waiting):
                raise nonsense(asked, "a stream that is not JSON")
            waiting.clear()
        elif line and not line.startswith(_FIELDS):
            plain.append(line)
    if any(waiting):
        raise nonsense(asked, "a stream that ends in the middle of a document")
    if plain:
        document = _parsed("\n".join(plain))
        if document is None:
            raise nonsense(asked, "something else than a stream")
        yield document[0]


def parsed(body: bytes, asked: Asked) -> dict[str, Any]:
    """The JSON object of a body.

    Args:
        body: A whole reply.
        asked: Who was asked, for messages.

    Raises:
        BrokenOff: if it is none.
    """
    if not body.strip():
        raise nonsense(asked, "an empty reply")
    document = _parsed(body)
    if document is None:
        raise nonsense(asked, "a reply that is not JSON")
    if not isinstance(document[0], dict):
        raise nonsense(asked, "JSON that is no object")
    return document[0]


def _parsed(data: str | bytes) -> tuple[Any] | None:
    """The document in a tuple, as it may be null; None where it is no JSON."""
    try:
        return (json.loads(data),)
    except (ValueError, RecursionError):
        return None
