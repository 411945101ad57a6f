"""Answers in the shapes of Anthropic's Messages API, whole and as events, and its errors.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moaql.serving.completions import Head, bill_of, calls_of, usage_of
from moaql.serving.failures import Failure
from moaql.serving.streams import Stream
from moaql.serving.tools import plain_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Send

    from moaql.run.result import Answer
    from moaql.serving.metrics import Metrics
    from moaql.serving.programs import Served

_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}


def message(head: Head, answers: Sequence[Answer], served: Served, ignored: Sequence[str]) -> dict[str, Any]:
    """A whole reply."""
    (answer,) = answers
    calls = [
        {"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": _input(call)}
        for call in calls_of(answer)
    ]
    texts = [{"type": "text", "text": answer.text}] if answer.text or not calls else []
    ends = {"stop_reason": _stop_reason(answer), "stop_sequence": None, "usage": _usage(answers)}
    return _opening(head) | {"content": [*texts, *calls]} | ends | {"moaql": bill_of(answers, served, ignored)}


def error_body(failure: Failure) -> dict[str, Any]:
    """A failure as Anthropic writes it."""
    kind = _KINDS.get(failure.status, "invalid_request_error" if failure.status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": failure.message}}


class MessageStream(Stream):
    """A reply as the events of a message: one block of text, and one for each call of a tool."""

    def __init__(self, head: Head, send: Send, metrics: Metrics) -> None:
        super().__init__(head, send, metrics)
        self._opened = False
        self._writing = False

    async def say(self, pieces: Sequence[tuple[int, str]]) -> None:
        """The next pieces of the text."""
        data = self._open()
        if not self._writing:
            self._writing = True
            data += _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        deltas = [{"type": "text_delta", "text": piece} for _, piece in pieces]
        said = b"".join(_event("content_block_delta", index=0, delta=delta) for delta in deltas)
        await self._write(data + said)

    async def alive(self) -> None:
        """A ping, which clients expect behind the beginning of the message alone."""
        await self._write(self._open() + _event("ping"))

    async def end(self, answers: Sequence[Answer], bill: dict[str, Any], *, usage: bool) -> None:
        """The calls of tools, why it ends, and the tokens, which are always told."""
        del usage
        (answer,) = answers
        data = self._open()
        if self._writing:
            data += _event("content_block_stop", index=0)
        for index, call in enumerate(calls_of(answer), int(self._writing)):
            block = {"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": {}}
            written = {"type": "input_json_delta", "partial_json": json.dumps(_input(call))}
            data += _event("content_block_start", index=index, content_block=block)
            data += _event("content_block_delta", index=index, delta=written)
            data += _event("content_block_stop", index=index)
        delta = {"stop_reason": _stop_reason(answer), "stop_sequence": None}
        data += _event("message_delta", delta=delta, usage=_usage(answers), moaql=bill)
        await self._write(data + _event("message_stop"), more=False)

    async def fail(self, failure: Failure) -> None:
        """An event `error`, and none after it."""
        await self._write(_event(**error_body(failure)), more=False)

    def _open(self) -> bytes:
        """The beginning, where it was not sent yet. Its tokens are known at the end alone."""
        if self._opened:
            return b""
        self._opened = True
        nothing: dict[str, Any] = {"content": [], "stop_reason": None, "stop_sequence": None}
        usage = {"input_tokens": 0, "output_tokens": 0}
        return _event("message_start", message=_opening(self._head) | nothing | {"usage": usage})


def _opening(head: Head) -> dict[str, Any]:
    id = head.id.replace("chatcmpl-", "msg_", 1)
    return {"id": id, "type": "message", "role": "assistant", "model": head.model}


def _event(type: str, **document: Any) -> bytes:
    data = json.dumps({"type": type, **document}, separators=(",", ":")).encode("ascii")
    return f"event: {type}\ndata: ".encode() + data + b"\n\n"


def _input(call: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call as an object; what is none stands in one, as Anthropic advises."""
    text = call["function"]["arguments"]
    try:
        found = plain_json(json.loads(text or "{}"), "arguments")
    except (ValueError, RecursionError, Failure):
        found = None
    return found if isinstance(found, dict) else {"INVALID_JSON": text}


def _stop_reason(answer: Answer) -> str:
    if calls_of(answer):
        return "tool_use"
    return "max_tokens" if answer.candidate.truncated else "end_turn"


def _usage(answers: Sequence[Answer]) -> dict[str, int]:
    used = usage_of(answers)
    return {"input_tokens": used["prompt_tokens"], "output_tokens": used["completion_tokens"]}
