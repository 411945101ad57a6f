"""What the values of holes are called, and the constants that stand for numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.language import nodes as n
from moaql.language.brackets import STRINGS_AND_COMMENTS
from moaql.language.printer import print_literal, print_pipeline, print_value
from moaql.searching.space.grid import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moaql.searching.space.points import Scalar
    from moaql.stages.base import Parameter

_LONGEST = 72
"""Characters of the text of an alternative that are shown."""
_MARKS = re.compile(STRINGS_AND_COMMENTS + r"|\?\(|[()]")


def value_of(part: n.Pipeline | n.Item) -> Scalar:
    """What a search calls an alternative: a constant by its value (dollars, seconds, shares, tokens), anything else by its text.

    A hole inside it is shown as `?`: it is a dimension of its own.
    """
    if isinstance(part, n.Item) and isinstance(part.value, n.Literal) and part.repeat is None:
        value = part.value.value
        return "none" if value is None else value
    return described(part)


def described(part: n.Pipeline | n.Item) -> str:
    """The text of an alternative or member, in one line. One that is nothing but a hole is shown in full."""
    if isinstance(part, n.Pipeline):
        text = print_pipeline(part)
    else:
        text = print_value(part.value)
        if part.repeat is not None:
            times = part.repeat.count
            text += f" x{times if isinstance(times, int) else print_value(times)}"
    shown = _without_holes(text)
    text = " ".join((text if shown == "?" else shown).split()).replace("] x", "]x").replace(") x", ")x")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _without_holes(text: str) -> str:
    """The text with `?` for each outermost hole."""
    shown, end, depth = "", 0, 0
    for mark in _MARKS.finditer(text):
        if depth == 0 and mark[0] == "?(":
            shown += text[end : mark.start()] + "?"
        if mark[0] in ("?(", "("):
            depth += bool(depth) or mark[0] == "?("
        elif mark[0] == ")" and depth:
            depth -= 1
            end = mark.end()
    return shown + text[end:]


def told_apart(values: Iterable[Scalar]) -> list[Scalar]:
    """The values with `#2` behind one that another alternative has already."""
    found: list[Scalar] = []
    for value in values:
        own, number = value, 1
        while own in found:
            number += 1
            own = f"{value}#{number}"
        found.append(own)
    return found


def literals_of(hole: n.Range, parameter: Parameter) -> dict[Scalar, n.Item]:
    """The constants that a range may become, by value, in the unit that it is written in.

    Whole numbers are those of a parameter that takes whole numbers, and those of a field of the data set whose ends are whole.
    """
    ends = (hole.low.value, hole.high.value)
    low, high = (float(end) if isinstance(end, int | float) else 0.0 for end in ends)
    step = hole.step.value if hole.step is not None else None
    field = parameter.name.startswith("field.") and all(isinstance(end, int) for end in ends)
    integer = parameter.kind == "integer" or (field and step in (None, 1))
    values = numbers(low, high, integer=integer, log=hole.log, step=float(step) if step is not None else None)
    return {value: n.Item(hole.span, _literal(hole.low, value)) for value in values}


def _literal(like: n.Literal, value: float) -> n.Literal:
    kind = like.kind
    if kind == "size" and value % 1000:
        kind = "number"
    bare = n.Literal(like.span, kind, value, "")
    return n.Literal(like.span, kind, value, print_literal(bare))
