"""Worlds as JSON files: read, checked, and laid over the built-in one.

Every mistake is told with its place in the file, such as `models.fox.ability.math`.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import MISSING, fields, replace
from functools import lru_cache
from typing import Any, TypeVar

from moaql.diagnostics import suggest
from moaql.errors import UsageError
from moaql.simulation.world import Aggregation, Category, Instructions, Judging, Model, Open, World

T = TypeVar("T")

BUILT_IN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "world.json")
SECTIONS: dict[str, type] = {
    "aggregation": Aggregation,
    "instructions": Instructions,
    "judging": Judging,
    "open": Open,
}
TOP = {"name", "seed", "temperature", "models", "keep_models", "categories", "aliases", *SECTIONS}
STYLES = ("plain", "bold", "boxed", "json")
SHARES = frozenset({
    "loading", "redraw", "tail", "stick", "label_noise", "derail", "loose_ending", "malformed",
})  # fmt: skip
POSITIVE = frozenset({"speed", "spread", "points"})
NOT_NEGATIVE = frozenset(
    {"zipf_spread", "token_spread", "delay", "context", "noise", "subject", "obvious", "own", "sample", "most"}
)
LARGEST = 1e6
_DEFAULTS: dict[str, Any] = {"str": "", "int": 0, "float": 0.0, "bool": False}


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A mistake at a place in the file."""

    def __init__(self, place: str, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.place, self.message, self.next_step = place, message, next_step


def load_world(path: str | None = None) -> World:
    """The world of a file, or the built-in one.

    Args:
        path: A JSON file; see `docs/simulated-models.md` for its form.

    Raises:
        UsageError: if the file cannot be read or is no world.
    """
    if path is None:
        return _built_in()
    try:
        state = os.stat(path)
    except OSError as error:
        raise UsageError(
            f"the world `{path}` cannot be read: {error.strerror}", "Give the path of a JSON file: `file=…`."
        ) from None
    return _read(path, state.st_mtime_ns, state.st_size)


def world_from(document: Any, place: str = "world") -> World:
    """The world that a JSON document describes, laid over the built-in one.

    Raises:
        UsageError: if it describes none; the message names the place.
    """
    try:
        return _world(document, _built_in())
    except _Wrong as wrong:
        where = f" at `{wrong.place}`" if wrong.place else ""
        raise UsageError(f"{place}{where}: {wrong.message}", wrong.next_step) from None


def simulated_price(name: str, path: str | None = None) -> tuple[float, float] | None:
    """Dollars per million prompt and completion tokens of `sim/NAME`; None where the world does not say, or has no such model.

    Raises:
        UsageError: if the world cannot be read.
    """
    model = load_world(path).models.get(name)
    price = model.price if model is not None else {}
    return (price["in"], price["out"]) if "in" in price and "out" in price else None


@lru_cache(maxsize=1)
def _built_in() -> World:
    with open(BUILT_IN, encoding="utf-8") as file:
        return _world(json.load(file), World(name="built-in"))


@lru_cache(maxsize=64)
def _read(path: str, modified: int, size: int) -> World:
    del modified, size  # they are there so that a file that was changed is read again
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except OSError as error:
        raise UsageError(f"the world `{path}` cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the world `{path}` is not JSON: {error}", "A world is one JSON object.") from None
    return world_from(document, path)


def _world(document: Any, base: World) -> World:
    given = _object(document, "")
    _known(given, TOP, "")
    changes: dict[str, Any] = {
        name: _value(given[name], kind, name) for name, kind in _TOP_KINDS.items() if name in given
    }
    for name, kind in SECTIONS.items():
        if name in given:
            changes[name] = _record(kind, given[name], name, getattr(base, name))
    changes["categories"] = {**base.categories, **_categories(given.get("categories", {}), base)}
    changes["aliases"] = {**base.aliases, **_texts(given.get("aliases", {}), "aliases")}
    if "models" in given:
        models = _models(given["models"], base)
        keep = _value(given.get("keep_models", False), "bool", "keep_models")
        changes["models"] = {**base.models, **models} if keep else models
    world = replace(base, **changes)
    for name, target in world.aliases.items():
        if target not in world.categories:
            raise _Wrong(f"aliases.{name}", f"no category is called `{target}`", suggest(target, world.categories))
    return world


_TOP_KINDS = {"name": "str", "seed": "int", "temperature": "float"}


def _categories(given: Any, base: World) -> dict[str, Category]:
    start = base.categories.get("general", Category())
    return {
        name: _record(Category, value, f"categories.{name}", base.categories.get(name, start))
        for name, value in _object(given, "categories").items()
    }


def _models(given: Any, base: World) -> dict[str, Model]:
    models: dict[str, Model] = {}
    for name, value in _object(given, "models").items():
        place = f"models.{name}"
        rest = dict(_object(value, place))
        start = base.models.get(name, base.models.get("medium", Model(family=name)))
        like = rest.pop("like", None)
        if like is not None:
            known = {**base.models, **models}
            if like not in known:
                raise _Wrong(f"{place}.like", f"no model is called `{like}`", suggest(str(like), known))
            start = known[like]
        model = _record(Model, rest, place, start)
        if model.style not in STYLES:
            raise _Wrong(f"{place}.style", f"`{model.style}` is no style", f"It is one of {', '.join(STYLES)}.")
        models[name] = model
    if not models:
        raise _Wrong("models", "there is no model", "Leave `models` out to have the built-in ones.")
    return models


def _record(kind: type[T], given: Any, place: str, start: T) -> T:
    """A record with the given fields laid over another of its kind; a map is laid over a map."""
    values = _object(given, place)
    kinds = {each.name: _kind(each) for each in fields(kind)}  # type: ignore[arg-type]
    _known(values, kinds, place)
    changes: dict[str, Any] = {}
    for name, value in values.items():
        at = f"{place}.{name}"
        if kinds[name] == "map":
            checked = {key: _number(each, key, f"{at}.{key}") for key, each in _object(value, at).items()}
            changes[name] = {**getattr(start, name), **checked}
        else:
            changes[name] = _value(value, kinds[name], at)
    return replace(start, **changes)  # type: ignore[type-var]


def _kind(each: Any) -> str:
    if each.default is MISSING:
        return "map"
    return type(each.default).__name__


def _value(value: Any, kind: str, place: str) -> Any:
    name = place.rpartition(".")[2]
    if kind == "float":
        return _number(value, name, place)
    if kind == "int":
        if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) < value < 2**63:
            raise _Wrong(place, f"{_shown(value)} is no whole number")
        _number(value if name != "seed" else 0, name, place)
        return value
    wanted = {"str": str, "bool": bool}[kind]
    if not isinstance(value, wanted):
        raise _Wrong(place, f"{_shown(value)} is no {'text' if kind == 'str' else 'true or false'}")
    return value


