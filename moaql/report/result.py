"""`result.json`, what `moaql search` found: read and checked, so that what shows it may rely on every type.

Such a file may be edited by hand, cut off, or of a newer moaql. Keys that are not known are left out, optional ones that are
missing get an empty value, and anything of the wrong type is named with its place.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeAlias

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reader: TypeAlias = Callable[[Any, str], Any]
    """From a value and its place in the document to the value, checked; raises `_Unfit`."""

FORMAT = "moaql-search-1"
_MOST = 1e12
"""No score, dollar or second is beyond it."""
_NEXT = "Run `moaql search` again, or restore the file."


class _Unfit(ValueError):  # noqa: N818 - reads better where it is raised
    """A value is not what the format says; its text is a sentence."""


def read_result(path: str) -> dict[str, Any]:
    """Read the result of a search from a file.

    Args:
        path: Of a `result.json`.

    Returns:
        The document, with every key of the format; see `check_result`.

    Raises:
        UsageError: if there is no such file, or it is no result of a search, or one of a newer format.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            document = json.load(file)
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Check the path.") from None
    except UnicodeDecodeError:
        raise UsageError(f"`{path}` is no result of a search: it is not UTF-8 text", _NEXT) from None
    except json.JSONDecodeError as error:
        what = f"it is not whole JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        raise UsageError(f"`{path}` is no result of a search: {what}", _NEXT) from None
    except (RecursionError, ValueError):
        raise UsageError(f"`{path}` is no result of a search: it cannot be read as JSON", _NEXT) from None
    return check_result(document, path)


def check_result(document: Any, name: str = "result.json") -> dict[str, Any]:
    """The document with every key of the format: texts that are missing are "", lists are empty, all else is None.

    Args:
        document: What a `result.json` holds.
        name: Of the file, for messages.

    Raises:
        UsageError: if it is no result of a search, or one of a newer format.
    """
    found = document.get("format") if isinstance(document, dict) else None
    if not isinstance(found, str) or not found.startswith("moaql-search-"):
        raise UsageError(
            f"`{name}` is no result of a search: it has no `format`", "Give the folder that `moaql search` wrote."
        )
    if found != FORMAT:
        raise UsageError(
            f"`{name}` has the format `{found[:40]}`, and {FORMAT} is understood", "It is of another version of moaql."
        )
    try:
        checked: dict[str, Any] = _RESULT(document, "")
    except _Unfit as error:
        raise UsageError(f"`{name}` is no result of a search: {error}", _NEXT) from None
    return checked


