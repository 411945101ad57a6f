"""The state of one node of a run: whether it is done, what came out, and who waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from moaql.answers.candidate import Candidate


class Work:
    """A node that is being worked on, or done.

    Attributes:
        task: Works on it.
        users: How many nodes want its output. When none does any more, it is cancelled.
        done: Whether it is done.
        outputs: The candidates that came out, by slot; None for one that was lost or filtered out.
        label: What a gate decided.
        not_before: Seconds after the question came before which nobody knew that it is wanted: a gate had not decided.
        ready_at: Seconds after the question came when it would be done if no call came from the bank.
    """

    __slots__ = ("_listeners", "done", "label", "not_before", "outputs", "ready_at", "task", "users")

    def __init__(self, not_before: float = 0.0) -> None:
        self.task: asyncio.Task[None] | None = None
        self.users = 0
        self.done = False
        self.outputs: tuple[Candidate | None, ...] = ()
        self.label = ""
        self.not_before = not_before
        self.ready_at = 0.0
        self._listeners: list[Callable[[], None]] = []

    def finish(self, outputs: tuple[Candidate | None, ...], ready_at: float, label: str = "") -> None:
        """It is done: tell those who wait."""
        self.outputs, self.ready_at, self.label, self.done = outputs, ready_at, label, True
        for listener in self._listeners:
            listener()
        self._listeners.clear()

    def begins(self, inputs: Iterable[Work]) -> float:
        """Seconds after the question came when it can begin: it is wanted, and those of its inputs that are done are there."""
        return max(self.not_before, *(each.ready_at for each in inputs if each.done), 0.0)

    def slot(self, number: int) -> Candidate | None:
        """One of its outputs; None where it does not have that many."""
        return self.outputs[number] if number < len(self.outputs) else None

    def on_done(self, listener: Callable[[], None]) -> None:
        """Call the listener when it is done."""
        self._listeners.append(listener)


async def all_done(works: Iterable[Work]) -> None:
    """Wait until all of them are done. Being cancelled here cancels none of them."""
    left = [work for work in works if not work.done]
    if not left:
        return
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    count = len(left)

    def one_less() -> None:
        nonlocal count
        count -= 1
        if count == 0 and not future.done():
            future.set_result(None)

    for work in left:
        work.on_done(one_less)
    await future


async def any_done(works: Iterable[Work]) -> None:
    """Wait until one of them is done; at once where one is already."""
    waiting = list(works)
    if not waiting or any(work.done for work in waiting):
        return
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not future.done():
            future.set_result(None)

    for work in waiting:
        work.on_done(wake)
    await future