def _number(value: Any, name: str, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Wrong(place, f"{_shown(value)} is no number")
    number = float(value)
    section = place.split(".")
    share = name in SHARES or "loading" in section[-2:]
    if share and not 0 <= number <= 1:
        raise _Wrong(place, f"{number:g} is no share", "It is a number from 0 to 1.")
    if (name in POSITIVE or "tokens" in section[-2:]) and number <= 0:
        raise _Wrong(place, f"{number:g} is too small", "It must be above 0.")
    if "price" in section[-2:] and name not in ("in", "out"):
        raise _Wrong(place, f"a price has no `{name}`", "It has `in` and `out`, dollars per million tokens.")
    if (name in NOT_NEGATIVE or "price" in section[-2:]) and number < 0:
        raise _Wrong(place, f"{number:g} is too small", "It must not be below 0.")
    if abs(number) > LARGEST * 10 or (name == "points" and number > 20):
        raise _Wrong(place, f"{number:g} is too large")
    return number


def _texts(given: Any, place: str) -> dict[str, str]:
    return {name.lower(): _value(value, "str", f"{place}.{name}") for name, value in _object(given, place).items()}


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(place, f"{_shown(value)} is no object", "Write `{…}` with names and values.")
    return value


def _known(given: dict[str, Any], names: Any, place: str) -> None:
    for name in given:
        if name not in names:
            at = f"{place}.{name}" if place else name
            raise _Wrong(
                at, f"nothing is called `{name}`", suggest(name, names) or f"It may hold {', '.join(sorted(names))}."
            )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return f"`{text[:37]}…`" if len(text) > 40 else f"`{text}`"
