"""Models that answer at random, but always the same to the same request; and sessions that show what a run leaves behind."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from moaql.bank.memory import MemoryBank
from moaql.run.budget import Budget
from moaql.run.caller import Caller
from moaql.run.limits import Limit, Limits
from moaql.run.retry import Retries
from moaql.run.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PRICE = (0.25, 2.0)
"""Of all models."""
SAID = [
    "42", "The answer is 42.", "7", "(B)", "maths", "", "2 > 1 > 3", "1", "0.8", "Score: 3/10", "correct", "Incorrect.", "A",
    "<think>4 or 5?</think>It is 5", "<think>hm", "1. It is a number.\n2. It is even.", "Some longer text\n\nin two parts. ",
]  # fmt: skip
FAILURES = [500, 404, 401, 429, "broken", "no text", "unreachable"]


class World:
    """Models behind `httpx.MockTransport`. What they say, how long it takes and whether they fail is a hash of the request.

    Args:
        failing: Share of the requests that fail.
        slowest: Seconds that a reply takes at most.
    """

    def __init__(self, failing: float = 0.0, slowest: float = 0.003) -> None:
        self.asked: list[dict[str, Any]] = []
        self.charged = 0.0
        self.inside = 0
        self._failing = failing
        self._slowest = slowest

    async def handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.asked.append(body)
        streamed = body.pop("stream", False)
        body.pop("stream_options", None)
        chance = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
        text = SAID[chance[0] % len(SAID)]
        usage = {
            "prompt_tokens": sum(len(each["content"]) for each in body["messages"]) // 4 + 1,
            "completion_tokens": min(len(text) // 4 + 1, 20),
        }
        fails = chance[1] < self._failing * 256
        if not fails:
            self.charged += (usage["prompt_tokens"] * PRICE[0] + usage["completion_tokens"] * PRICE[1]) / 1e6
        self.inside += 1
        try:
            await asyncio.sleep(chance[2] / 255 * self._slowest)
        finally:
            self.inside -= 1
        if fails:
            return failure(FAILURES[chance[3] % len(FAILURES)])
        finish = "length" if chance[4] < 16 and text else "stop"
        return streamed_reply(text, finish, usage) if streamed else whole_reply(text, finish, usage)


def failure(kind: int | str) -> httpx.Response:
    if kind == "unreachable":
        raise httpx.ConnectError("no")
    if kind == "broken":
        return httpx.Response(200, content=b'{"choices": [')
    if kind == "no text":
        return whole_reply(None, "stop", {})
    return httpx.Response(int(kind), json={"error": {"message": "no"}})


def whole_reply(text: str | None, finish: str, usage: dict[str, int]) -> httpx.Response:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return httpx.Response(200, json={"choices": [choice], "usage": usage})


def streamed_reply(text: str, finish: str, usage: dict[str, int]) -> httpx.Response:
    chunks: list[dict[str, Any]] = [
        {"choices": [{"delta": {"content": text[at : at + 3]}}]} for at in range(0, len(text), 3)
    ]
    chunks += [{"choices": [{"delta": {"content": ""}, "finish_reason": finish}]}, {"choices": [], "usage": usage}]
    lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=lines.encode())


@asynccontextmanager
async def session(world: World, bank: MemoryBank | None = None, **given: Any) -> AsyncIterator[Caller]:
    """What runs share. When it closes, nothing of them is left."""
    caller = Caller(
        bank if bank is not None else MemoryBank(),
        transport := HttpTransport(inner=httpx.MockTransport(world.handle)),
        budget=Budget(given.get("budget")),
        limits=Limits(default=Limit(given.get("concurrency", 4))),
        retries=Retries(given.get("attempts", 1), first=0.001),
        offline=given.get("offline", False),
    )
    try:
        yield caller
        await nothing_is_left(world)
    finally:
        await caller.close()
        await transport.aclose()


async def nothing_is_left(world: World) -> None:
    """No task of a run, no request, and no reservation. What was cancelled needs a few steps to end."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert world.inside == 0
