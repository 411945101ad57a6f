"""The thresholds of a topology: where they stand in its text, and which gates compare with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.check.reach import reached
from moaql.check.tables import SIGNALS
from moaql.errors import ProgramError, UsageError
from moaql.graph.build import build
from moaql.graph.nodes import Gate
from moaql.language import nodes as n
from moaql.language.holes import nodes_in
from moaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from moaql.check.program import Program
    from moaql.graph.nodes import Graph, Pairs

_SIGNS = (">=", "<=", ">", "<")
_STEP = 1e-6


@dataclass(frozen=True)
class Threshold:
    """A number that a condition compares a signal with.

    Attributes:
        name: Signal and place, such as `agreement@3:40` (line and column from 1).
        signal: Such as `agreement`.
        sign: `>=`, `<=`, `>` or `<`.
        value: The number as it stands there.
        span: Where it stands.
        low: The least number that makes sense; None where there is none.
        high: The greatest.
    """

    name: str
    signal: str
    sign: str
    value: float
    span: Span
    low: float | None
    high: float | None


def thresholds_of(program: Program, topology: str, only: Sequence[str] = ()) -> tuple[Threshold, ...]:
    """The thresholds of a topology, in the order of the text.

    Args:
        program: Without errors.
        topology: Name of one of its topologies; those that it uses count too, where they stand in the same file.
        only: Names of thresholds, signals, or lines; all where none is given.

    Raises:
        UsageError: if there is none, or none of such a name.
    """
    body = program.topologies[topology]
    found = {
        each.span: each
        for part, unit in reached(body.body, body.unit)
        if unit is program.unit
        for each in _in(part, program.source)
    }
    thresholds = tuple(found[span] for span in sorted(found))
    if not thresholds:
        raise UsageError(
            f"`{topology}` compares no signal with a number, so there is no threshold to fit",
            "Write one, such as `when agreement >= 2/3 { vote } else { … }`, in this file.",
        )
    known = ", ".join(each.name for each in thresholds)
    for name in only:
        if not any(_is_called(each, name) for each in thresholds):
            raise UsageError(f"`{topology}` has no threshold `{name}`", f"It has {known}.")
    return tuple(each for each in thresholds if not only or any(_is_called(each, name) for name in only))


def _in(part: n.Pipeline, source: Source) -> Iterator[Threshold]:
    for node in nodes_in(part):
        if not isinstance(node, n.Comparison) or node.operator not in _SIGNS or not isinstance(node.value, n.Literal):
            continue
        value, name = node.value, node.signal.text
        if isinstance(value.value, int | float) and not isinstance(value.value, bool):
            signal = SIGNALS[name.partition(".")[0]]
            line, column = source.place(value.span.start)
            place = f"{name}@{line}:{column}"
            yield Threshold(place, name, node.operator, float(value.value), value.span, signal.low, signal.high)


def _is_called(threshold: Threshold, name: str) -> bool:
    line = threshold.name.rpartition("@")[2].partition(":")[0]
    return name in (threshold.name, threshold.signal, line)


def replaced(text: str, values: Mapping[Span, str]) -> str:
    """The text with something else at some places."""
    for span, value in sorted(values.items(), reverse=True):
        text = text[: span.start] + value + text[span.end :]
    return text


@dataclass(frozen=True)
class Marked:
    """A topology's graph in which each threshold is a number that says which threshold it is.

    Attributes:
        graph: Only its decisions differ from the topology's graph.
        gates: By id of a gate: its condition, in order of the graph.
    """

    graph: Graph
    gates: Mapping[str, Pairs]


def marked(program: Program, topology: str, thresholds: Sequence[Threshold]) -> Marked:
    """The graph with marks. Gates that look alike but for their thresholds' places are kept apart.

    Raises:
        ProgramError: if a hole is left in the topology.
        UsageError: if a router that it needs is not there.
    """
    from moaql.check.checker import check_source

    marks = {each.span: f"{mark(number):.6f}" for number, each in enumerate(thresholds)}
    source = Source(replaced(program.source.text, marks), program.source.name, program.source.path)
    graph, mistakes = build(check_source(source).topologies[topology])
    if graph is None:
        raise ProgramError(build(program.topologies[topology])[1] or mistakes)
    known = {mark(number) for number in range(len(thresholds))}
    gates = {
        id: node.condition
        for id, node in graph.nodes.items()
        if isinstance(node, Gate) and any(each in known for each in _values(node.condition))
    }
    return Marked(graph, gates)


def mark(number: int) -> float:
    """What stands for a threshold, by its number."""
    return round((number + 1) * _STEP, 6)


def number_of(value: object, count: int) -> int | None:
    """Which of so many thresholds a value stands for; None for another constant."""
    return next((number for number in range(count) if value == mark(number)), None)


def _values(condition: Pairs) -> Iterator[object]:
    given = dict(condition)
    for name in ("all", "any"):
        for part in given.get(name, ()):
            yield from _values(part)
    if "not" in given:
        yield from _values(given["not"])
    if "compare" in given:
        yield given["value"]
