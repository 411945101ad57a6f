"""How many calls a provider is sent at once and a minute, and the pauses that it asks for."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_CONCURRENCY = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of one provider.

    Attributes:
        concurrency: Calls in flight at most.
        per_minute: Calls begun in a minute at most; None for no limit.
    """

    concurrency: int = DEFAULT_CONCURRENCY
    per_minute: float | None = None


class Gatekeeper:
    """Lets the calls of one endpoint through: `enter` before a call, `leave` behind it."""

    def __init__(self, limit: Limit) -> None:
        self._free = limit.concurrency
        self._queue: deque[asyncio.Future[None]] = deque()
        self._interval = 60.0 / limit.per_minute if limit.per_minute else 0.0
        self._next = 0.0
        self._paused_until = 0.0
        self._turn = asyncio.Lock()

    async def enter(self) -> None:
        """Wait for a free slot, for the rate, and for a pause to end."""
        if self._free > 0:
            self._free -= 1
        else:
            await self._queue_up()
        if self._interval or self._paused_until:
            try:
                await self._keep_the_rate()
            except BaseException:
                self.leave()
                raise

    def leave(self) -> None:
        """The call is over: whoever waits longest is next."""
        while self._queue:
            waiting = self._queue.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return
        self._free += 1

    async def _queue_up(self) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._queue.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self.leave()  # the slot was given to a call that does not want it any more
            raise

    async def _keep_the_rate(self) -> None:
        # One waits for the clock, the others for their turn: a call that is cancelled meanwhile has used up nobody's minute.
        async with self._turn:
            loop = asyncio.get_running_loop()
            start = max(loop.time(), self._next, self._paused_until)
            while (left := start - loop.time()) > 0:
                await asyncio.sleep(left)
                start = max(start, self._paused_until)  # a pause may have been asked for meanwhile
            self._next = start + self._interval

    def pause(self, seconds: float) -> None:
        """Begin no call before so many seconds have passed: the provider asked for it."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)


class Limits:
    """The limits of all providers, by name; `default` holds for those without their own."""

    def __init__(self, limits: Mapping[str, Limit] | None = None, default: Limit | None = None) -> None:
        self._limits = dict(limits or {})
        self._default = default or Limit()
        self._gatekeepers: dict[tuple[str, str], Gatekeeper] = {}

    def of(self, provider: str, base_url: str = "") -> Gatekeeper:
        """The gatekeeper of an endpoint."""
        key = (provider, base_url)
        found = self._gatekeepers.get(key)
        if found is None:
            found = self._gatekeepers[key] = Gatekeeper(self._limits.get(provider, self._default))
        return found
