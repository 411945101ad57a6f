"""Calls of tools in answers by OpenAI's protocol: gathered from a whole message or from the pieces of a stream.

Servers differ: some number the calls of a stream and some do not, some repeat ids and names in every piece, and some write the
arguments as an object where the protocol has a text.
"""

from __future__ import annotations

import json
from typing import Any

from moaql.providers.fields import an_object, objects, text


class GatheredCalls:
    """The calls of tools of one answer while they arrive."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}

    def take(self, message: dict[str, Any]) -> None:
        """Take in a message, or a piece of one."""
        for position, call in enumerate(objects(message.get("tool_calls"))):
            held = self._held(call, position)
            function = an_object(call.get("function"))
            held["id"] = held["id"] or text(call.get("id"))
            held["name"] = held["name"] or text(function.get("name"))
            arguments = function.get("arguments")
            held["arguments"] += json.dumps(arguments) if isinstance(arguments, dict) else text(arguments)

    def _held(self, call: dict[str, Any], position: int) -> dict[str, str]:
        """What is known so far of the call that this is a piece of."""
        index = call.get("index")
        place = index if isinstance(index, int) else self._place(text(call.get("id")), position)
        return self._calls.setdefault(place, {"id": "", "name": "", "arguments": ""})

    def _place(self, id: str, position: int) -> int:
        """Where a call without a number belongs: to the one with its id, or behind the others."""
        known = next((place for place, held in self._calls.items() if id and held["id"] == id), None)
        if known is not None:
            return known
        begins = bool(id) and position in self._calls
        return max(self._calls) + 1 if begins else position

    def calls(self) -> tuple[dict[str, Any], ...]:
        """All of them, as they stand in a message; one that names no tool is none."""
        named = [held for _, held in sorted(self._calls.items()) if held["name"]]
        return tuple(
            {
                "id": held["id"] or f"call_{number}",
                "type": "function",
                "function": {"name": held["name"], "arguments": held["arguments"]},
            }
            for number, held in enumerate(named)
        )
