"""The topologies of a result by their keys, as all sections name them."""

from __future__ import annotations

from typing import Any

from moaql.report.html.text import cut, shown
from moaql.report.words import NOTHING, number, signed

NAME = 240
"""Characters of a name: longer ones are cut, their whole text is in `result.json`."""


def trials(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The trials by key; of several with one key, the last."""
    return {each["key"]: each for each in result["trials"]}


def name_of(result: dict[str, Any], key: str) -> str:
    """The name of a topology; its key where nothing names it."""
    for each in (*result["trials"], *result["confirmed"]):
        if each["key"] == key:
            return cut(each["name"], NAME)
    return cut(key, NAME)


def ends(interval: tuple[float, float] | None) -> str:
    """An interval of scores."""
    return NOTHING if interval is None else f"{number(interval[0], 2)} to {number(interval[1], 2)}"


def signed_ends(interval: tuple[float, float] | None) -> str:
    """An interval of differences."""
    return NOTHING if interval is None else f"{signed(interval[0], 2)} to {signed(interval[1], 2)}"


def seconds(value: float | None) -> str:
    """Seconds, or minutes and hours where there are many."""
    if value is None:
        return NOTHING
    if value < 90:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 5400 else f"{value / 3600:.1f} h"


def whole(value: int | None) -> str:
    """A count; a very large one by its power of ten."""
    if value is None:
        return NOTHING
    return f"{value:,}" if value < 10**15 else f"about 10^{len(str(value)) - 1}"


def settings(params: dict[str, Any]) -> str:
    """What the holes of the space were filled with."""
    return "\n".join(f"{name} = {cut(shown(value), NAME)}" for name, value in params.items())
