"""What the calls of a topology answered to each item, read and scored: what all of the diagnosis is counted from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moaql.answers.readings import readings
from moaql.metrics.base import MetricFailed
from moaql.run.events import CallFinished

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.answers.candidate import Candidate
    from moaql.datasets.items import EvalItem
    from moaql.errors import BudgetReached
    from moaql.evaluation.diagnosis.conduct import Conduct
    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Event

READABLE = ("exact", "number", "choice", "literal")
"""Metrics that read the answer in a text, so that two answers can be compared with each other and voted on."""
HALF = 0.5
"""From this score on, a graded answer counts as right."""
_AT_ONCE = 64
"""Items whose texts are scored at a time."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One answer of one call.

    Attributes:
        candidate: The answer, with its tokens and its cost.
        score: From 0 to 1; None where it could not be measured, such as by a judge who said nothing readable.
        reading: The answer in a spelling in which equal answers of one item are equal; None where none is given, or the metric
            reads none.
    """

    candidate: Candidate
    score: float | None
    reading: str | None = None

    @property
    def right(self) -> bool | None:
        """Whether it counts as right; None where it was not measured."""
        return None if self.score is None else self.score >= HALF


@dataclass(frozen=True)
class Heard:
    """One item.

    Attributes:
        item: Of the eval set.
        outcome: What came of it, as `moaql eval` has it.
        said: The answers that calls gave to the question, by node.
        lost: Nodes whose calls failed: they were asked, and count as wrong.
    """

    item: EvalItem
    outcome: Outcome
    said: Mapping[str, Spoken]
    lost: frozenset[str] = frozenset()


def reading_of(task: Task) -> str | None:
    """How the metric reads the answer in a text (`exact`, `number`, …); None where it reads none."""
    return task.metric_name if task.metric_name in READABLE else None


async def hear(graph: Graph, task: Task, conduct: Conduct) -> tuple[tuple[Heard, ...], BudgetReached | None]:
    """Ask a topology every item, and score every answer of every call.

    Answers that the bank or a recording holds cost nothing.

    Args:
        graph: The topology.
        task: The items and the metric.
        conduct: How to ask.

    Returns:
        The items that are done, in order; and what ended it before all were, where the budget did.

    Raises:
        BankError, NotBanked, UsageError: and what was paid for is in the bank.
        ProviderError: if a judge cannot be asked.
        BudgetReached: if it ends while a judge scores the answers.
    """
    ears = [_Ear() for _ in task.items]
    outcomes: dict[int, Outcome] = {}
    measured = await conduct.measure(
        {graph.name: graph},
        task,
        on_outcome=outcomes.__setitem__,
        listener_of=lambda _name, position: ears[position],
    )
    done = sorted(outcomes)
    heard: list[Heard] = []
    for start in range(0, len(done), _AT_ONCE):
        some = done[start : start + _AT_ONCE]
        heard += await asyncio.gather(
            *(_read(task, task.items[at], outcomes[at], ears[at], conduct.caller) for at in some)
        )
    return tuple(heard), measured.ended


@dataclass
class _Ear:
    """Hears what the calls of one item say."""

    said: dict[str, Candidate] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def __call__(self, event: Event) -> None:
        if not isinstance(event, CallFinished) or not answers_question(event.node.purpose):
            return
        if event.candidate is not None:
            self.said[event.node.id] = event.candidate
        elif not event.node.model.id.startswith("recorded/"):
            # A recording that holds no answer was never asked; any other call that gives none has failed.
            self.lost.add(event.node.id)


def answers_question(purpose: str) -> bool:
    """Whether calls of this purpose answer the question, and do not judge, rank or sort."""
    return purpose.removesuffix(" instead") in ("propose", "aggregate")


async def _read(task: Task, item: EvalItem, outcome: Outcome, ear: _Ear, caller: Caller) -> Heard:
    """The answers of an item, each distinct one scored once."""
    said = list(ear.said.values())
    by = reading_of(task)
    read: list[str | None] = readings(said, by) if by is not None else [None] * len(said)
    scores: dict[tuple[str, tuple[str, ...] | None], float | None] = {}
    for each in said:
        if (each.text, each.stated) not in scores:
            scores[each.text, each.stated] = await score_of(task, each, item, caller)
    spoken = {
        node: Spoken(each, scores[each.text, each.stated], reading)
        for (node, each), reading in zip(ear.said.items(), read, strict=True)
    }
    return Heard(item, outcome, spoken, frozenset(ear.lost))


async def score_of(task: Task, answer: Candidate, item: EvalItem, caller: Caller) -> float | None:
    """The score of an answer: 0 where the user's metric fails on it, None where a judge's verdict cannot be read."""
    try:
        score = await task.score(answer, item, caller)
    except MetricFailed:
        return 0.0
    return None if score.unreadable else score.value