def _text(value: Any, place: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unfit(f"`{place}` is no text")
    return value


def _number(value: Any, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unfit(f"`{place}` is no number")
    # NaN is how some writers spell that nothing is known.
    if isinstance(value, float) and math.isnan(value):
        return None
    if abs(value) > _MOST:
        raise _Unfit(f"`{place}` is too large a number")
    return float(value)


def _count(value: Any, place: str) -> int | None:
    if value is None:
        return None
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    # Spaces may have more points than there are dollars: counts have no upper end.
    if isinstance(whole, bool) or not isinstance(whole, int) or whole < 0:
        raise _Unfit(f"`{place}` is no count")
    return whole


def _dollars(value: Any, place: str) -> float | None:
    number = _number(value, place)
    if number is not None and number < 0:
        raise _Unfit(f"`{place}` is negative")
    return number


def _flag(value: Any, place: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise _Unfit(f"`{place}` is neither true nor false")
    return value


def _any(value: Any, place: str) -> Any:
    del place
    return value


def _object(value: Any, place: str) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise _Unfit(f"`{place}` is no object")
    return value


def _interval(value: Any, place: str) -> tuple[float, float] | None:
    if value is None:
        return None
    ends = [_number(each, place) for each in value] if isinstance(value, list) else []
    if len(ends) != 2:
        raise _Unfit(f"`{place}` is no interval of two numbers")
    low, high = ends
    return None if low is None or high is None else (min(low, high), max(low, high))


def _list(read: Reader) -> Reader:
    def reader(value: Any, place: str) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise _Unfit(f"`{place}` is no list")
        return [read(each, f"{place}[{at}]") for at, each in enumerate(value)]

    return reader


def _fields(required: tuple[str, ...], readers: Mapping[str, Reader]) -> Reader:
    """An object with these fields; None stays None."""

    def reader(value: Any, place: str) -> dict[str, Any] | None:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise _Unfit(f"`{place}` is no object")
        inside = f"{place}." if place else ""
        for name in required:
            if value.get(name) is None:
                raise _Unfit(f"`{inside}{name}` is missing")
        return {name: read(value.get(name), f"{inside}{name}") for name, read in readers.items()}

    return reader


def _needed(read: Reader) -> Reader:
    """An entry of a list, which cannot be null."""

    def reader(value: Any, place: str) -> Any:
        if value is None:
            raise _Unfit(f"`{place}` is null")
        return read(value, place)

    return reader


def _entries(required: tuple[str, ...], readers: Mapping[str, Reader]) -> Reader:
    return _list(_needed(_fields(required, readers)))


_KEYS = _list(_needed(_text))
_SCORE = _fields((), {"score": _number, "ci": _interval, "items": _count})
_TRIAL: dict[str, Reader] = {
    **dict.fromkeys(("key", "name", "source", "baseline", "kind", "state", "why"), _text),
    "items": _count,
    "score": _number,
    "ci": _interval,
    "cost": _dollars,
    "latency": _number,
    "paid": _dollars,
    "params": _object,
}
_CONFIRMED: dict[str, Reader] = {
    **dict.fromkeys(("key", "name", "role"), _text),
    "select": _SCORE,
    "report": _SCORE,
    "difference": _fields((), {"to": _text, "difference": _number, "ci": _interval, "p": _number}),
    "gap": _number,
}
_VALUE: dict[str, Reader] = {"value": _any, "mean": _number, "low": _number, "high": _number, "trials": _count}
_ANSWER: dict[str, Reader] = {
    **dict.fromkeys(("key", "name"), _text),
    "answer": _any,
    "right": _flag,
    "candidates": _entries((), {"model": _text, "text": _text, "right": _flag}),
}
_RESULT = _fields(
    ("search", "headline", "trials"),
    {
        **dict.fromkeys(("search", "file", "date", "headline", "stopped", "winner", "program", "diff"), _text),
        "simulated": _flag,
        "eval": _fields(
            (),
            {
                **dict.fromkeys(("name", "metric", "hash"), _text),
                "items": _fields((), {"search": _count, "select": _count, "report": _count}),
            },
        ),
        "goals": _fields((), {"maximize": _KEYS, "minimize": _KEYS, "limits": _KEYS}),
        "budget": _dollars,
        "paid": _dollars,
        "saved": _dollars,
        "seconds": _number,
        "confidence": _number,
        "space": _fields((), {"points": _count, "topologies": _count, "invalid": _count, "exact": _flag}),
        "trials": _entries(("key", "name"), _TRIAL),
        "frontier": _KEYS,
        "confirmed": _entries(("key", "name"), _CONFIRMED),
        "picks": _fields((), dict.fromkeys(("best_quality", "cheapest_tied", "within_limits"), _text)),
        "tied": _KEYS,
        "beaten": _flag,
        "curve": _entries(
            (), {"paid": _dollars, "seconds": _number, "quality": _number, "area": _number, "trials": _count}
        ),
        "holes": _entries(("name",), {"name": _text, "importance": _number, "values": _entries((), _VALUE)}),
        "graph": _object,
        "disagreements": _entries(
            ("id",), {"id": _any, "question": _any, "target": _any, "answers": _entries((), _ANSWER)}
        ),
    },
)
