"""Each model that a topology names, tried as its aggregator: skill at answering and skill at aggregating are two things."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.evaluation.compare import Comparison, holm
from moaql.evaluation.diagnosis.rewrite import NoVariant, aggregator_of, with_aggregator
from moaql.evaluation.diagnosis.trials import Trial, paired, trial_of

if TYPE_CHECKING:
    from moaql.check.program import Model, Topology
    from moaql.errors import BudgetReached
    from moaql.evaluation.diagnosis.conduct import Conduct
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph


@dataclass(frozen=True)
class Swapped:
    """The topology with one model as its last aggregator.

    Attributes:
        model: Its name in the program.
        current: Whether it is the one that the program has.
        trial: What came of it.
        comparison: How much better it is than the current one, with p adjusted for all that were tried (Holm 1979); None for the
            current one.
    """

    model: str
    current: bool
    trial: Trial
    comparison: Comparison | None


@dataclass(frozen=True)
class Swap:
    """All aggregators that were tried.

    Attributes:
        tried: The current one first.
        notes: Which could not be tried, and why.
        items: Items that all were asked.
        ended: What ended it before all items were done, where the budget did.
    """

    tried: tuple[Swapped, ...]
    notes: tuple[str, ...]
    items: int
    ended: BudgetReached | None = None


def aggregators(topology: Topology, graph: Graph) -> tuple[dict[str, Graph], list[str]]:
    """The topology with each model that it names as its last aggregator, the current one first; and notes on the others.

    Raises:
        NoVariant: if it has no aggregator.
    """
    current = aggregator_of(graph)
    if current is None:
        raise NoVariant("the topology has no aggregator to swap")
    found, notes = {current.name: graph}, []
    for name, model in _models(graph).items():
        if name == current.name:
            continue
        try:
            found[name] = with_aggregator(topology, model)
        except NoVariant as error:
            notes.append(f"`{name}` was not tried as aggregator: {error}")
    if len(found) == 1 and not notes:
        notes.append("the topology names no other model")
    return found, notes


def _models(graph: Graph) -> dict[str, Model]:
    """The models of a topology by name, in order."""
    return {call.model.name: call.model for call in graph.calls}


async def swap(topology: Topology, graph: Graph, task: Task, conduct: Conduct) -> Swap:
    """Try each model that the topology names as its last aggregator, with all else the same.

    Args:
        topology: Without errors.
        graph: Its graph.
        task: The items and the metric.
        conduct: How to ask.

    Raises:
        NoVariant: if it has no aggregator.
        BankError, NotBanked, ProviderError, UsageError: see `moaql.evaluation.runner.measure`.
    """
    graphs, notes = aggregators(topology, graph)
    measured = await conduct.measure(graphs, task)
    trials = {name: trial_of(each) for name, each in measured.outcomes.items()}
    return Swap(_ranked(trials), tuple(notes), len(measured.items), measured.ended)


def _ranked(trials: dict[str, Trial]) -> tuple[Swapped, ...]:
    (current, own), *others = trials.items()
    found = [(name, trial, paired(trial, own)) for name, trial in others]
    compared = [each for _, _, each in found if each is not None]
    adjusted = iter(holm([each.p for each in compared]))
    rows = [
        Swapped(name, False, trial, replace(each, adjusted=next(adjusted)) if each is not None else None)
        for name, trial, each in found
    ]
    return (Swapped(current, True, own, None), *rows)
