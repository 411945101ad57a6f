"""The server's description in OpenAPI 3.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql import __version__
from moaql.serving.chat import MOST_CHOICES

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_DOLLARS = {"type": ["number", "null"], "description": "Dollars; null where a price is unknown."}
_ERRORS = {
    "400": "The request makes no sense, or asks for what is not supported.",
    "401": "The key is wrong or missing.",
    "404": "There is no such model.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body is not sent as JSON.",
    "429": "Too many requests, or the dollars are used up.",
    "500": "The server failed.",
    "502": "No model gave an answer.",
    "503": "The server is offline, and never had this answer.",
    "504": "The answer took too long.",
}


def describe(models: Sequence[str], *, need_keys: bool) -> dict[str, Any]:
    """The document of `/openapi.json`.

    Args:
        models: Names of what is served.
        need_keys: Whether a key is needed.
    """
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "moaql",
            "version": __version__,
            "description": "Ensembles of language models behind OpenAI's chat API.",
        },
        "paths": {
            "/v1/chat/completions": {"post": _chat()},
            "/v1/models": {"get": _get("The models: topologies.", "ModelList")},
            "/v1/models/{name}": {
                "get": _get("One model.", "Model")
                | {"parameters": [{"name": "name", "in": "path", "required": True, "schema": _TEXT}]}
            },
            "/health": {"get": _get("Whether the server is there; needs no key.", None) | {"security": []}},
            "/metrics": {"get": _get("Counts for Prometheus, as text.", None)},
        },
        "components": {"schemas": _schemas(models)},
    }
    if need_keys:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    return document


def _chat() -> dict[str, Any]:
    stream = {"text/event-stream": {"schema": _TEXT}}
    good = {"description": "The answer; with `stream`, events of chat.completion.chunk objects, then `[DONE]`."}
    answers: dict[str, Any] = {"200": good | {"content": _json("ChatCompletion") | stream}}
    answers |= {code: {"description": text, "content": _json("Error")} for code, text in _ERRORS.items()}
    return {
        "summary": "Answer a conversation.",
        "requestBody": {"required": True, "content": _json("ChatRequest")},
        "responses": answers,
    }


def _get(summary: str, schema: str | None) -> dict[str, Any]:
    good: dict[str, Any] = {"description": summary}
    return {"summary": summary, "responses": {"200": good | ({"content": _json(schema)} if schema else {})}}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _schemas(models: Sequence[str]) -> dict[str, Any]:
    message = _object(
        {"role": {"enum": ["system", "developer", "user", "assistant"]}, "content": {}}, "role", "content"
    )
    limit = {"type": "integer", "minimum": 1}
    model = _object({"id": _TEXT, "object": {"const": "model"}, "created": _COUNT, "owned_by": _TEXT}, "id")
    return {
        "ChatRequest": _object(
            {
                "model": {"enum": list(models)},
                "messages": {"type": "array", "minItems": 1, "items": message},
                "n": {"type": "integer", "minimum": 1, "maximum": MOST_CHOICES},
                "stream": {"type": "boolean"},
                "stream_options": _object({"include_usage": {"type": "boolean"}}),
                "seed": {"type": "integer"},
                "stop": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "maxItems": 4}]},
                "max_tokens": limit,
                "max_completion_tokens": limit,
                "temperature": {"type": "number", "minimum": 0, "maximum": 2},
                "top_p": {"type": "number", "minimum": 0, "maximum": 1},
                "response_format": _object({"type": {"enum": ["text", "json_object", "json_schema"]}}, "type"),
                "moaql": _object({"fields": {"type": "object"}}),
            },
            "model",
            "messages",
        ),
        "ChatCompletion": _object(
            {
                "id": _TEXT,
                "object": {"const": "chat.completion"},
                "created": _COUNT,
                "model": _TEXT,
                "system_fingerprint": _TEXT,
                "choices": {"type": "array", "items": {"type": "object"}},
                "usage": _object(
                    {"prompt_tokens": _COUNT, "completion_tokens": _COUNT, "total_tokens": _COUNT}, "total_tokens"
                ),
                "moaql": _object(
                    {
                        "topology": _TEXT,
                        "cost": _DOLLARS,
                        "paid": _DOLLARS,
                        "trace_id": _TEXT,
                        "trace_ids": {"type": "array", "items": _TEXT},
                        "latency_s": {"type": "number"},
                        "calls": _COUNT,
                        "banked": _COUNT,
                        "lost": _COUNT,
                        "simulated": {"type": "boolean"},
                        "ignored": {"type": "array", "items": _TEXT},
                    }
                ),
            },
            "id",
            "choices",
            "usage",
            "moaql",
        ),
        "Model": model,
        "ModelList": _object({"object": {"const": "list"}, "data": {"type": "array", "items": model}}, "data"),
        "Error": _object(
            {
                "error": _object(
                    {"message": _TEXT, "type": _TEXT, "param": {"type": ["string", "null"]}, "code": {}}, "message"
                )
            },
            "error",
        ),
    }
