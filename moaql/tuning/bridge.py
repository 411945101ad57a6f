"""Optimizers are synchronous and run in threads; calls run on the session's event loop. This is what joins the two."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Closed(Exception):  # noqa: N818 - reads better where it is caught
    """The loop takes no more work: the command was interrupted."""


class Bridge:
    """Lets threads wait for what runs on one event loop.

    Args:
        loop: The session's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.RLock()
        self._open: set[concurrent.futures.Future[Any]] = set()
        self._closed = False

    def __deepcopy__(self, memo: object) -> Bridge:
        """The same one: optimizers copy what they tune."""
        return self

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop, and wait for it in this thread.

        Raises:
            Closed: if nothing is begun any more.
        """
        return self.begin(work).result()

    def begin(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run something on the loop, and wait for it elsewhere. Raises as `wait`."""
        with self._lock:
            if self._closed:
                work.close()
                raise Closed
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._open.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: concurrent.futures.Future[Any]) -> None:
        with self._lock:
            self._open.discard(future)

    async def run(self, work: Callable[[], T]) -> T:
        """Run something synchronous in a thread. Where this is cancelled, nothing is left running."""
        thread = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            self._close()
            with suppress(BaseException):
                await thread
            raise

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            waiting = list(self._open)
        for future in waiting:
            future.cancel()
