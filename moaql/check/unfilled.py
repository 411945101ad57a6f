"""Values that a hole leaves open, and what is known of them all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.language import nodes as n
from moaql.records import Record
from moaql.stages.base import Asked, Bounds

if TYPE_CHECKING:
    from collections.abc import Iterable


class Unfilled(Record):
    """A value that a hole leaves open.

    Attributes:
        options: What it may become, as far as that is a list.
        bounds: Least and greatest number, or number of answers asked for.
    """

    options: tuple[Any, ...]
    bounds: Bounds = Bounds(0, 0)


def size_of(entry: Any) -> Bounds:
    """How many answers one entry asks for; an inlined topology counts as one here."""
    if isinstance(entry, Unfilled):
        return entry.bounds
    samples = entry.samples
    return samples.bounds if isinstance(samples, Unfilled) else Bounds(samples, samples)


def total(entries: Iterable[Any], *, widest: bool = False) -> Bounds:
    """The bounds of the sum, or with `widest` of any one of the entries."""
    sizes = [size_of(entry) for entry in entries if isinstance(entry, Asked | Unfilled)]
    if widest:
        return Bounds(min((each.low for each in sizes), default=1), max((each.high for each in sizes), default=1))
    return Bounds(sum(each.low for each in sizes), sum(each.high for each in sizes))


def times(entry: Any, samples: Any) -> Any:
    """An entry asked for several times: more samples, or `Unfilled` where one of the two is."""
    if samples == 1:
        return entry
    times = samples.bounds if isinstance(samples, Unfilled) else Bounds(samples, samples)
    if isinstance(entry, Asked) and isinstance(samples, int) and isinstance(entry.samples, int):
        return Asked(entry.target, entry.samples * samples)
    size = size_of(entry)
    return Unfilled((entry,), Bounds(size.low * times.low, size.high * times.high))


def as_item(alternative: n.Pipeline | n.Item) -> n.Item:
    """An alternative of a hole as a value: a name, a repeated name, a list, or a pipeline in parentheses."""
    if isinstance(alternative, n.Item):
        return alternative
    if len(alternative.steps) == 1:
        step = alternative.steps[0]
        if isinstance(step, n.Stage) and not step.operands and not step.settings:
            return n.Item(step.span, step.name, step.repeat)
        if isinstance(step, n.HoleStep):
            return n.Item(step.span, step.hole, step.repeat)
        if isinstance(step, n.Group):
            return n.Item(step.span, step)
    return n.Item(alternative.span, n.Group(alternative.span, alternative))
