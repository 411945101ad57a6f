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
        streamed: Whether its pieces are heard as they arrive: by all who wait and want to hear them.

    Attributes:
        streamed: See above.
        task: Makes the call.
        billed: Whether one of those who wait has taken the bill.
    """

    __slots__ = ("_heard", "_hearers", "_waiting", "billed", "streamed", "task")

    def __init__(self, *, streamed: bool) -> None:
        self.task: asyncio.Task[Answered]
        self.streamed = streamed
        self.billed = False
        self._heard: list[str] = []
        self._hearers: list[_Hearer] = []
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_over(self) -> bool:
        """Whether nobody can join it any more."""
        return not self._waiting or self.task.done()

    def hear(self, piece: str) -> None:
        """A piece has arrived."""
        self._heard.append(piece)
        for each in self._hearers:
            each.hear(piece)

    async def land(self, on_text: OnText | None) -> Answered:
        """Wait for it. Being cancelled here cancels it only when nobody else waits.

        Args:
            on_text: Hears the pieces; who comes late hears at once what was said before.
        """
        hearer = None
        if on_text is not None and self.streamed:
            hearer = _Hearer(on_text)
            if self._heard:
                hearer.hear("".join(self._heard))
            self._hearers.append(hearer)
        try:
            if not self.task.done():
                await self._wait()
        finally:
            if hearer is not None:
                self._hearers.remove(hearer)
        if hearer is not None and hearer.deaf is not None:
            raise hearer.deaf
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


class _Hearer:
    """One who hears the pieces. One who cannot does not end a call that is paid, and that others may wait for.

    Attributes:
        deaf: Why they cannot hear any more.
    """

    __slots__ = ("_on_text", "deaf")

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self.deaf: Exception | None = None

    def hear(self, piece: str) -> None:
        """A piece."""
        if self.deaf is None:
            try:
                self._on_text(piece)
            except Exception as error:
                self.deaf = error


def bill(flight: Flight, answered: Answered) -> Answered:
    """The answer for one of those who waited for a flight: the first has paid for it. Whoever asked may have left meanwhile."""
    first, flight.billed = not flight.billed, True
    return answered if first else replace(answered, paid=0.0 if answered.paid is not None else None, attempts=0)
