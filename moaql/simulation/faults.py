"""What goes wrong on the way to a model: faults that the server shows on purpose."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from moaql.errors import UsageError
from moaql.simulation.wire import error_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiohttp import web

KINDS = {
    "429": "too many requests, with Retry-After",
    "429-bare": "too many requests, without Retry-After",
    "500": "a failure with a JSON body",
    "502-html": "a failure of a proxy, with an HTML page",
    "reset": "the connection is lost in the middle of the reply",
    "stall": "nothing arrives for an hour",
    "empty": "status 200 and an empty body",
    "malformed": "status 200 and half of a JSON document",
    "no-usage": "an answer without token counts",
    "no-choices": "an answer without choices",
    "null-content": "an answer whose content is null",
    "slow": "two seconds more than usual",
}
NO_FAULT = ""
STALL = 3600.0
DELAYS = {"slow": 2.0}
"""Seconds that a fault adds to an answer that is fine otherwise."""
RETRY_AFTER = 0.05
"""Seconds that a 429 asks for: enough to see whether a client waits, and no more."""


def read_faults(given: Iterable[str]) -> dict[str, float]:
    """Shares by kind from `KIND=SHARE` texts.

    Raises:
        UsageError: if one is not of that form, or the shares are more than 1 together.
    """
    from moaql.diagnostics import suggest

    found: dict[str, float] = {}
    for each in given:
        kind, separator, share = each.partition("=")
        if kind not in KINDS:
            raise UsageError(
                f"no fault is called `{kind}`", suggest(kind, KINDS) or f"It is one of {', '.join(KINDS)}."
            )
        value = _share(share) if separator else 1.0
        if value is None:
            raise UsageError(f"`{each}` gives no share", f"Write a number from 0 to 1, such as {kind}=0.1.")
        found[kind] = value
    if sum(found.values()) > 1 + 1e-9:
        raise UsageError("the shares of all faults together are above 1", "A request meets one fault at most.")
    return found


def _share(text: str) -> float | None:
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def draw_fault(shares: Mapping[str, float], drawn: float) -> str:
    """The fault that a number between 0 and 1 falls on, or `NO_FAULT`."""
    for kind, share in shares.items():
        drawn -= share
        if drawn < 0:
            return kind
    return NO_FAULT


async def send_fault(kind: str, request: web.Request) -> web.StreamResponse | None:
    """The reply of a fault that comes instead of an answer; None for those that change an answer."""
    from aiohttp import web

    if kind in ("429", "429-bare"):
        headers = {"Retry-After": str(RETRY_AFTER)} if kind == "429" else {}
        return web.json_response(error_body("too many requests", "rate_limit_error", 429), status=429, headers=headers)
    if kind == "500":
        return web.json_response(error_body("simulated failure", "server_error", 500), status=500)
    if kind == "502-html":
        page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(status=502, text=page, content_type="text/html")
    if kind == "empty":
        return web.Response(status=200, body=b"", content_type="application/json")
    if kind == "malformed":
        return web.Response(
            status=200, text='{"id": "chatcmpl-1", "choices": [{"message"', content_type="application/json"
        )
    if kind == "stall":
        await request.read()
        await asyncio.sleep(STALL)
    return None


class RateLimit:
    """A bucket that fills by `rate` a second and holds one second's worth.

    Args:
        rate: Requests a second; 0 for no limit.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._size = max(1.0, rate)
        self._left = self._size
        self._last = time.monotonic()

    def wait(self) -> float:
        """0 where a request may pass now; else the seconds until one may."""
        if self._rate <= 0:
            return 0.0
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._last) * self._rate)
        self._last = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate
