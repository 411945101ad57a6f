"""Scores and comparisons from Python: `moaql.evaluate(…)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from moaql.api.program import Program, Topology, now
from moaql.errors import UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from moaql.evaluation.summary import Evaluation
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.session import RunArguments


def evaluate(
    topologies: Program | Topology | Iterable[Topology],
    data: str | os.PathLike[str] | None = None,
    metric: str | None = None,
    *,
    limit: int | None = None,
    session: Caller | None = None,
    **options: Unpack[RunArguments],
) -> Evaluation:
    """Score topologies on the same items, and compare each with the first.

    Where an event loop is running already, an awaitable is returned; typed asynchronous code calls `aevaluate`.

    Args:
        topologies: Of one program; a program stands for all of its topologies.
        data: An eval set of the program, by name, or the path of a file. Without it, the program's only eval set.
        metric: Used instead of the one that the eval set states.
        limit: Only the first so many items.
        session: From `moaql.open_session`, to share bank, budget and connections; only for `aevaluate`.
        options: Of `moaql.Options`, such as `budget=2.50` (dollars).

    Returns:
        Its `rows` and `pairs`; `as_json()` is the document of `moaql eval --json`.

    Raises:
        UsageError: if there is no such eval set or metric, or an item cannot be used.
        ProgramError: if a hole other than `weights=?` is left in a topology.
        BudgetReached: if not even one item could be paid for. Otherwise `ended` says that the budget was reached.
        BankError, NotBanked, ProviderError: see `moaql.errors`.
    """
    return now(  # type: ignore[no-any-return]
        aevaluate(topologies, data, metric, limit=limit, session=session, **options)
    )


async def aevaluate(
    topologies: Program | Topology | Iterable[Topology],
    data: str | os.PathLike[str] | None = None,
    metric: str | None = None,
    *,
    limit: int | None = None,
    session: Caller | None = None,
    **options: Unpack[RunArguments],
) -> Evaluation:
    """The same, in asynchronous code. Arguments and errors as in `evaluate`."""
    from contextlib import AsyncExitStack

    from moaql.api.contestants import graph_of
    from moaql.evaluation.evaluate import evaluate_graphs
    from moaql.run.session import open_session, options_from

    given = options_from(options, session)
    chosen = _chosen(topologies)
    task = _task(topologies, chosen, data, metric, limit, given.seed)
    graphs = {each.name: graph_of(each) for each in chosen}
    async with AsyncExitStack() as stack:
        caller = session if session is not None else await stack.enter_async_context(open_session(given))
        return await evaluate_graphs(graphs, task, caller, seed=given.seed, listeners=given.listeners)


def _chosen(topologies: Program | Topology | Iterable[Topology]) -> list[Topology]:
    if isinstance(topologies, Program):
        return [each for each in topologies.topologies.values() if isinstance(each, Topology)]
    chosen = [topologies] if isinstance(topologies, Topology) else list(topologies)
    for each in chosen:
        if not isinstance(each, Topology):
            raise UsageError(
                f"a topology is evaluated, not {type(each).__name__}", 'Such as `moaql.load(path).topology("panel")`.'
            )
    if len({each.name for each in chosen}) < len(chosen):
        raise UsageError("two of these topologies have one name", "Rename one of them.")
    return chosen


def _task(
    topologies: object,
    chosen: list[Topology],
    data: str | os.PathLike[str] | None,
    metric: str | None,
    limit: int | None,
    seed: int,
) -> Task:
    import os

    from moaql.check.eval_sets import find_eval_set
    from moaql.evaluation.task import task_of

    if not chosen:
        raise UsageError("there is nothing to evaluate", "Give at least one topology.")
    unit = topologies.unit if isinstance(topologies, Program) else chosen[0].unit
    stated = find_eval_set(unit, None if data is None else os.fspath(data))
    return task_of(stated, metric=metric, limit=limit, seed=seed)
