"""OpenAI's chat protocol as a server speaks it: bodies of requests to requests, responses to bodies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.providers.base import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.providers.base import Response

MOST_CHOICES = 128
_PIECE = 24
_SETTINGS = {
    "temperature": (float, 0, 2),
    "top_p": (float, 0, 1),
    "max_tokens": (int, 1, 2**31),
    "seed": (int, -(2**63), 2**63),
}


class BadRequest(Exception):  # noqa: N818
    """A body that makes no sense; its text says why."""


@dataclass(frozen=True)
class Options:
    """What a body asks for besides the answer: a stream, usage at its end, probabilities of tokens."""

    stream: bool = False
    usage: bool = False
    logprobs: bool = False


def read_request(body: Any) -> tuple[Request, int, Options]:
    """The request, the number of choices and the options of a body.

    Raises:
        BadRequest: if the body is none.
    """
    if not isinstance(body, dict):
        raise BadRequest("the body is no object")
    model, messages = body.get("model"), body.get("messages")
    if not isinstance(model, str) or not model:
        raise BadRequest("`model` is missing")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("`messages` is missing")
    count = body.get("n", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_CHOICES:
        raise BadRequest(f"`n` must be a whole number from 1 to {MOST_CHOICES}")
    logprobs = bool(body.get("logprobs"))
    streaming = body.get("stream_options")
    usage = isinstance(streaming, dict) and bool(streaming.get("include_usage"))
    request = Request(
        "sim", model.removeprefix("sim/"), tuple(map(_message, messages)), _settings(body, logprobs=logprobs)
    )
    return request, count, Options(bool(body.get("stream")), usage, logprobs)


def _message(message: Any) -> tuple[str, str]:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise BadRequest("a message has a `role` and a `content`")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise BadRequest("the content of a message is a text")
    return message["role"], content


def _settings(body: dict[str, Any], *, logprobs: bool) -> tuple[tuple[str, Any], ...]:
    found: dict[str, Any] = {}
    if "max_completion_tokens" in body and "max_tokens" not in body:
        body = {**body, "max_tokens": body["max_completion_tokens"]}
    for name, (kind, low, high) in _SETTINGS.items():
        value = body.get(name)
        if value is None:
            continue
        whole = isinstance(value, int) and not isinstance(value, bool)
        number = whole or (kind is float and isinstance(value, float) and math.isfinite(value))
        if not number or not low <= value <= high:
            raise BadRequest(f"`{name}` is out of range")
        found[name] = value
    stop = body.get("stop")
    if stop is not None:
        stops = [stop] if isinstance(stop, str) else stop
        if not isinstance(stops, list) or not all(isinstance(each, str) for each in stops):
            raise BadRequest("`stop` is a text or a list of texts")
        found["stop"] = tuple(stops)
    if logprobs:
        found["logprobs"] = True
    return tuple(sorted(found.items()))


def error_body(message: str, kind: str, code: int | str) -> dict[str, Any]:
    """An error as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def completion(name: str, responses: list[Response], *, logprobs: bool) -> dict[str, Any]:
    """The body of a whole reply."""
    choices = [
        {
            "index": number,
            "message": {"role": "assistant", "content": each.text},
            "logprobs": _logprobs(each) if logprobs else None,
            "finish_reason": each.finish,
        }
        for number, each in enumerate(responses)
    ]
    return {
        "id": name,
        "object": "chat.completion",
        "created": 0,
        "model": responses[0].model,
        "choices": choices,
        "usage": _usage(responses),
    }


def chunks(name: str, responses: list[Response], *, usage: bool) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed reply; with `usage`, the last has no choices and the usage."""
    base = {"id": name, "object": "chat.completion.chunk", "created": 0, "model": responses[0].model}
    for number, each in enumerate(responses):
        yield {**base, "choices": [_delta(number, {"role": "assistant", "content": ""}, None)]}
        for start in range(0, len(each.text), _PIECE):
            yield {**base, "choices": [_delta(number, {"content": each.text[start : start + _PIECE]}, None, each)]}
        yield {**base, "choices": [_delta(number, {}, each.finish)]}
    if usage:
        yield {**base, "choices": [], "usage": _usage(responses)}


def _delta(number: int, delta: dict[str, Any], finish: str | None, response: Response | None = None) -> dict[str, Any]:
    known = response is not None and response.confidence is not None
    return {
        "index": number,
        "delta": delta,
        "logprobs": _logprobs(response, delta["content"]) if known and response is not None else None,
        "finish_reason": finish,
    }


def _usage(responses: list[Response]) -> dict[str, int]:
    read = responses[0].prompt_tokens or 0
    written = sum(each.completion_tokens or 0 for each in responses)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _logprobs(response: Response, text: str | None = None) -> dict[str, Any]:
    """One entry for every few characters. Their probabilities are all the same, so that their mean is the confidence."""
    text = response.text if text is None else text
    value = math.log(response.confidence or 1.0)
    pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
    return {
        "content": [
            {"token": each, "logprob": value, "bytes": list(each.encode("utf-8", "replace")), "top_logprobs": []}
            for each in pieces
        ]
    }
