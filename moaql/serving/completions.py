"""Answers in the shapes of OpenAI's chat completions, whole and as chunks, with what moaql knows besides in a field `moaql`."""

from __future__ import annotations

import json
import math
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.run.result import Answer
    from moaql.serving.programs import Served

DONE = b"data: [DONE]\n\n"
ALIVE = b": still working\n\n"
"""A comment, which clients pass over, and which keeps those in between from closing a connection that is silent."""


@dataclass(frozen=True)
class Head:
    """What all documents of one reply begin with.

    Attributes:
        model: The topology, by the name that the client used.
        fingerprint: Its version.
        id: Of the reply.
        created: Seconds since 1970.
    """

    model: str
    fingerprint: str
    id: str = field(default_factory=lambda: f"chatcmpl-{random.getrandbits(96):024x}")
    created: int = field(default_factory=lambda: int(time.time()))

    def document(self, kind: str) -> dict[str, Any]:
        """A document of that kind, without its choices."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def completion(head: Head, answers: Sequence[Answer], served: Served, ignored: Sequence[str]) -> dict[str, Any]:
    """A whole reply: one choice for each answer."""
    choices = [
        {
            "index": number,
            "message": _message(answer),
            "logprobs": None,
            "finish_reason": finish_of(answer),
        }
        for number, answer in enumerate(answers)
    ]
    more = {"usage": usage_of(answers), "moaql": bill_of(answers, served, ignored)}
    return head.document("chat.completion") | {"choices": choices} | more


def calls_of(answer: Answer) -> tuple[dict[str, Any], ...]:
    """The calls of tools that an answer is."""
    return answer.candidate.tool_calls


def _message(answer: Answer) -> dict[str, Any]:
    calls = calls_of(answer)
    message = {"role": "assistant", "content": answer.text if answer.text or not calls else None, "refusal": None}
    return message | ({"tool_calls": list(calls)} if calls else {})


def chunk(head: Head, choice: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """One chunk of a stream."""
    choices = [{"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return head.document("chat.completion.chunk") | {"choices": choices}


def usage_chunk(head: Head, answers: Sequence[Answer]) -> dict[str, Any]:
    """The chunk without choices that ends a stream whose tokens were asked for."""
    return head.document("chat.completion.chunk") | {"choices": [], "usage": usage_of(answers)}


def event(document: dict[str, Any]) -> bytes:
    """A document as an event of a stream. It is ASCII, so that halves of surrogate pairs, which models do write, can be sent."""
    return b"data: " + json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n\n"


def finish_of(answer: Answer) -> str:
    """Why the answer ends."""
    if calls_of(answer):
        return "tool_calls"
    return "length" if answer.candidate.truncated else "stop"


def usage_of(answers: Sequence[Answer]) -> dict[str, int]:
    """Tokens of all calls of a topology, not of the last alone: they are what is paid."""
    read = sum(answer.prompt_tokens for answer in answers)
    written = sum(answer.completion_tokens for answer in answers)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def bill_of(answers: Sequence[Answer], served: Served, ignored: Sequence[str]) -> dict[str, Any]:
    """What moaql knows besides.

    Returns:
        `cost` (dollars by list price) and `paid` (dollars now), None where a price is unknown; `trace_id` as in the trace, of the
        first choice, and those of all in `trace_ids`; `latency_s`; `calls`, and how many of them came from the bank; `lost`, how
        many calls gave nothing; `simulated`; and the parameters that were `ignored`.
    """
    said = [each for answer in answers for each in answer.said]
    return {
        "topology": served.id,
        "cost": _sum([answer.cost for answer in answers]),
        "paid": _sum([answer.paid for answer in answers]),
        "trace_id": answers[0].run,
        "trace_ids": [answer.run for answer in answers],
        "latency_s": round(max(answer.latency_s for answer in answers), 6),
        "calls": len(said),
        "banked": sum(each.banked for each in said),
        "lost": sum(len(answer.losses) for answer in answers),
        "simulated": any(answer.simulated for answer in answers),
        "ignored": list(ignored),
    }


def _sum(dollars: Sequence[float | None]) -> float | None:
    return None if None in dollars else math.fsum(each for each in dollars if each is not None)
