"""Calls as expressions. Many that differ in one thing only become one line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

from moaql.exporting.code.layout import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.check.program import Model
    from moaql.exporting.code.prompts import PromptOf
    from moaql.graph.nodes import Call


@dataclass(frozen=True)
class Asked:
    """One call, as it is written.

    Attributes:
        model: Constant of its model.
        prompt: Function of its prompt.
        places: Which of the stage's candidates it shows; None where it shows none.
        sample: Index of its sample.
        rest: Further arguments.
    """

    model: str
    prompt: str
    places: tuple[int, ...] | None
    sample: int
    rest: tuple[str, ...]


def asked(
    call: Call,
    union: Sequence[Any],
    model_name: Callable[[Model], str],
    prompt_name: Callable[[PromptOf], str],
    prompt: PromptOf,
) -> Asked:
    """A call of a stage whose calls together show the candidates of `union`."""
    places = tuple(union.index(ref) for _, ref in call.inputs) if call.inputs else None
    reads = dict(call.reads)
    rest: list[str] = []
    if call.purpose.startswith("rank") and len(call.inputs) > 1:
        rest.append("least=2")  # nobody is paid to order one
    if reads.get("shuffle"):
        rest.append(f"shuffled={quoted(call.id)}")
    if reads.get("truncated", "keep") != "keep":
        rest.append(f"truncated={quoted(str(reads['truncated']))}")
    rest += [f"{name}={_value(value)}" for name, value in call.settings if value is not None]
    if call.model.alternatives:
        others = [f"({model_name(each)}, {_settings(each)})" for each in call.model.alternatives]
        rest.append(f"instead=[{', '.join(others)}]")
    return Asked(model_name(call.model), prompt_name(prompt), places, call.sample, tuple(rest))


def _settings(model: Model) -> str:
    return "{" + ", ".join(f'"{name}": {_value(value)}' for name, value in model.settings if value is not None) + "}"


def _value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]"
    return quoted(value) if isinstance(value, str) else repr(value)


def expressions(calls: Sequence[Asked], count: int, form: str = "self.run.ask({})") -> list[str]:
    """Entries of a list of calls, with a `*` in front of those that are several.

    Args:
        calls: In order.
        count: How many candidates the stage reads.
        form: How one call is written around its arguments.
    """
    out: list[str] = []
    start = 0
    while start < len(calls):
        end = start + 1
        while end < len(calls) and _alike(calls[start], calls[end], calls[start:end]):
            end += 1
        out += _run(calls[start:end], count, form)
        start = end
    return out


def needs_itertools(entries: Sequence[str]) -> set[str]:
    """Which functions of itertools the entries use."""
    return {name for name in ("permutations", "combinations") if any(f"{name}(seen" in each for each in entries)}


def _alike(first: Asked, other: Asked, before: Sequence[Asked]) -> bool:
    if (first.model, first.prompt, first.rest) != (other.model, other.prompt, other.rest):
        return False
    by_sample = other.places == first.places and other.sample == before[-1].sample + 1
    by_sample = by_sample and all(each.places == first.places for each in before)
    by_place = other.sample == first.sample and other.places is not None and other.places != first.places
    return by_sample or (by_place and all(each.sample == first.sample for each in before))


def _run(calls: Sequence[Asked], count: int, form: str) -> list[str]:
    first = calls[0]
    if len(calls) == 1:
        return [form.format(_arguments(first, _seen(first.places, count), str(first.sample)))]
    if first.places == calls[1].places:
        samples = f"range({len(calls)})" if first.sample == 0 else f"range({first.sample}, {calls[-1].sample + 1})"
        one = form.format(_arguments(first, _seen(first.places, count), "sample"))
        return [f"*({one} for sample in {samples})"]
    places = [each.places for each in calls]
    if places == [(place,) for place in range(count)]:
        return [f"*({form.format(_arguments(first, '[each]', str(first.sample)))} for each in seen)"]
    one = form.format(_arguments(first, "shown", str(first.sample)))
    if places == list(permutations(range(count), 2)):
        return [f"*({one} for shown in permutations(seen, 2))"]
    if places == [each for size in range(count, 0, -1) for each in combinations(range(count), size)]:
        return [f"*({one} for size in range({count}, 0, -1) for shown in combinations(seen, size))"]
    one = form.format(_arguments(first, "[seen[place] for place in places]", str(first.sample)))
    return [f"*({one} for places in {places!r})"]


def _seen(places: tuple[int, ...] | None, count: int) -> str:
    if places is None:
        return ""
    if places == tuple(range(count)):
        return "seen"
    return f"[{', '.join(f'seen[{place}]' for place in places)}]"


def _arguments(call: Asked, seen: str, sample: str) -> str:
    arguments = [call.model, call.prompt, *([seen] if seen else [])]
    if sample != "0":
        arguments.append(f"sample={sample}")
    return ", ".join([*arguments, *call.rest])


def listed(entries: Sequence[str]) -> str:
    """The entries as a list."""
    if len(entries) == 1 and entries[0].startswith("*("):
        return f"[{entries[0][2:-1]}]"
    return f"[{', '.join(entries)}]"
