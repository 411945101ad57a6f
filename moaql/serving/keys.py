"""Who may use the server: keys, kept as digests and compared in constant time, and what each may ask in a minute.

A file of keys is TOML. A key stands in it as it is, or as its SHA-256:

    [keys.ann]
    key = "a-long-random-text"
    per_minute = 60
    dollars = 5.00

    [keys.ben]
    sha256 = "9f86d081…"
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "MOAQL_SERVE_KEY"
SHORTEST = 16
"""Characters of a key at least: shorter ones can be guessed."""
_EXAMPLE = (
    'Write `[keys.ann]`, and below it `key = "…"`, and where it shall be limited `per_minute = 60` or `dollars = 5.00`.'
)
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}\Z")


@dataclass(frozen=True)
class Key:
    """A key that is let in.

    Attributes:
        name: In the log, instead of the key.
        digest: SHA-256 of the key.
        per_minute: Chat requests in any minute at most; None for no limit.
        dollars: That it may spend while the server runs; None for no limit.
    """

    name: str
    digest: bytes = field(repr=False)
    per_minute: int | None = None
    dollars: float | None = None


def find_key(keys: Sequence[Key], authorization: str) -> Key | None:
    """The key of an `Authorization: Bearer …` header, or None.

    Every key is compared, in a time that does not depend on what was sent.
    """
    scheme, _, token = authorization.partition(" ")
    given = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()
    found: Key | None = None
    for key in keys:
        if hmac.compare_digest(key.digest, given):
            found = key
    return found if scheme.lower() == "bearer" else None


def read_keys(path: str | None, environment: str | None) -> tuple[Key, ...]:
    """The keys of a file and of the environment.

    Args:
        path: Of a file of keys, or None.
        environment: The value of `MOAQL_SERVE_KEY`, or None.

    Raises:
        UsageError: if the file cannot be read, or a key is too short. No message shows a key.
    """
    keys = [_key("default", {"key": environment}, VARIABLE)] if environment else []
    if path is not None:
        keys += [_key(str(name), values, f"`{path}`") for name, values in _tables(path).items()]
        if not keys:
            raise UsageError(f"`{path}` holds no key", _EXAMPLE)
    if len({key.digest for key in keys}) < len(keys):
        raise UsageError("two names have one key", "Give each a key of its own.")
    return tuple(keys)


def _tables(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Check the path.") from None
    except ValueError:  # its message may show a line of the file
        raise UsageError(f"`{path}` is not TOML", _EXAMPLE) from None
    keys = tables.get("keys", {})
    if set(tables) - {"keys"} or not isinstance(keys, dict):
        raise UsageError(f"`{path}` holds something else than keys", _EXAMPLE)
    return keys


def _key(name: str, values: Any, where: str) -> Key:
    if not isinstance(values, dict) or set(values) - {"key", "sha256", "per_minute", "dollars"}:
        raise UsageError(f"the key `{name[:64]}` in {where} is not understood", _EXAMPLE)
    if not _NAME.match(name):
        raise UsageError(
            f"a name in {where} is not one for a key", "Names have letters, digits, `_`, `-`, `.` and `@`."
        )
    per_minute, dollars = values.get("per_minute"), values.get("dollars")
    if per_minute is not None and (isinstance(per_minute, bool) or not isinstance(per_minute, int) or per_minute < 1):
        raise UsageError(f"`per_minute` of the key `{name}` is not a whole number from 1", _EXAMPLE)
    if dollars is not None and not (
        isinstance(dollars, int | float) and not isinstance(dollars, bool) and 0 < dollars < float("inf")
    ):
        raise UsageError(f"`dollars` of the key `{name}` is not a number above 0", _EXAMPLE)
    return Key(name, _digest(name, values, where), per_minute, None if dollars is None else float(dollars))


def _digest(name: str, values: dict[str, Any], where: str) -> bytes:
    text, digest = values.get("key"), values.get("sha256")
    if (text is None) == (digest is None):
        raise UsageError(f"the key `{name}` in {where} has not one of `key` and `sha256`", _EXAMPLE)
    if digest is not None:
        if not isinstance(digest, str) or not _DIGEST.match(digest):
            raise UsageError(f"`sha256` of the key `{name}` is not 64 digits from 0 to f", _EXAMPLE)
        return bytes.fromhex(digest)
    if not isinstance(text, str) or len(text) < SHORTEST or text != text.strip() or not text.isascii():
        raise UsageError(
            f"the key `{name}` in {where} is not a text of at least {SHORTEST} plain characters",
            "Make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`.",
        )
    return hashlib.sha256(text.encode()).digest()


class Rate:
    """Lets so many requests through in any minute.

    Args:
        per_minute: How many; None for any number.
    """

    def __init__(self, per_minute: int | None) -> None:
        self._times: deque[float] | None = None if per_minute is None else deque(maxlen=per_minute)

    def wait(self, now: float) -> float:
        """Seconds until the next may pass; 0 where it has passed, and is counted.

        Args:
            now: Seconds of a clock that never goes back.
        """
        times = self._times
        if times is None:
            return 0.0
        if len(times) == times.maxlen and now - times[0] < 60.0:
            return 60.0 - (now - times[0])
        times.append(now)
        return 0.0


def from_environment() -> str | None:
    """The key in the environment, or None."""
    return os.environ.get(VARIABLE, "").strip() or None
