"""All of the diagnosis of a topology, from the answers that its calls gave to an eval set.

Answers that the bank or a recording holds cost nothing. Members, matrices, subsets, aggregators and lengths are counted from the
topology's own run; only `everyone`, an attack and a swap ask for more.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.errors import ProviderError, UsageError
from moaql.evaluation.agreement import Diversity, diversity
from moaql.evaluation.diagnosis.aggregator import AggregatorFigures, aggregators_of
from moaql.evaluation.diagnosis.attack import Attack, attack
from moaql.evaluation.diagnosis.heard import Heard, hear, reading_of
from moaql.evaluation.diagnosis.leave_out import LeftOut, leave_out_each, only_selects, with_topology, without
from moaql.evaluation.diagnosis.lengths import LevelFigures, lengths_of
from moaql.evaluation.diagnosis.members import (
    Member,
    MemberFigures,
    Panel,
    figures_by_model,
    figures_of,
    members_of,
    panel_of,
)
from moaql.evaluation.diagnosis.notes import notes_on, unreadable
from moaql.evaluation.diagnosis.rewrite import NoVariant
from moaql.evaluation.diagnosis.subsets import Subsets, subsets_of
from moaql.evaluation.diagnosis.swap import Swap, swap
from moaql.evaluation.diagnosis.trials import Trial, trial_of
from moaql.evaluation.summary import unmeasured_because
from moaql.graph.nodes import Graph
from moaql.stages.base import Ref

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.program import Topology
    from moaql.errors import BudgetReached
    from moaql.evaluation.diagnosis.conduct import Conduct
    from moaql.evaluation.task import Task

MOST_RUNS = 10_000
"""Runs of smaller topologies at most, to see what leaving each member out does to the topology itself."""


@dataclass(frozen=True)
class Asked:
    """What is wanted besides what the topology's own run shows.

    Attributes:
        everyone: Whether each member is asked each item, also those that the topology would not have asked.
        attack: Whether one member is made deceptive.
        attacker: Name of that member; the most accurate of those that are compared where it is None.
        swap: Whether each model is tried as the aggregator.
    """

    everyone: bool = False
    attack: bool = False
    attacker: str | None = None
    swap: bool = False


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was found.

    Attributes:
        topology: Its name.
        items: Items that were asked.
        score: Of the topology itself.
        members: Each call that answers the question itself.
        models: The same by model.
        panel: The members and items that are compared in what follows.
        diversity: How the panel errs, each and together; None where it has no items.
        subsets: Votes of subsets; None where the metric reads no answers.
        leave_one_out: What the vote of all loses without each; empty where the metric reads no answers.
        aggregators: Each aggregating call, the last one first.
        lengths: Of the answers, by depth.
        attack: What a deceptive member does, where that was asked for.
        swap: Other aggregators, where that was asked for.
        notes: What else to know.
        simulated: Whether a simulated model took part.
        ended: What ended it early, where the budget did.
    """

    topology: str
    items: int
    score: Trial
    members: tuple[MemberFigures, ...]
    models: tuple[MemberFigures, ...]
    panel: Panel
    diversity: Diversity | None
    subsets: Subsets | None
    leave_one_out: tuple[LeftOut, ...]
    aggregators: tuple[AggregatorFigures, ...]
    lengths: tuple[LevelFigures, ...]
    attack: Attack | None
    swap: Swap | None
    notes: tuple[str, ...]
    simulated: bool
    ended: BudgetReached | None


async def diagnose(topology: Topology, graph: Graph, task: Task, asked: Asked, conduct: Conduct) -> Diagnosis:
    """Find out why a topology is as good as it is.

    Args:
        topology: Without errors.
        graph: Its graph.
        task: The items and the metric.
        asked: What is wanted.
        conduct: How to ask.

    Raises:
        UsageError: if the topology has one member, so that there is nothing to compare, or no member has the attacker's name.
        BudgetReached: if the budget ends before one item is done.
        BankError, NotBanked, ProviderError: and what was paid for is in the bank.
    """
    members = members_of(graph)
    _check(graph, members, asked.attacker)
    heard, ended = await _hear(graph, members, task, asked, conduct)
    if not heard:
        assert ended is not None
        raise ended
    why = unmeasured_because([each.outcome for each in heard])
    if why and not any(each.outcome.status == "failed" for each in heard):
        # Where it failed, its members may have been scored all the same; a note says so.
        raise ProviderError(f"`{graph.name}` cannot be diagnosed: {why}", "See `moaql run` for one question.")
    readable = reading_of(task) is not None
    panel = panel_of(members, heard, readable=readable)
    found = _figures(graph, members, heard, panel, ended)
    if not readable:
        found = replace(found, notes=(*found.notes, unreadable(task.metric_name)))
    if ended is not None:
        return found
    return await _asked_for(found, topology, graph, task, asked, conduct, heard)


