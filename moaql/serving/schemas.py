"""JSON schemas of what the server reads and writes, for its description: as strict as the server is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.serving.chat import MOST_CHOICES, MOST_STOPS, PASSED_OVER, UNSUPPORTED
from moaql.serving.conversation import DETAILS
from moaql.serving.tools import CHOICES

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
NAME: dict[str, Any] = {"type": "string", "minLength": 1}
FLAG: dict[str, Any] = {"type": ["boolean", "null"]}
_LIMIT: dict[str, Any] = {"type": ["integer", "null"], "minimum": 1, "maximum": 2**31}
_DOLLARS: dict[str, Any] = {"type": ["number", "null"], "description": "Dollars; null where a price is unknown."}
_FINISH: dict[str, Any] = {"enum": ["stop", "length", "tool_calls"]}
_NO_VALUE: dict[str, Any] = {"enum": [None, False, 0, "", [], {}]}
_NOTHING: dict[str, Any] = {
    "enum": [None, False, 0, "", "none", "auto", [], {}, ["text"]],
    "description": "Not supported: only values that ask for nothing are taken.",
}


def an_object(properties: dict[str, Any], *required: str, closed: bool = False) -> dict[str, Any]:
    """The schema of an object.

    Args:
        properties: Schemas by name.
        required: Names of those that must be there.
        closed: Whether it has no others.
    """
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema |= {"required": list(required)} if required else {}
    return schema | ({"additionalProperties": False} if closed else {})


def schemas(models: Sequence[str]) -> dict[str, Any]:
    """All schemas, by name.

    Args:
        models: Names of what is served.
    """
    model = an_object(
        {
            "id": TEXT,
            "object": {"const": "model"},
            "created": COUNT,
            "owned_by": {"const": "moaql"},
            "moaql": an_object({"calls_at_most": COUNT, "simulated": {"type": "boolean"}}, closed=True),
        },
        *("id", "object", "created", "owned_by", "moaql"),
        closed=True,
    )
    return {
        "ChatRequest": _request(models),
        "ChatMessage": _message(),
        "ChatCompletion": _completion(),
        "ChatChunk": _chunk(),
        "Model": model,
        "ModelList": an_object(
            {"object": {"const": "list"}, "data": {"type": "array", "items": model}}, "object", "data", closed=True
        ),
        "Health": an_object({"status": {"const": "ok"}}, "status", closed=True),
        "Error": _error(),
    }


def _request(models: Sequence[str]) -> dict[str, Any]:
    messages = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/ChatMessage"}}
    properties = {
        "model": {"enum": list(models)},
        "messages": messages | {"description": "It ends with a question of the user, or with what a tool said."},
        "n": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_CHOICES},
        "stream": FLAG,
        "stream_options": {"anyOf": [{"type": "null"}, an_object({"include_usage": FLAG})]},
        "seed": {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1},
        "stop": {"anyOf": [{"type": "null"}, NAME, {"type": "array", "items": NAME, "maxItems": MOST_STOPS}]},
        "max_tokens": _LIMIT,
        "max_completion_tokens": _LIMIT,
        "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
        "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "response_format": _format(),
        "tools": {"anyOf": [{"type": "null"}, {"type": "array", "items": _tool()}]},
        "tool_choice": {"anyOf": [{"enum": [None, *CHOICES]}, _tool()]},
        "parallel_tool_calls": FLAG,
        "moaql": {"anyOf": [{"type": "null"}, own_schema()]},
    }
    properties |= {name: {"description": "Passed over."} for name in sorted(PASSED_OVER)}
    properties |= dict.fromkeys(sorted(UNSUPPORTED), _NOTHING)
    without_stream = {"properties": {"stream_options": {"type": "null"}}}
    without_tools = {"properties": {"tool_choice": {"enum": [None, "none", "auto"]}}}
    conditions = [
        {"anyOf": [without_stream, an_object({"stream": {"const": True}}, "stream")]},
        {"anyOf": [without_tools, an_object({"tools": {"type": "array", "minItems": 1}}, "tools")]},
    ]
    return an_object(properties, "model", "messages", closed=True) | {"allOf": conditions}


def _format() -> dict[str, Any]:
    return {
        "anyOf": [
            {"type": "null"},
            an_object({"type": {"const": "text"}}, "type", closed=True),
            an_object({"type": {"const": "json_object"}}, "type"),
            an_object({"type": {"const": "json_schema"}, "json_schema": {"type": "object"}}, "type", "json_schema"),
        ]
    }


def _tool() -> dict[str, Any]:
    return an_object({"type": {"const": "function"}, "function": an_object({"name": NAME}, "name")}, "type", "function")


def own_schema() -> dict[str, Any]:
    """The schema of the field `moaql` of a request."""
    fields = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
    return an_object({"fields": fields}, "fields", closed=True)


def _message() -> dict[str, Any]:
    text = an_object({"type": {"const": "text"}, "text": TEXT}, "type", "text")
    url = {"type": "string", "pattern": "^(https://|http://|data:image/)"}
    place = an_object({"url": url, "detail": {"enum": [None, *DETAILS]}}, "url")
    image = an_object({"type": {"const": "image_url"}, "image_url": place}, "type", "image_url")
    texts = {"anyOf": [TEXT, {"type": "array", "items": text}]}
    shown = {"anyOf": [TEXT, {"type": "array", "items": {"anyOf": [text, image]}}]}
    function = an_object({"name": TEXT, "arguments": TEXT}, "name", "arguments")
    call = an_object({"id": TEXT, "type": {"const": "function"}, "function": function}, "id", "function")
    none = {"function_call": _NO_VALUE, "tool_calls": _NO_VALUE}
    calls = {"type": "array", "minItems": 1, "items": call}
    said = {"anyOf": [{"type": "null"}, texts]}
    id = {"tool_call_id": NAME, "function_call": _NO_VALUE}
    return {
        "anyOf": [
            an_object({"role": {"enum": ["system", "developer"]}, "content": texts} | none, "role", "content"),
            an_object({"role": {"const": "user"}, "content": shown} | none, "role", "content"),
            an_object({"role": {"const": "assistant"}, "content": texts} | none, "role", "content"),
            an_object(
                {"role": {"const": "assistant"}, "content": said, "tool_calls": calls, "function_call": _NO_VALUE},
                *("role", "tool_calls"),
            ),
            an_object({"role": {"const": "tool"}, "content": texts} | id, "role", "content", "tool_call_id"),
        ]
    }


def _completion() -> dict[str, Any]:
    said = {
        "role": {"const": "assistant"},
        "content": {"type": ["string", "null"]},
        "refusal": {"type": "null"},
    }
    calls = {"type": "array", "minItems": 1, "items": _call()}
    message = an_object(said | {"tool_calls": calls}, *said, closed=True)
    choice = {"index": COUNT, "message": message, "logprobs": {"type": "null"}, "finish_reason": _FINISH}
    items = an_object(choice, *choice, closed=True)
    choices = {"type": "array", "minItems": 1, "maxItems": MOST_CHOICES, "items": items}
    properties = _head("chat.completion") | {"choices": choices, "usage": _usage(), "moaql": bill_schema()}
    return an_object(properties, *properties, closed=True)


def _chunk() -> dict[str, Any]:
    calls = {"type": "array", "minItems": 1, "items": _call(index=COUNT)}
    content = {"type": ["string", "null"]}
    delta = an_object({"role": {"const": "assistant"}, "content": content, "tool_calls": calls}, closed=True)
    finish = {"anyOf": [{"type": "null"}, _FINISH]}
    choice = {"index": COUNT, "delta": delta, "logprobs": {"type": "null"}, "finish_reason": finish}
    choices = {"type": "array", "maxItems": 1, "items": an_object(choice, *choice, closed=True)}
    properties = _head("chat.completion.chunk") | {"choices": choices}
    return an_object(properties | {"usage": _usage(), "moaql": bill_schema()}, *properties, closed=True)


def _call(**more: Any) -> dict[str, Any]:
    """A call of a tool, as an answer holds it."""
    function = an_object({"name": TEXT, "arguments": TEXT}, "name", "arguments", closed=True)
    properties = {"id": TEXT, "type": {"const": "function"}, "function": function} | more
    return an_object(properties, *properties, closed=True)


def _head(kind: str) -> dict[str, Any]:
    return {"id": TEXT, "object": {"const": kind}, "created": COUNT, "model": TEXT, "system_fingerprint": TEXT}


def _usage() -> dict[str, Any]:
    usage = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), COUNT)
    return an_object(usage, *usage, closed=True)


def bill_schema() -> dict[str, Any]:
    """The schema of the field `moaql` of an answer."""
    properties = {
        "topology": TEXT,
        "cost": _DOLLARS,
        "paid": _DOLLARS,
        "trace_id": TEXT,
        "trace_ids": {"type": "array", "items": TEXT},
        "latency_s": {"type": "number", "minimum": 0},
        "calls": COUNT,
        "banked": COUNT,
        "lost": COUNT,
        "simulated": {"type": "boolean"},
        "ignored": {"type": "array", "items": TEXT},
    }
    return an_object(properties, *properties, closed=True)


def _error() -> dict[str, Any]:
    maybe = {"type": ["string", "null"]}
    error = an_object(
        {"message": TEXT, "type": TEXT, "param": maybe, "code": maybe}, "message", "type", "param", "code", closed=True
    )
    return an_object({"error": error}, "error", closed=True)
