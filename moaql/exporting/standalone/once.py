"""Stages ask for one another's output; each is worked out once."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

_Given = TypeVar("_Given")
"""What a stage gives: candidates, or what a gate decided."""


def once(stage: Callable[[Any], Awaitable[_Given]]) -> Callable[[Any], Awaitable[_Given]]:
    """Work a stage out when it is first asked for, once for all who ask; give it up when nobody waits for it any more."""

    @functools.wraps(stage)
    async def shared(self: Any) -> _Given:
        known = self.run.stages
        if stage.__name__ not in known:
            known[stage.__name__] = [asyncio.ensure_future(stage(self)), 0]
        entry = known[stage.__name__]
        entry[1] += 1
        try:
            given: _Given = await asyncio.shield(entry[0])
        finally:
            entry[1] -= 1
            if entry[1] == 0 and not entry[0].done():
                entry[0].cancel()
                known.pop(stage.__name__, None)
        return given

    return shared
