"""JSON schemas of Anthropic's Messages API, as the server reads and writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.serving.chat import MOST_STOPS
from moaql.serving.messages import CHOICES, PASSED_OVER, UNSUPPORTED
from moaql.serving.schemas import COUNT, FLAG, NAME, TEXT, an_object, bill_schema, own_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT_BLOCK: dict[str, Any] = an_object({"type": {"const": "text"}, "text": TEXT}, "type", "text")
_TEXTS: dict[str, Any] = {"anyOf": [TEXT, {"type": "array", "items": _TEXT_BLOCK}]}
_THOUGHT: dict[str, Any] = an_object({"type": {"enum": ["thinking", "redacted_thinking"]}}, "type")
_NOTHING: dict[str, Any] = {
    "enum": [None, [], {}, {"type": "disabled"}],
    "description": "Not supported: only values that ask for nothing are taken.",
}


def message_schemas(models: Sequence[str]) -> dict[str, Any]:
    """All of them, by name.

    Args:
        models: Names of what is served.
    """
    error = an_object({"type": TEXT, "message": TEXT}, "type", "message", closed=True)
    document = an_object({"type": {"const": "error"}, "error": error}, "type", "error", closed=True)
    return {
        "MessageRequest": _request(models),
        "MessageTurn": {"anyOf": [_user(), _assistant()]},
        "Message": _message(),
        "MessageEvent": an_object({"type": NAME}, "type"),
        "MessageError": document,
    }


def _request(models: Sequence[str]) -> dict[str, Any]:
    messages = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/MessageTurn"}}
    properties = {
        "model": {"enum": list(models)},
        "max_tokens": {"type": "integer", "minimum": 1, "maximum": 2**31},
        "messages": messages | {"description": "It ends with the user's."},
        "system": {"anyOf": [{"type": "null"}, TEXT, {"type": "array", "items": {"anyOf": [TEXT, _TEXT_BLOCK]}}]},
        "stop_sequences": {"anyOf": [{"type": "null"}, {"type": "array", "items": NAME, "maxItems": MOST_STOPS}]},
        "stream": FLAG,
        "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
        "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "tools": {"anyOf": [{"type": "null"}, {"type": "array", "items": _tool()}]},
        "tool_choice": {"anyOf": [{"type": "null"}, _any_choice(), _named_choice()]},
        "moaql": {"anyOf": [{"type": "null"}, own_schema()]},
    }
    properties |= {name: {"description": "Passed over."} for name in sorted(PASSED_OVER)}
    properties |= dict.fromkeys(sorted(UNSUPPORTED), _NOTHING)
    asks_nothing = {"anyOf": [{"type": "null"}, _choice(["auto", "none"])]}
    without = {"properties": {"tool_choice": asks_nothing}}
    with_tools = an_object({"tools": {"type": "array", "minItems": 1}}, "tools")
    whole = an_object(properties, "model", "max_tokens", "messages", closed=True)
    return whole | {"anyOf": [without, with_tools]}


def _tool() -> dict[str, Any]:
    kind = {"enum": ["custom", None]}
    return an_object({"name": NAME, "input_schema": {"type": "object"}, "type": kind}, "name", "input_schema")


def _any_choice() -> dict[str, Any]:
    return _choice(sorted(CHOICES))


def _choice(kinds: list[str]) -> dict[str, Any]:
    return an_object({"type": {"enum": kinds}, "disable_parallel_tool_use": FLAG}, "type")


def _named_choice() -> dict[str, Any]:
    kind = {"type": {"const": "tool"}, "name": NAME, "disable_parallel_tool_use": FLAG}
    return an_object(kind, "type", "name")


def _user() -> dict[str, Any]:
    url = {"type": {"const": "url"}, "url": {"type": "string", "pattern": "^https?://"}}
    data = {"type": {"const": "base64"}, "media_type": {"type": "string", "pattern": "^image/"}, "data": TEXT}
    source = {"anyOf": [an_object(url, *url), an_object(data, *data)]}
    image = an_object({"type": {"const": "image"}, "source": source}, "type", "source")
    said = {"anyOf": [{"type": "null"}, _TEXTS]}
    told = {"type": {"const": "tool_result"}, "tool_use_id": NAME, "content": said}
    blocks = {"anyOf": [_TEXT_BLOCK, image, an_object(told, "type", "tool_use_id"), _THOUGHT]}
    content = {"anyOf": [TEXT, {"type": "array", "items": blocks}]}
    return an_object({"role": {"const": "user"}, "content": content}, "role", "content")


def _assistant() -> dict[str, Any]:
    used = {"type": {"const": "tool_use"}, "id": TEXT, "name": TEXT, "input": {"type": "object"}}
    blocks = {"anyOf": [_TEXT_BLOCK, an_object(used, *used), _THOUGHT]}
    content = {"anyOf": [TEXT, {"type": "array", "items": blocks}]}
    return an_object({"role": {"const": "assistant"}, "content": content}, "role", "content")


def _message() -> dict[str, Any]:
    text = an_object({"type": {"const": "text"}, "text": TEXT}, "type", "text", closed=True)
    used = {"type": {"const": "tool_use"}, "id": TEXT, "name": TEXT, "input": {"type": "object"}}
    blocks = {"type": "array", "items": {"anyOf": [text, an_object(used, *used, closed=True)]}}
    usage = {"input_tokens": COUNT, "output_tokens": COUNT}
    properties = {
        "id": TEXT,
        "type": {"const": "message"},
        "role": {"const": "assistant"},
        "model": TEXT,
        "content": blocks,
        "stop_reason": {"enum": ["end_turn", "max_tokens", "tool_use"]},
        "stop_sequence": {"type": "null"},
        "usage": an_object(usage, *usage, closed=True),
        "moaql": bill_schema(),
    }
    return an_object(properties, *properties, closed=True)
