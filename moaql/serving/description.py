"""The server's description in OpenAPI 3.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql import __version__
from moaql.serving.message_schemas import message_schemas
from moaql.serving.schemas import TEXT, an_object, schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ERRORS = {
    "400": "The request makes no sense, asks for what is not supported, or is too long for the models.",
    "401": "The key is wrong or missing.",
    "403": "The server is not called by that name.",
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
_HEADERS: dict[str, dict[str, Any]] = {
    "401": {"www-authenticate": {"required": True, "schema": {"const": "Bearer"}}},
    "429": {"retry-after": {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}},
}


def describe(models: Sequence[str], *, need_keys: bool) -> dict[str, Any]:
    """The document of `/openapi.json`.

    Args:
        models: Names of what is served.
        need_keys: Whether a key is needed.
    """
    name = {"name": "name", "in": "path", "required": True, "schema": TEXT | {"minLength": 1}}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "moaql",
            "version": __version__,
            "description": "Ensembles of language models behind OpenAI's chat API, and Anthropic's.",
        },
        "paths": {
            "/v1/chat/completions": {"post": _chat(need_keys)},
            "/v1/messages": {"post": _message(need_keys)},
            "/v1/models": {"get": _get("The models: topologies.", _json("ModelList"), need_keys)},
            "/v1/models/{name}": {
                "get": _get("One model.", _json("Model"), need_keys, "404") | {"parameters": [name]},
            },
            "/health": {
                "get": _get("Whether the server is there; needs no key.", _json("Health"), False) | {"security": []}
            },
            "/metrics": {"get": _get("Counts for Prometheus.", {"text/plain": {"schema": TEXT}}, need_keys)},
            "/openapi.json": {
                "get": _get("This document.", {"application/json": {"schema": {"type": "object"}}}, need_keys)
            },
        },
        "components": {"schemas": schemas(models) | message_schemas(models)},
    }
    if need_keys:
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer"},
            "own": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        }
        document["security"] = [{"key": []}, {"own": []}]
    return document


def _chat(need_keys: bool) -> dict[str, Any]:
    good = {"description": "The answer; with `stream`, events of chat.completion.chunk objects, then `[DONE]`."}
    content = _json("ChatCompletion") | {"text/event-stream": {"schema": _event("ChatChunk", "Error")}}
    return {
        "summary": "Answer a conversation.",
        "requestBody": {"required": True, "content": _json("ChatRequest")},
        "responses": {"200": good | {"content": content}} | _errors(_ERRORS, need_keys),
    }


def _message(need_keys: bool) -> dict[str, Any]:
    good = {"description": "The answer; with `stream`, the events of a message."}
    content = _json("Message") | {"text/event-stream": {"schema": _event("MessageEvent", "MessageError")}}
    return {
        "summary": "Answer a conversation, in the form of Anthropic's API.",
        "requestBody": {"required": True, "content": _json("MessageRequest")},
        "responses": {"200": good | {"content": content}} | _errors(_ERRORS, need_keys, "MessageError"),
    }


def _get(summary: str, content: dict[str, Any], need_keys: bool, *statuses: str) -> dict[str, Any]:
    good = {"200": {"description": summary, "content": content}}
    return {"summary": summary, "responses": good | _errors(("401", "403", *statuses), need_keys)}


def _errors(statuses: Iterable[str], need_keys: bool, schema: str = "Error") -> dict[str, Any]:
    """What else may be answered. A server without keys knows no wrong ones."""
    return {
        status: {"description": _ERRORS[status], "content": _json(schema)}
        | ({"headers": _HEADERS[status]} if status in _HEADERS else {})
        for status in statuses
        if need_keys or status != "401"
    }


def _event(*schemas: str) -> dict[str, Any]:
    """One event of a stream: before OpenAPI 3.2, that is what the schema of a stream describes."""
    held = {"contentMediaType": "application/json", "contentSchema": {"anyOf": [_ref(schema) for schema in schemas]}}
    return an_object({"event": TEXT, "data": TEXT | {"anyOf": [{"const": "[DONE]"}, held]}}, "data")


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(schema)}}
