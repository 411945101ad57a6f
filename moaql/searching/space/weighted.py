"""Fitted weights in a program's text: `weights=?` becomes `weights={qwen: 1, llama: 0.35}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.check.reach import reached
from moaql.errors import UsageError
from moaql.graph.build import build
from moaql.graph.fitted import unfitted
from moaql.graph.nodes import Reduce
from moaql.language import nodes as n
from moaql.language.holes import holes_in
from moaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moaql.check.program import Program, Topology

_NAME = re.compile(r"[A-Za-z_][\w.-]*")


def write_weights(program: Program, name: str, weights: Mapping[str, Mapping[str, float]]) -> str:
    """The program's text with weights in the votes of one of its topologies, formatted.

    Args:
        program: Without errors.
        name: Of the topology.
        weights: By id of the vote in its graph: weights by model. A vote that is not named gets equal ones.

    Raises:
        UsageError: if they cannot be written where they belong: one `weights=?` is several votes, or stands in an imported file.
    """
    from moaql.check.checker import check_source
    from moaql.language.formatter import format_source

    topology = program.topologies[name]
    spans, ids = sorted(_open(topology, program)), _votes(topology)
    if len(spans) != len(ids):
        raise UsageError(
            f"the weights of `{name}` cannot be written down: {len(spans)} times `weights=?` in this file are {len(ids)} votes",
            "Write each vote with `weights=?` once, in this file.",
        )
    text = program.source.text
    for span, vote in sorted(zip(spans, ids, strict=True), reverse=True):
        text = text[: span.start] + _written(weights.get(vote, {})) + text[span.end :]
    found = check_source(Source(text, program.source.name, program.source.path))
    graph, _ = build(found.topologies[name])
    placed = None if graph is None else [_stated(node) for node in graph.nodes.values() if isinstance(node, Reduce)]
    if placed is None or not all(dict(each) in placed for each in weights.values()):
        raise UsageError(f"the weights of `{name}` cannot be written down", "Write its votes in one pipeline.")
    return format_source(found.source)


def _open(topology: Topology, program: Program) -> Iterator[Span]:
    """Where `?` stands, in the order of the text."""
    for body, unit in reached(topology.body, topology.unit):
        if unit is program.unit:
            yield from (hole.span for hole in holes_in(body) if isinstance(hole, n.Fitted))


def _votes(topology: Topology) -> list[str]:
    graph, _ = build(topology, fitted=True)
    return [] if graph is None else [vote.id for vote in unfitted(graph)]


def _written(weights: Mapping[str, float]) -> str:
    entries = (f"{_key(name)}: {weight:g}" for name, weight in weights.items())
    return "{" + ", ".join(entries) + "}"


def _key(name: str) -> str:
    """A model by its name, or by its id in quotes."""
    return name if _NAME.fullmatch(name) else f'"{name}"'


def _stated(node: Reduce) -> dict[str, float]:
    weights = dict(node.parameters).get("weights")
    return {model.name: weight for model, weight in weights} if isinstance(weights, tuple) else {}
