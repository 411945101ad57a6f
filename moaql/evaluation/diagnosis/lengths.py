"""Whether answers grow longer through the layers, and whether the longer ones are right more often."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.evaluation.diagnosis.figures import correlation, mean
from moaql.evaluation.diagnosis.heard import answers_question
from moaql.graph.nodes import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.evaluation.diagnosis.heard import Heard
    from moaql.graph.nodes import Graph


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long answers are as others to the same items: the geometric mean, with its 95 % interval.

    Attributes:
        value: The ratio.
        low: Lower end; None with fewer than two items.
        high: Upper end, likewise.
        items: Items that have both.
    """

    value: float
    low: float | None
    high: float | None
    items: int


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """The answers of all calls of one depth.

    Attributes:
        depth: 1 for calls that read no other answer, 2 for those that read answers of depth 1, and so on.
        name: Where the calls stand: `layer1`, `agg`, …
        purpose: `propose` or `aggregate`.
        calls: Calls in the topology.
        answers: Answers to all items.
        tokens: Their mean tokens, reasoning included.
        ratio: To the answers of depth 1, item by item; None for those themselves.
        with_right: Correlation of length with being right, over all answers; if harder items have longer answers, it shows here.
        within_items: The same among the answers to one item, so that the items' difficulty takes no part.
    """

    depth: int
    name: str
    purpose: str
    calls: int
    answers: int
    tokens: float | None
    ratio: Ratio | None
    with_right: float | None
    within_items: float | None


def lengths_of(graph: Graph, heard: Sequence[Heard]) -> tuple[LevelFigures, ...]:
    """The answers' lengths by depth in the topology.

    Args:
        graph: The topology.
        heard: All items.
    """
    depths = _depths(graph)
    levels = sorted({(depth, call.purpose) for call, depth in depths})
    first = [call.id for call, depth in depths if depth == 1]
    found = []
    for depth, purpose in levels:
        nodes = [call.id for call, deep in depths if (deep, call.purpose) == (depth, purpose)]
        found.append(_level(depth, purpose, nodes, first, heard))
    return tuple(found)


def _depths(graph: Graph) -> list[tuple[Call, int]]:
    """The calls that answer the question, with their depth."""
    depths: dict[str, int] = {}
    found = []
    for id, node in graph.nodes.items():
        below = max((depths[ref.node] for _, ref in node.inputs), default=0)
        answers = isinstance(node, Call) and answers_question(node.purpose)
        depths[id] = below + answers
        # What only replaces a lost call is no level of its own.
        if isinstance(node, Call) and node.purpose in ("propose", "aggregate"):
            found.append((node, depths[id]))
    return found


def _level(
    depth: int, purpose: str, nodes: Sequence[str], first: Sequence[str], heard: Sequence[Heard]
) -> LevelFigures:
    tokens: list[float] = []
    pairs: list[tuple[float, float]] = []
    centred: list[tuple[float, float]] = []
    for item in heard:
        said = [item.said[node] for node in nodes if node in item.said]
        tokens += [float(each.candidate.completion_tokens) for each in said]
        here = [
            (float(each.candidate.completion_tokens), float(bool(each.right)))
            for each in said
            if each.score is not None
        ]
        pairs += here
        if len(here) > 1:
            lengths, rights = (math.fsum(each) / len(here) for each in zip(*here, strict=True))
            centred += [(length - lengths, right - rights) for length, right in here]
    return LevelFigures(
        depth=depth,
        name=_place(nodes),
        purpose=purpose,
        calls=len(nodes),
        answers=len(tokens),
        tokens=mean(tokens),
        ratio=_ratio(nodes, first, heard) if depth > 1 else None,
        with_right=_correlated(pairs),
        within_items=_correlated(centred),
    )


def _correlated(pairs: Sequence[tuple[float, float]]) -> float | None:
    return correlation([one for one, _ in pairs], [other for _, other in pairs])


def _place(nodes: Sequence[str]) -> str:
    """What the ids of the nodes begin with."""
    places = dict.fromkeys(node.rpartition("/")[0] or node.partition("#")[0] for node in nodes)
    first = next(iter(places))
    return first if len(places) == 1 else f"{first} and {len(places) - 1} more"


def _ratio(nodes: Sequence[str], first: Sequence[str], heard: Sequence[Heard]) -> Ratio | None:
    """Logarithms, because a ratio of 2 and one of 1/2 cancel out."""
    from scipy.stats import t

    logs = []
    for item in heard:
        long, short = (_mean_tokens(item, each) for each in (nodes, first))
        if long and short:
            logs.append(math.log(long / short))
    if not logs:
        return None
    centre = math.fsum(logs) / len(logs)
    if len(logs) < 2:
        return Ratio(math.exp(centre), None, None, len(logs))
    variance = math.fsum((each - centre) ** 2 for each in logs) / (len(logs) - 1)
    reach = float(t.ppf(0.975, len(logs) - 1)) * math.sqrt(variance / len(logs))
    return Ratio(math.exp(centre), math.exp(centre - reach), math.exp(centre + reach), len(logs))


def _mean_tokens(item: Heard, nodes: Sequence[str]) -> float | None:
    return mean([float(item.said[node].candidate.completion_tokens) for node in nodes if node in item.said])
