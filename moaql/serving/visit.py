"""One request on its way through the server: what is known of it so far, and the line that the log gets."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moaql.serving.metrics import Tally

if TYPE_CHECKING:
    from moaql.serving.accounts import Account

LEFT = 499
"""The status of a request whose client left before it had an answer; it was never sent."""
_PLAIN = re.compile(r"[!#-\[\]-~]*")


@dataclass(frozen=True)
class Rules:
    """What the server takes upon itself.

    Attributes:
        at_once: Chat requests that are answered at a time; more meet a 429.
        largest_body: Bytes of a request.
        body_seconds: Until a request must have arrived.
        timeout: Seconds that an answer may take.
        send_seconds: That a client may take to read a piece of a stream.
        alive_seconds: After which a silent stream says that it is alive.
        hosts: The names that a request may call the server by; None for any.
    """

    at_once: int = 256
    largest_body: int = 4 * 1024 * 1024
    body_seconds: float = 60.0
    timeout: float = 600.0
    send_seconds: float = 60.0
    alive_seconds: float = 15.0
    hosts: frozenset[str] | None = None


def loopback_names(host: str) -> frozenset[str]:
    """The names that a server without keys answers to.

    Args:
        host: That it listens on.
    """
    return frozenset({"localhost", "127.0.0.1", "::1", host.lower()})


@dataclass
class Visit:
    """One request.

    Attributes:
        method: Of HTTP.
        path: As it was asked for.
        account: Whose it is, once that is known.
        model: The topology, once that is known.
        stream: Whether it is answered by a stream.
        is_chat: Whether it is one for the metrics.
        status: That was sent, or `LEFT`.
        trace: Id of its run.
        reason: What went wrong, for the log alone.
        tally: What it took.
    """

    method: str
    path: str
    account: Account | None = None
    model: str = ""
    stream: bool = False
    is_chat: bool = False
    status: int = 0
    trace: str = ""
    reason: str = ""
    tally: Tally = field(default_factory=Tally)
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self.started

    def line(self) -> str:
        """One line: when, what, by whom, and what it took. No part of it can hold a line break, a key or a question."""
        parts = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), str(self.status), self.method, _plain(self.path)]
        if self.account is not None and self.account.name:
            parts.append(f"key={self.account.name}")
        if self.model:
            parts.append(f"model={_plain(self.model)}")
        if self.is_chat and self.tally.calls:
            tally = self.tally
            unpriced = f"+{tally.unpriced}unpriced" if tally.unpriced else ""
            parts += [
                f"stream={'yes' if self.stream else 'no'}",
                f"calls={tally.calls}",
                f"tokens={tally.prompt_tokens}+{tally.completion_tokens}",
                f"paid=${tally.paid:.6f}{unpriced}",
            ]
        parts += [f"trace={self.trace}"] if self.trace else []
        parts.append(f"{self.seconds:.3f}s")
        parts += [f'reason="{_plain(self.reason, 500, spaces=True)}"'] if self.reason else []
        return " ".join(parts)


def _plain(text: str, most: int = 120, *, spaces: bool = False) -> str:
    """The text with what is not plain ASCII made visible, so that nobody can write lines or colours into the log."""
    if _PLAIN.fullmatch(text) and len(text) <= most:
        return text
    shown = text.encode("ascii", "backslashreplace").decode("ascii")
    safe = "".join(
        each if each.isprintable() and each not in '"\\' and (spaces or each != " ") else f"%{ord(each):02X}"
        for each in shown
    )
    return safe if len(safe) <= most else f"{safe[:most]}..."
