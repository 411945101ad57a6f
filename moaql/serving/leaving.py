"""Clients that leave before they have their answer, or wait for too long: what is done for them ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from moaql.serving.body import ClientLeft

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from starlette.types import Receive

T = TypeVar("T")
_UNWATCHED = 0.1
"""Seconds before it is looked for whether the client has left: answers from the bank are there by then, and go without the
task that this takes."""


async def left(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_left(receive: Receive, work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What the work gives. It is done in this very task, and ended where the client leaves.

    Args:
        receive: Of ASGI.
        work: What the client waits for.
        seconds: That it may take.

    Raises:
        ClientLeft: if it did.
        TimeoutError: if it takes longer.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    why: type[Exception] | None = None
    watching: asyncio.Task[None] | None = None

    async def watch() -> None:
        nonlocal why
        try:
            async with asyncio.timeout(seconds - unwatched):
                await left(receive)
            why = ClientLeft
        except TimeoutError:
            why = TimeoutError
        except Exception:  # the server around us knows nothing of its client any more
            why = ClientLeft
        task.cancel()

    def begin() -> None:
        nonlocal watching
        watching = loop.create_task(watch())

    unwatched = min(_UNWATCHED, seconds)
    timer = loop.call_later(unwatched, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if why is not None and task.cancelling() == 1:
            raise why from None
        raise
    finally:
        timer.cancel()
        if watching is not None:
            watching.cancel()
        if why is not None:
            task.uncancel()
