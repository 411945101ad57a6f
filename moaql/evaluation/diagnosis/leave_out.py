"""What a vote loses when one of its members is left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.evaluation.compare import Comparison, compare, holm
from moaql.evaluation.votes import RIGHT, vote
from moaql.graph.nodes import Call, Graph, Reduce
from moaql.stages.base import Bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.evaluation.votes import Answers
    from moaql.graph.nodes import Node


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The vote of all members against the vote without one of them.

    Attributes:
        member: Who is left out.
        vote: Accuracy of the vote of all.
        without: Accuracy of the vote without the member.
        comparison: How much better all are than all without the member: negative where the member does harm. Its p is adjusted for
            all members (Holm 1979).
        topology: The same for the score of the topology itself, where it was run without the member.
    """

    member: str
    vote: float
    without: float
    comparison: Comparison
    topology: Comparison | None = None


def leave_out_each(answers: Answers) -> tuple[LeftOut, ...]:
    """What the majority vote of all members loses without each of them.

    Args:
        answers: Of all members. Of a single one there is nothing to leave out, and nothing is given.
    """
    count = len(answers.members)
    if count < 2:
        return ()
    full = (vote(answers) == RIGHT).astype(float).tolist()
    found = []
    for left_out, name in enumerate(answers.members):
        rest = answers.only([member for member in range(count) if member != left_out])
        less = (vote(rest) == RIGHT).astype(float).tolist()
        found.append(LeftOut(name, sum(full) / len(full), sum(less) / len(less), compare(full, less)))
    adjusted = holm([each.comparison.p for each in found])
    return tuple(
        replace(each, comparison=replace(each.comparison, adjusted=p)) for each, p in zip(found, adjusted, strict=True)
    )


def only_selects(graph: Graph) -> bool:
    """Whether a topology asks its members and selects among their answers: no call reads one, and no gate decides what is asked."""
    return all(
        (isinstance(node, Call) and not node.inputs)
        or (isinstance(node, Reduce) and node.operation not in ("choose", "fallback"))
        for node in graph.nodes.values()
    )


def without(graph: Graph, node: str) -> Graph | None:
    """A topology that only selects, without one of its members.

    Args:
        graph: See `only_selects`.
        node: Id of the member's call.

    Returns:
        The smaller topology under the same name; None where a node is left without inputs, or a quorum asks for more than are left.
    """
    nodes: dict[str, Node] = {}
    for id, each in graph.nodes.items():
        if id == node:
            continue
        inputs = tuple((role, ref) for role, ref in each.inputs if ref.node != node)
        if not isinstance(each, Reduce) or len(inputs) == len(each.inputs):
            nodes[id] = each
            continue
        smaller = _smaller(each, len(inputs))
        if smaller is None:
            return None
        nodes[id] = replace(smaller, inputs=inputs)
    outputs = tuple(ref for ref in graph.outputs if ref.node != node)
    return Graph(graph.name, nodes, outputs) if outputs else None


def _smaller(node: Reduce, left: int) -> Reduce | None:
    """The reduction with so many inputs; None where it cannot do with them."""
    parameters = dict(node.parameters)
    if not left or (node.operation == "quorum" and parameters["need"] > left):
        return None
    if parameters.get("least") is not None:
        parameters["least"] = min(parameters["least"], left)
    return replace(
        node,
        parameters=tuple(sorted(parameters.items())),
        yields=Bounds(min(node.yields.low, left), min(node.yields.high, left)),
    )


def with_topology(
    found: Sequence[LeftOut], scores: Sequence[float], without_each: Sequence[Sequence[float] | None]
) -> tuple[LeftOut, ...]:
    """What leaving each out does, with what it does to the topology itself.

    Args:
        found: Of the vote.
        scores: Of the topology, an item each.
        without_each: Of the topology without each member, on the same items; None where it cannot do without.
    """
    compared = [None if less is None else compare(scores, less) for less in without_each]
    adjusted = iter(holm([each.p for each in compared if each is not None]))
    return tuple(
        each if own is None else replace(each, topology=replace(own, adjusted=next(adjusted)))
        for each, own in zip(found, compared, strict=True)
    )
