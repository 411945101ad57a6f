"""Calls of tools in the bank: it keeps texts, so an answer that calls tools is kept as its message in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.providers.base import Request, Response

CALLS_TOOLS = "tool_calls"
"""The `finish` of an answer that calls tools."""


def said(response: Response) -> str:
    """All that an answer says, as one text: the text itself, or the message in JSON where it calls tools."""
    if not response.tool_calls:
        return response.text
    return json.dumps({"content": response.text, "tool_calls": list(response.tool_calls)})


def as_text(response: Response) -> Response:
    """The response as it is kept."""
    return replace(response, text=said(response), tool_calls=()) if response.tool_calls else response


def with_calls(response: Response, request: Request) -> Response:
    """The response as it was before it was kept."""
    if response.finish != CALLS_TOOLS or "tools" not in dict(request.settings):
        return response
    try:
        message = json.loads(response.text)
    except ValueError:
        return response
    if not isinstance(message, dict) or set(message) != {"content", "tool_calls"}:
        return response
    return replace(response, text=message["content"], tool_calls=tuple(message["tool_calls"]))
