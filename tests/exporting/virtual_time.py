"""Runs topologies by moaql, and the files that they were exported to, on a clock that jumps.

Who is given up, and who is asked besides, depends on who answers first. So that both hear everything at the same moments, models take
the time that their request says, and the clock jumps to the next moment at which something happens: hundreds of programs take
seconds, and no busy machine makes a difference.
"""

import asyncio
import hashlib
import json
import selectors
import sys
import types
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
from exporting.recording import answer_to

import moaql
from moaql.exporting import TARGETS
from moaql.run import lazy

ADDRESS = "http://models.test/v1"
SEED = 3
PATIENCE = 600.0


class _Jumps(selectors.SelectSelector):
    """Does not wait: it moves the clock on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will happen any more")
        self.now += max(0.0, timeout)
        return super().select(0)


def on_jumping_clock(work: Coroutine[Any, Any, Any]) -> Any:
    """What the work gives. Nobody is asked besides because somebody is slow: moaql and the file count that time from other moments."""
    clock = _Jumps()

    def loop() -> asyncio.AbstractEventLoop:
        made = asyncio.SelectorEventLoop(clock)
        made.time = lambda: clock.now  # type: ignore[method-assign]
        return made

    with pytest.MonkeyPatch.context() as patched, asyncio.Runner(loop_factory=loop) as runner:
        patched.setattr("time.perf_counter", lambda: clock.now)
        patched.setattr(lazy, "_PATIENCE", PATIENCE)
        patched.setattr("random.random", lambda: 0.5)  # waits between attempts
        patched.setattr("random.uniform", lambda low, high: (low + high) / 2)
        return runner.run(work)


@dataclass
class Models:
    """What answers, at one address.

    Attributes:
        failing: Models that always fail.
        flaky: Models that fail the first time that they get a request.
        asked: The bodies of requests as canonical JSON, with how often each came.
    """

    failing: frozenset[str] = frozenset()
    flaky: frozenset[str] = frozenset()
    asked: Counter[str] = field(default_factory=Counter)

    def transport(self) -> httpx.MockTransport:
        """Leads to them."""
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        text = f"{request.url.path} {json.dumps(body, sort_keys=True, ensure_ascii=False)}"
        self.asked[text] += 1
        draw = int(hashlib.sha256(text.encode()).hexdigest(), 16)
        await asyncio.sleep(0.05 + draw % 1_000_003 / 1_000_003 * (5.0 if draw % 7 == 0 else 0.5))
        if body["model"] in self.failing:
            return httpx.Response(400, json={"error": {"message": "no"}})
        if body["model"] in self.flaky and self.asked[text] % 2:
            return httpx.Response(503, json={"error": {"message": "busy"}})
        return httpx.Response(200, json=answer_to(body, anthropic=False))


Said = tuple[str | None, float | None]
"""The answer and its cost; None, None where every candidate was lost."""


def by_moaql(program: Any, topology: str, question: dict[str, Any], models: Models) -> Said:
    """What moaql answers."""

    async def run() -> Said:
        asked = moaql.Question(question["text"], fields=question.get("fields", {}))
        options = {"bank": "none", "seed": SEED, "transport": models.transport()}
        try:
            answer = await program.topology(topology).arun(asked, **options)
        except moaql.NoCandidates:
            return None, None
        return answer.text, answer.paid

    return on_jumping_clock(run())


def exported(program: Any, topology: str) -> Any:
    """The exported file as a module."""
    target = TARGETS.find("python")
    assert target is not None
    (text,) = target.files(moaql.build(program, topology), program).values()
    module = sys.modules["exported"] = types.ModuleType("exported")
    text = text.replace("_PATIENCE = 0.25", f"_PATIENCE = {PATIENCE}")
    exec(compile(text, "exported", "exec"), vars(module))
    return module


def by_file(module: Any, question: dict[str, Any], models: Models) -> Said:
    """What the exported file answers."""

    async def run() -> Said:
        asked = module.Question(question["text"], fields=question.get("fields", {}))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=models.transport()))
            client = module.Client()
        async with client:
            try:
                answer = await module.answer(asked, seed=SEED, client=client)
            except module.NoAnswer:
                return None, None
            return answer.text, answer.cost

    return on_jumping_clock(run())
