"""Weights of votes: those that `moaql eval` fits, compared with equal ones and written into the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.errors import ProgramError, UsageError
from moaql.evaluation.fitting import Ballots, check_fit, fit_votes
from moaql.evaluation.runner import measure
from moaql.graph.build import build
from moaql.graph.fitted import unfitted, with_weights
from moaql.searching.space.weighted import write_weights
from moaql.source import Source, Span
from moaql.tuning.numbers.fitted import Contestant, Fitted, check_items, provenance
from moaql.tuning.numbers.sides import table_of
from moaql.tuning.numbers.texts import above

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.check.program import Program
    from moaql.evaluation.fitting import Fit
    from moaql.evaluation.outcome import Outcome
    from moaql.graph.nodes import Graph
    from moaql.tuning.numbers.goal import Goal
    from moaql.tuning.numbers.sides import Asking


async def fit_weights(program: Program, topology: str, asking: Asking, goal: Goal) -> Fitted:
    """Fit the weights of all votes with `weights=?` of a topology.

    Args:
        program: Without errors.
        topology: Name of one of its topologies; `weights=?` is the only hole in it.
        asking: The items, and how they are asked.
        goal: What is best; only what is said of it later depends on it.

    Raises:
        UsageError: if there is no such vote, it cannot be fitted, the set is too small, or there is nothing to learn.
        ProgramError: if another hole is left.
        BudgetReached, ProviderError, BankError, NotBanked: see `moaql.errors`.
    """
    graph, mistakes = build(program.topologies[topology], fitted=True)
    if graph is None:
        raise ProgramError(mistakes)
    if not unfitted(graph):
        raise UsageError(f"`{topology}` has no `weights=?` to fit", "Write one: `vote by=choice weights=?`.")
    check_items(asking.task)
    check_fit(topology, graph, asking.task)
    fit, came = await _fit(topology, graph, asking)
    return _fitted(program, topology, fit, came, asking, goal)


async def _fit(name: str, graph: Graph, asking: Asking) -> tuple[Fit, Mapping[str, tuple[Outcome, ...]]]:
    ballots, votes = Ballots(), unfitted(graph)
    everybody = with_weights(graph, {}, ask_all=True)
    equal = await asking.measure({name: everybody}, lambda topology, at: ballots.listener(topology, at, votes))
    fit = await fit_votes(name, graph, ballots, asking.task, asking.caller, asking.seed)
    keys = [item.key for item in asking.task.items]
    measured = await measure(
        lambda at: {"fitted": fit.graph(graph, keys[at], asking.seed)},
        asking.task,
        asking.caller,
        seed=asking.seed,
        at_once=asking.at_once,
        listeners=asking.listeners,
        on_outcome=asking.on_outcome,
    )
    if measured.ended is not None:
        raise measured.ended
    return fit, {"equal weights": equal[name], **measured.outcomes}


def _fitted(
    program: Program,
    topology: str,
    fit: Fit,
    came: Mapping[str, tuple[Outcome, ...]],
    asking: Asking,
    goal: Goal,
) -> Fitted:
    scores, costs, items = table_of(list(came.values()), list(came))
    check_items(asking.task, len(items))
    if all(len(set(each.scores.values())) == 1 for each in fit.whole.values()):
        raise UsageError(
            f"all weights of `{topology}` answer equally well: there is nothing to learn",
            "Its voters agree, or are all wrong. Ask the cheapest of them, or use another eval set.",
        )
    before, after = (
        Contestant(name, tuple(row.tolist()), float(cost.mean()))
        for name, row, cost in zip(came, scores, costs, strict=True)
    )
    weights = {vote: each.weights for vote, each in fit.whole.items()}
    methods = ", ".join(each.method for each in fit.whole.values())
    text = _commented(
        write_weights(program, topology, weights),
        program,
        topology,
        provenance(f"weights of {topology} by {methods}", asking.task, before, after, goal),
    )
    lines = tuple(
        f"{vote} by {each.method}: "
        + ", ".join(f"{name}: {weight:g}" for name, weight in each.weights.items() if weight)
        for vote, each in fit.whole.items()
    )
    best = ", ".join(f"{100 * each.scores['best member']:.1f}" for each in fit.whole.values())
    notes = (f"The best voter alone, found without the item, scores {best} where the vote is held.",)
    return Fitted("weights", before, after, (), weights, lines, goal, len(items), True, text, notes=notes)


def _commented(text: str, program: Program, topology: str, comment: str) -> str:
    """The text with a comment above the topology's statement."""
    from moaql.check.checker import check_source
    from moaql.language.formatter import format_source

    found = check_source(Source(text, program.source.name, program.source.path))
    body: Span = found.topologies[topology].body.span
    for statement in found.unit.module.statements:
        if statement.span.start <= body.start < statement.span.end:
            text = above(text, statement.span.start, comment)
    return format_source(Source(text, program.source.name, program.source.path))