def _check(graph: Graph, members: Sequence[Member], attacker: str | None) -> None:
    if len(members) < 2:
        what = f"one member, `{members[0].name}`" if members else "no member that answers the question itself"
        raise UsageError(
            f"`{graph.name}` has {what}: there is nothing to compare",
            "Diagnose a topology with at least two, such as `layer [a, b] -> vote`, or measure this one with `moaql eval`.",
        )
    if attacker is not None and attacker not in [each.name for each in members]:
        known = ", ".join(each.name for each in members)
        raise UsageError(f"`{graph.name}` has no member `{attacker}`", f"Its members are {known}.")


async def _hear(
    graph: Graph, members: Sequence[Member], task: Task, asked: Asked, conduct: Conduct
) -> tuple[tuple[Heard, ...], BudgetReached | None]:
    heard, ended = await hear(graph, task, conduct)
    if ended is not None or not asked.everyone:
        return heard, ended
    nodes = {each.node: graph.nodes[each.node] for each in members}
    more, ended = await hear(Graph(graph.name, nodes, tuple(Ref(node) for node in nodes)), task, conduct)
    if ended is not None:
        return heard, ended
    return tuple(_joined(one, other) for one, other in zip(heard, more, strict=True)), None


def _joined(one: Heard, other: Heard) -> Heard:
    """What was heard of an item in two runs; what failed in one and was answered in the other is not lost."""
    said = {**other.said, **one.said}
    return replace(one, said=said, lost=(one.lost | other.lost) - said.keys())


def _figures(
    graph: Graph, members: Sequence[Member], heard: Sequence[Heard], panel: Panel, ended: BudgetReached | None
) -> Diagnosis:
    """All that the run itself shows."""
    answers = panel.answers
    votes = answers if panel.readable and len(panel.members) > 1 else None
    return Diagnosis(
        topology=graph.name,
        items=len(heard),
        score=trial_of([each.outcome for each in heard]),
        members=figures_of(members, heard),
        models=figures_by_model(members, heard),
        panel=panel,
        diversity=diversity(answers) if answers is not None else None,
        subsets=subsets_of(votes) if votes is not None else None,
        leave_one_out=leave_out_each(votes) if votes is not None else (),
        aggregators=aggregators_of(graph, heard, readable=panel.readable),
        lengths=lengths_of(graph, heard),
        attack=None,
        swap=None,
        notes=tuple(notes_on(members, heard, panel)),
        simulated=any(each.outcome.simulated for each in heard),
        ended=ended,
    )


async def _asked_for(
    found: Diagnosis,
    topology: Topology,
    graph: Graph,
    task: Task,
    asked: Asked,
    conduct: Conduct,
    heard: Sequence[Heard],
) -> Diagnosis:
    """What has to be run besides."""
    found = await _leaving_out(found, graph, task, conduct, [each.outcome.score for each in heard])
    notes = list(found.notes)
    attacked, swapped = None, None
    if asked.attack:
        attacker = _attacker(found, asked.attacker, members_of(graph))
        try:
            attacked = await attack(topology, graph, task, attacker, conduct)
        except NoVariant as error:
            notes.append(f"`{attacker.name}` cannot be made deceptive: {error}")
    ended = attacked.ended if attacked is not None else None
    if asked.swap and ended is None:
        try:
            swapped = await swap(topology, graph, task, conduct)
        except NoVariant as error:
            notes.append(f"no aggregator was swapped: {error}")
    ended = swapped.ended if swapped is not None and ended is None else ended
    return replace(found, attack=attacked, swap=swapped, notes=tuple(notes), ended=ended)


def _attacker(found: Diagnosis, name: str | None, members: Sequence[Member]) -> Member:
    """The member of that name, or the most accurate one: the worst that can happen."""
    # Who was asked a single item, and was right, is not the best of all.
    compared = {each.name for each in found.panel.members} or {each.name for each in members}
    best = max(
        (each for each in found.members if each.name in compared),
        key=lambda each: each.right.value if each.right is not None else -1.0,
    ).name
    return next(each for each in members if each.name == (name or best))


async def _leaving_out(
    found: Diagnosis, graph: Graph, task: Task, conduct: Conduct, scores: Sequence[float | None]
) -> Diagnosis:
    """A topology that only selects is also run without each member: every answer that it needs is there already."""
    members = found.panel.members
    if not found.leave_one_out or not only_selects(graph) or len(members) * len(task.items) > MOST_RUNS:
        return found
    smaller = {each.name: without(graph, each.node) for each in members}
    graphs = {name: each for name, each in smaller.items() if each is not None}
    measured_at = [at for at, score in enumerate(scores) if score is not None]
    if not graphs or not measured_at:
        return found
    some = dataclasses.replace(task, items=tuple(task.items[at] for at in measured_at))
    measured = await conduct.measure(graphs, some)
    if measured.ended is not None:
        return replace(found, ended=measured.ended)
    full = [score for score in scores if score is not None]
    # Where a smaller panel has no answer, it has lost the item, as one that fails does.
    without_each = [
        [each.score or 0.0 for each in measured.outcomes[member.name]] if member.name in graphs else None
        for member in members
    ]
    return replace(found, leave_one_out=with_topology(found.leave_one_out, full, without_each))
