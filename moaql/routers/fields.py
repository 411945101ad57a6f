"""The fields of a JSON document, each of the type that is wanted, or an error that names the field."""

from __future__ import annotations

import math
from typing import Any

from moaql.routers.features import SIZE


class Wrong(Exception):  # noqa: N818 - caught where the path of the file is known
    """A field is not as it should be; the text says which."""


class Fields:
    """The fields of one object.

    Args:
        given: What the document holds there.
        at: Where, for messages.
    """

    def __init__(self, given: Any, at: str = "") -> None:
        if not isinstance(given, dict):
            raise Wrong(f"`{at}` is no object" if at else "it is no object")
        self._given = given
        self._at = at

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._given.get(name) is not None

    def text(self, name: str) -> str:
        """A text that is not empty."""
        value = self._value(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "is no text")
        return value

    def number(self, name: str, low: float | None = None, high: float | None = None) -> float:
        """A finite number within limits."""
        value = self._value(name)
        if not _is_number(value):
            raise self._wrong(name, "is no number")
        if (low is not None and value < low) or (high is not None and value > high):
            raise self._wrong(
                name, f"is {value}, which is not " + (f"from {low} to {high}" if high else f"{low} or more")
            )
        return float(value)

    def whole(self, name: str) -> int:
        """A whole number from 1."""
        value = self._value(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._wrong(name, "is no whole number from 1")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of different texts, at least one."""
        value = self._value(name)
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            raise self._wrong(name, "is no list of texts")
        if len(set(value)) < len(value):
            raise self._wrong(name, "names a label twice")
        return tuple(value)

    def row(self, name: str) -> tuple[float, ...]:
        """A list of finite numbers."""
        value = self._value(name)
        if not isinstance(value, list) or not all(map(_is_number, value)):
            raise self._wrong(name, "is no list of numbers")
        return tuple(value)

    def rows(self, name: str) -> tuple[tuple[float, ...], ...]:
        """Lists of numbers, all of one length, at least one."""
        value = self._value(name)
        if not isinstance(value, list) or not value:
            raise self._wrong(name, "is no list of vectors")
        rows = [Fields({name: each}, self._at).row(name) for each in value]
        if not rows[0] or len({len(row) for row in rows}) > 1:
            raise self._wrong(name, "holds vectors of different lengths, or empty ones")
        return tuple(rows)

    def places(self, name: str) -> tuple[tuple[int, float], ...]:
        """Pairs of a feature's place and its weight."""
        value = self._value(name)
        if not isinstance(value, list):
            raise self._wrong(name, "is no list of [place, weight]")
        for pair in value:
            if not isinstance(pair, list) or len(pair) != 2 or not _is_place(pair[0]) or not _is_number(pair[1]):
                raise self._wrong(name, f"holds what is no [place, weight] with a place below {SIZE}")
        return tuple((place, weight) for place, weight in value)

    def inside(self, name: str) -> Fields:
        """The fields of an object inside."""
        return Fields(self._value(name), f"{self._at}.{name}" if self._at else name)

    def _value(self, name: str) -> Any:
        if name not in self._given:
            raise self._wrong(name, "is not there")
        return self._given[name]

    def _wrong(self, name: str, what: str) -> Wrong:
        return Wrong(f"`{self._at + '.' if self._at else ''}{name}` {what}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_place(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < SIZE
