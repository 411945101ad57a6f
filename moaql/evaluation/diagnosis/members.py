"""The members of a topology: the calls that answer the question themselves, without having read another answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.evaluation.diagnosis.figures import Share, mean, share, total
from moaql.evaluation.votes import Answers, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.evaluation.diagnosis.heard import Heard, Spoken
    from moaql.graph.nodes import Call, Graph

MOST = 40
"""Members in matrices and subsets."""
_ENOUGH = 0.5
"""A member that was asked fewer of the items has no part in what is compared: too few items would be left."""
_TARGET = "\0"
"""Stands for all right answers; no answer is spelled so."""


@dataclass(frozen=True, slots=True)
class Member:
    """One call.

    Attributes:
        name: Its model's name; `qwen#1`, `qwen#2` where a model is asked several times.
        node: Id of the call.
        model: The model's name in the program.
        model_id: `provider/model`.
    """

    name: str
    node: str
    model: str
    model_id: str


@dataclass(frozen=True, slots=True)
class MemberFigures:
    """How good and how dear a member is, or all samples of a model together.

    Attributes:
        name: Of the member, or of the model.
        node: Id of the call; "" for a model.
        model: The model's name in the program.
        model_id: `provider/model`.
        samples: Calls an item; 1 for a member.
        asked: Answers that were measured, and calls that failed.
        lost: Calls that failed; each counts as wrong.
        right: Share of the asked that are right, with its interval. Several samples of an item are no more independent than one,
            so a model's interval counts each item once.
        score: Mean score, which differs from the share where the metric grades.
        cost: List dollars of an answer; None where a price is unknown or it never answered.
        tokens: Mean tokens of an answer, reasoning included.
    """

    name: str
    node: str
    model: str
    model_id: str
    samples: int
    asked: int
    lost: int
    right: Share | None
    score: float | None
    cost: float | None
    tokens: float | None


@dataclass(frozen=True, eq=False)
class Panel:
    """The members and the items that can be compared with one another.

    Attributes:
        members: Those that were asked at least half of the items, in order, 40 at most.
        items: Positions of the items that all of them were asked.
        answers: What they answered to those.
        readable: Whether equal wrong answers have equal codes. Where the metric reads no answers, none are equal.
        seldom: Names of the members that were asked too few items.
        beyond: Names of the members that are too many.
    """

    members: tuple[Member, ...]
    items: tuple[int, ...]
    answers: Answers | None
    readable: bool
    seldom: tuple[str, ...]
    beyond: tuple[str, ...]


def members_of(graph: Graph) -> tuple[Member, ...]:
    """The members of a topology, in order.

    Args:
        graph: The topology. Its spare calls, which are made only when others fail, are no members.
    """
    calls = member_calls(graph)
    several = Counter(call.model.name for call in calls)
    seen: Counter[str] = Counter()
    members = []
    for call in calls:
        name = call.model.name
        seen[name] += 1
        members.append(Member(f"{name}#{seen[name]}" if several[name] > 1 else name, call.id, name, call.model.id))
    return tuple(members)


def member_calls(graph: Graph) -> list[Call]:
    """Their calls, in the same order."""
    return [call for call in graph.calls if call.purpose == "propose" and not call.inputs]


def figures_of(members: Sequence[Member], heard: Sequence[Heard]) -> tuple[MemberFigures, ...]:
    """How good and how dear each member is."""
    return tuple(_figures(each.name, each.node, (each,), heard) for each in members)


def figures_by_model(members: Sequence[Member], heard: Sequence[Heard]) -> tuple[MemberFigures, ...]:
    """The same for each model, all of its samples together."""
    names = dict.fromkeys(each.model for each in members)
    return tuple(_figures(name, "", [each for each in members if each.model == name], heard) for name in names)


def _figures(name: str, node: str, members: Sequence[Member], heard: Sequence[Heard]) -> MemberFigures:
    said: list[Spoken] = []
    lost = 0
    rights, scores = [], []  # one an item
    for item in heard:
        found = [item.said[each.node] for each in members if each.node in item.said]
        failed = sum(each.node in item.lost for each in members)
        measured = [each for each in found if each.score is not None]
        said += found
        lost += failed
        if measured or failed:
            count = len(measured) + failed
            rights.append(sum(bool(each.right) for each in measured) / count)
            scores.append(sum(each.score or 0.0 for each in measured) / count)
    measured_calls = sum(each.score is not None for each in said)
    return MemberFigures(
        name=name,
        node=node,
        model=members[0].model,
        model_id=members[0].model_id,
        samples=len(members),
        asked=measured_calls + lost,
        lost=lost,
        right=share(rights),
        score=mean(scores),
        cost=_average([each.candidate.cost for each in said]),
        tokens=mean([float(each.candidate.completion_tokens) for each in said]),
    )


def _average(costs: Sequence[float | None]) -> float | None:
    whole = total(costs)
    return None if whole is None or not costs else whole / len(costs)


def panel_of(members: Sequence[Member], heard: Sequence[Heard], *, readable: bool) -> Panel:
    """The members and the items that can be compared, and what was answered.

    Args:
        members: All members.
        heard: All items.
        readable: Whether the metric reads answers, so that wrong ones can be compared.
    """
    asked = {each.node: [_asked(item, each.node) for item in heard] for each in members}
    often = [each for each in members if heard and sum(asked[each.node]) >= _ENOUGH * len(heard)]
    chosen = tuple(often[:MOST])
    items = tuple(at for at in range(len(heard)) if all(asked[each.node][at] for each in chosen)) if chosen else ()
    seldom = tuple(each.name for each in members if each not in often)
    answers = _answers(chosen, [heard[at] for at in items], readable) if items else None
    return Panel(chosen, items, answers, readable, seldom, tuple(each.name for each in often[MOST:]))


def _asked(item: Heard, node: str) -> bool:
    said = item.said.get(node)
    return node in item.lost or (said is not None and said.score is not None)


def _answers(members: Sequence[Member], heard: Sequence[Heard], readable: bool) -> Answers:
    said = {each.name: [_spelled(item.said.get(each.node), each.name, readable) for item in heard] for each in members}
    return encode(said, [_TARGET] * len(heard))


def _spelled(said: Spoken | None, name: str, readable: bool) -> str | None:
    """The answer as votes compare it. Where the metric reads none, no two wrong answers are the same."""
    if said is None:
        return None
    if said.right:
        return _TARGET
    return said.reading if readable else f"wrong {name}"
