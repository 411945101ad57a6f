"""Right answers: their types, their texts, and what is wrong with a set that mixes types."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from moaql.answers.numbers import canonical
from moaql.errors import UsageError

_NUMBER = re.compile(r"\s*[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*")


def target_text(value: Any) -> str:
    """A target as text.

    Args:
        value: As JSON has it.

    Returns:
        A text as it is; a number as `answers.numbers.canonical` spells it (`1.0` is `1`); `true` or `false`; a list or an object as
        JSON with the names sorted; "" for None.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return canonical(Fraction(repr(value)))
    return json.dumps(_whole(value), ensure_ascii=False, sort_keys=True)


def target_texts(value: Any) -> tuple[str, ...]:
    """The elements of a list as texts, for metrics that take each of them for right; else the one text, or none."""
    if value is None:
        return ()
    return tuple(target_text(each) for each in value) if isinstance(value, list) else (target_text(value),)


def is_finite(value: Any) -> bool:
    """Whether there is no NaN and no infinity in a value. JSON has neither, but Python reads both."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(is_finite, value))
    return all(map(is_finite, value.values())) if isinstance(value, dict) else True


def type_of(value: Any) -> str:
    """The type of a target, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"


@dataclass
class Types:
    """The types of the targets of a set, as they are read one by one.

    Attributes:
        first: The line of the first target of each type.
        wordy: The line of the first text that is no number.
    """

    first: dict[str, int] = field(default_factory=dict)
    wordy: int | None = None

    def add(self, value: Any, line: int) -> None:
        """Count one target."""
        kind = type_of(value)
        self.first.setdefault(kind, line)
        if kind == "a text" and self.wordy is None and _NUMBER.fullmatch(value) is None:
            self.wordy = line

    def note(self, file: str) -> str:
        """What is to be said of the set: "" for targets of one type.

        Returns:
            For numbers of which some are written in quotes, that all are read as texts.

        Raises:
            UsageError: if the types differ in more than how numbers are written.
        """
        if len(self.first) < 2:
            return ""
        (one, line), (other, later) = list(self.first.items())[:2]
        if set(self.first) == {"a text", "a number"}:
            if self.wordy is None:
                quoted, plain = self.first["a text"], self.first["a number"]
                return (
                    f"some targets are numbers in quotes (line {quoted}), some plain (line {plain}): all are texts here"
                )
            line, later = sorted((self.wordy, self.first["a number"]))
            one, other = ("a text", "a number") if line == self.wordy else ("a number", "a text")
        raise UsageError(
            f"{file}:{later}: the target is {other}, and that of line {line} is {one}",
            "Write all targets as one type; numbers beside texts go in quotes.",
        )


def _whole(value: Any) -> Any:
    """Whole numbers without their `.0`, wherever they stand."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return {name: _whole(each) for name, each in value.items()} if isinstance(value, dict) else value
