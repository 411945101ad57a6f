"""Vectors of texts, from any endpoint that speaks OpenAI's `/embeddings`. The text of the response is the vector, as JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from moaql.providers.base import Response
from moaql.providers.endpoints import base_url, below
from moaql.providers.fields import an_object, count, objects, text
from moaql.providers.replies import nonsense
from moaql.providers.wire import Wire

if TYPE_CHECKING:
    from moaql.providers.base import OnText, Request, Transport
    from moaql.providers.replies import Asked
    from moaql.providers.wire import Gathered


class Embeddings(Wire):
    """Asks for the vector of the last message of the user."""

    async def answer(self, request: Request, transport: Transport, on_text: OnText | None = None) -> Response:
        """The vector; it never comes in pieces."""
        response = await super().answer(request, transport)
        if on_text is not None:
            on_text(response.text)
        return response

    def url(self, request: Request, streamed: bool) -> str:
        """`…/embeddings` below the base URL."""
        del streamed
        return below(base_url(request, "v1"), "/embeddings")

    def headers(self, key: str) -> dict[str, str]:
        """The key as a bearer."""
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, request: Request, streamed: bool) -> dict[str, Any]:
        """Model and text."""
        del streamed
        asked = next((content for role, content in reversed(request.messages) if role == "user"), "")
        return {"model": request.model, "input": asked}

    def read(self, document: dict[str, Any], asked: Asked) -> Response:
        """The vector of a whole reply."""
        first = next(iter(objects(document.get("data"))), {})
        vector = first.get("embedding")
        if not isinstance(vector, list) or not vector or not all(map(_is_number, vector)):
            raise nonsense(asked, "a reply without a vector (no `data[0].embedding`)")
        # A vector has no tokens, and a response must have one, or its length would be taken for tokens.
        return Response(
            json.dumps([float(f"{value:.6g}") for value in vector], separators=(",", ":")),
            prompt_tokens=count(an_object(document.get("usage")).get("prompt_tokens")),
            completion_tokens=1,
            model=text(document.get("model")),
        )

    def gather(self, asked: Asked) -> Gathered:
        """Nothing: a stream is never asked for."""
        raise nonsense(asked, "a stream of vectors")


def vector_in(answer: str) -> tuple[float, ...]:
    """The vector in the text of a response.

    Raises:
        ValueError: if it is none.
    """
    found = json.loads(answer)
    if not isinstance(found, list) or not all(map(_is_number, found)):
        raise ValueError("it is no list of numbers")
    return tuple(found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


PROVIDER = Embeddings()
