"""Reads fields of JSON that others wrote: what is not of the expected kind is taken as absent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def an_object(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """The text, or ""."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """A number of tokens, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return int(value)


def total(*values: Any) -> int | None:
    """The sum of the numbers of tokens that are there; None where none is."""
    known = [each for each in map(count, values) if each is not None]
    return sum(known) if known else None


def mean_probability(logprobs: Iterable[Any]) -> float | None:
    """Mean probability of tokens from their natural logarithms; None where there is none that can be read."""
    known = [
        each
        for each in logprobs
        if isinstance(each, int | float) and not isinstance(each, bool) and not math.isnan(each)
    ]
    return sum(math.exp(min(each, 0.0)) for each in known) / len(known) if known else None
