"""The key of a response: what was asked, as 32 bytes.

Two requests have one key exactly when a provider is sent the same thing and asked for the same sample. Where a key comes from the
environment, and which item of an eval set the question is, make no difference.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.providers.base import Request

VERSION = b"\x01"
"""First byte of what is hashed. It changes with the encoding, so that old keys are never taken for new ones."""
SIZE = 32
"""Bytes of a key."""

# Only ASCII comes out, so that every string has one encoding, halves of surrogate pairs included.
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_name = itemgetter(0)
_digests: dict[tuple[str, int, int], str] = {}


def key_of(request: Request) -> bytes:
    """The key under which the response to a request is kept.

    It covers provider, model, `base_url` where one is stated, messages, settings, the sample's index, and what is in the file of a
    `file=` connection. 1 and 1.0 are one setting; a setting that is None is not sent, and counts as not given.

    Args:
        request: What is asked.

    Returns:
        SHA-256 of the request in its canonical form: the same on every machine.

    Raises:
        UsageError: if the file of its connection cannot be read.
    """
    settings = [
        [name, value if value.__class__ is str or value.__class__ is int else _plain(value)]
        for name, value in sorted(request.settings, key=_name)
        if value is not None
    ]
    where = _where(request) if request.connection else None
    parts = (request.provider, request.model, request.messages, settings, request.sample, where)
    return sha256(VERSION + _encode(parts).encode("ascii")).digest()


def _plain(value: Any) -> Any:
    """A value of which equal ones have one encoding."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {"": sorted([str(name), _plain(each)] for name, each in value.items())}
    return value


def _where(request: Request) -> list[str | None] | None:
    connection = dict(request.connection)
    url, file = connection.get("base_url"), connection.get("file")
    if url is None and file is None:
        return None
    return [None if url is None else str(url).rstrip("/"), None if file is None else _content(str(file))]


def _content(path: str) -> str:
    """Digest of a file, computed again when its date or size has changed."""
    try:
        state = os.stat(path)
        known = (path, state.st_mtime_ns, state.st_size)
        if known not in _digests:
            _digests[known] = _digest(path)
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Check the path.") from None
    return _digests[known]


def _digest(path: str) -> str:
    digest = sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
