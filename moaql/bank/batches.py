"""One thread that does the slow work of a bank, in batches: what comes while it works is done together next.

A commit waits for the disk, and a query for the network. Two hundred responses that arrive meanwhile share the next one (group
commit), and the event loop waits for neither.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from moaql.errors import BankError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 1000
"""Jobs of one batch at most."""


class Work(Protocol):
    """What the thread does."""

    def do(self, jobs: Sequence[Any]) -> Sequence[Any]:
        """Do the jobs; what came of each, in order. An exception among the outcomes is raised where its job is awaited."""
        ...

    def finish(self) -> None:
        """Let go of what is held. Nothing is done after it."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    job: Any
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class _Stop:
    """Stands in the queue behind the last job."""


class Batches:
    """Hands jobs to a thread of its own, which starts with the first.

    The thread is a daemon and knows nothing of who owns it, so a bank that nobody closes neither hangs the process nor lives on.

    Args:
        work: What it does; used by one thread at a time.
        where: Name of the bank, for messages.
    """

    def __init__(self, work: Work, where: str) -> None:
        self._work = work
        self._where = where
        self._queue: queue.SimpleQueue[_Job | _Stop] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._process = os.getpid()

    async def do(self, job: Any) -> Any:
        """Do a job; its outcome.

        Raises:
            BankError: if it failed, or if the bank is closed.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._put(_Job(job, loop, future))
        return await future

    def check_open(self) -> None:
        """Refuse what would wait for ever.

        Raises:
            BankError: if the bank is closed, or belongs to the process that this one was forked from.
        """
        if self._closed:
            raise BankError(f"the bank `{self._where}` is closed", "Open it again.")
        if os.getpid() != self._process:
            raise BankError(
                f"the bank `{self._where}` was opened by another process", "Open it in the process that uses it."
            )

    async def close(self) -> None:
        """Do what is left to do, and finish."""
        thread = self.abandon()
        await asyncio.to_thread(self._work.finish if thread is None else thread.join)

    def abandon(self) -> threading.Thread | None:
        """Do what is left to do, and finish, while nobody waits.

        Returns:
            The thread that does so; None if there is none, and it is the caller who must finish.
        """
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(_Stop())
        return self._thread

    def _put(self, job: _Job) -> None:
        with self._lock:
            self.check_open()
            self._queue.put(job)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=_serve, args=(self._queue, self._work), name="moaql bank", daemon=True
                )
                self._thread.start()


def _serve(jobs: queue.SimpleQueue[_Job | _Stop], work: Work) -> None:
    stopping = False
    while not stopping:
        batch = [jobs.get()]
        while len(batch) < MOST:
            try:
                batch.append(jobs.get_nowait())
            except queue.Empty:
                break
        stopping = any(isinstance(each, _Stop) for each in batch)
        _do([each for each in batch if isinstance(each, _Job)], work)
        del batch
    work.finish()


def _do(batch: Sequence[_Job], work: Work) -> None:
    try:
        outcomes = work.do([each.job for each in batch]) if batch else ()
    except Exception as error:
        outcomes = [error] * len(batch)
    settled = defaultdict(list)
    for each, outcome in zip(batch, outcomes, strict=True):
        settled[each.loop].append((each.future, outcome))
    for loop, pairs in settled.items():
        try:
            loop.call_soon_threadsafe(_settle, pairs)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _settle(pairs: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, outcome in pairs:
        if future.done():
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
