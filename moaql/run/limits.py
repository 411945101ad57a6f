"""How many calls a provider is sent at once and a minute, and the pauses that it asks for."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

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
    """Lets the calls of one endpoint through."""

    def __init__(self, limit: Limit) -> None:
        self._slots = asyncio.Semaphore(limit.concurrency)
        self._interval = 60.0 / limit.per_minute if limit.per_minute else 0.0
        self._next = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a free slot, for the rate, and for a pause to end."""
        async with self._slots:
            now = asyncio.get_running_loop().time()
            if self._interval:
                start = max(now, self._next)
                self._next = start + self._interval
            else:
                start = self._next
            if start > now:
                await asyncio.sleep(start - now)
            yield

    def pause(self, seconds: float) -> None:
        """Begin no call before so many seconds have passed: the provider asked for it."""
        self._next = max(self._next, asyncio.get_running_loop().time() + seconds)


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
