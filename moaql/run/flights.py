"""Calls in flight. Equal ones are one, whoever asks, and it ends when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.providers.base import OnText
    from moaql.run.caller import Answered


class Flight:
    """A call in flight, and who waits for it.

    Args:
        on_text: Of who asked first: hears the pieces for as long as they wait.

    Attributes:
        task: Makes the call.
        billed: Whether one of those who wait has taken the bill.
    """

    __slots__ = ("_deaf", "_on_text", "_waiting", "billed", "task")

    def __init__(self, on_text: OnText | None) -> None:
        self.task: asyncio.Task[Answered]
        self.billed = False
        self._on_text = on_text
        self._deaf: Exception | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_over(self) -> bool:
        """Whether nobody can join it any more."""
        return not self._waiting or self.task.done()

    def hear(self, piece: str) -> None:
        """A piece has arrived. One who cannot hear it does not end a call that is paid, and that others may wait for."""
        if self._on_text is None:
            return
        try:
            self._on_text(piece)
        except Exception as error:
            self._on_text, self._deaf = None, error

    async def land(self, *, shared: bool) -> Answered:
        """Wait for it. Being cancelled here cancels it only when nobody else waits."""
        try:
            if not self.task.done():
                await self._wait()
        finally:
            if not shared:
                self._on_text = None
        if self._deaf is not None and not shared:
            raise self._deaf
        if self.task.cancelled():
            raise UsageError("the session was closed while a run waited for a call", "Wait for runs before it closes.")
        return self.task.result()

    async def _wait(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        except asyncio.CancelledError:
            self._waiting.remove(future)
            if not self._waiting:
                self.task.cancel()
            raise

    def landed(self) -> None:
        """It is over: wake those who wait."""
        if not self.task.cancelled():
            self.task.exception()  # seen, also where nobody waits any more
        for future in self._waiting:
            if not future.done():
                future.set_result(None)


def bill(flight: Flight, answered: Answered) -> Answered:
    """The answer for one of those who waited for a flight: the first has paid for it. Whoever asked may have left meanwhile."""
    first, flight.billed = not flight.billed, True
    return answered if first else replace(answered, paid=0.0 if answered.paid is not None else None, attempts=0)
