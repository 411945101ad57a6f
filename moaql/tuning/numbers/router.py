"""A router, fitted to what each case of a route answered: ask the cheapest case that is likely to be right.

As RouteLLM does for a weak and a strong model (Ong et al. 2024, arXiv 2406.18665), here for any number of cases. Every case is
asked every item once. What is reported is cross-fitted: the item's fold is routed by a router, setting and dial included, that was
fitted to the other folds.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moaql.check.routes import ELSE
from moaql.errors import UsageError
from moaql.evaluation.fitting import fold_of
from moaql.routers.file import read_router, router_text
from moaql.routers.router import Router, Trained
from moaql.tuning.numbers.cases import routed
from moaql.tuning.numbers.dial import picks, tuned
from moaql.tuning.numbers.fitted import FOLDS, Contestant, Fitted, check_items, provenance
from moaql.tuning.numbers.learn import Neighbours, Words, one_thread
from moaql.tuning.numbers.sides import one_side, table_of
from moaql.tuning.numbers.texts import written_with
from moaql.tuning.numbers.vectors import vectors_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from moaql.check.program import Program
    from moaql.routers.router import Embedding
    from moaql.tuning.numbers.cases import Routed
    from moaql.tuning.numbers.goal import Goal
    from moaql.tuning.numbers.learn import Learner
    from moaql.tuning.numbers.sides import Asking

    Array = NDArray[Any]


async def fit_router(
    program: Program, topology: str, asking: Asking, goal: Goal, *, embedding: Embedding | None = None
) -> Fitted:
    """Fit the router of a topology's route to an eval set.

    Args:
        program: Without errors, but that its router may not be there, or not fit.
        topology: Name of one of its topologies, with one `route with="…"`.
        asking: The items, and how they are asked. All cases are asked all items.
        goal: What is best.
        embedding: Decide by the nearest questions, with vectors of this model, instead of by words.

    Raises:
        UsageError: if there is no such route, the set is too small, a price is unknown, or there is nothing to learn.
        MissingPackage: if scikit-learn is not installed, and words are to decide.
        ProgramError: if a hole is left.
        BudgetReached, ProviderError, BankError, NotBanked: see `moaql.errors`.
    """
    route = routed(program, topology)
    check_items(asking.task)
    sides = {label: one_side(route.graph, route.gates, label) for label in route.labels}
    came = await asking.measure(sides)
    scores, costs, items = table_of([came[label] for label in route.labels], route.labels)
    check_items(asking.task, len(items))
    _check_cases(topology, route.labels, scores, costs)
    route, scores, costs = _distinct(route, scores, costs)
    questions = [asking.task.items[at].question for at in items]
    vectors = None if embedding is None else await vectors_of(embedding, questions, asking)
    learner: Learner = Words(questions) if vectors is None else Neighbours(vectors.embedding, vectors.array)
    fee = 0.0 if vectors is None else vectors.cost_per_item
    with one_thread():
        return _fitted(program, route, asking, goal, learner, (scores, costs, items), fee)


def _distinct(route: Routed, scores: Array, costs: Array) -> tuple[Routed, Array, Array]:
    """Without `else` where a case does the same: the router has no need to say it."""
    if route.labels[-1] != ELSE:
        return route, scores, costs
    same = ((scores[:-1] == scores[-1]) & (costs[:-1] == costs[-1])).all(axis=1).any()
    if not same:
        return route, scores, costs
    return replace(route, labels=route.labels[:-1]), scores[:-1], costs[:-1]


def _check_cases(topology: str, labels: Sequence[str], scores: Array, costs: Array) -> None:
    if (scores == scores[0]).all():
        cheapest = labels[int(costs.mean(axis=1).argmin())]
        raise UsageError(
            f"all cases of `{topology}` are right, and wrong, on the same items: there is nothing to learn",
            f"Ask `{cheapest}` always, which is cheapest, or use an eval set on which they differ.",
        )


def _fitted(
    program: Program,
    route: Routed,
    asking: Asking,
    goal: Goal,
    learner: Learner,
    table: tuple[Array, Array, Array],
    fee: float,
) -> Fitted:
    import numpy as np

    scores, costs, items = table
    task, seed, count = asking.task, asking.seed, len(items)
    fold = np.array([fold_of(task.items[at].key, FOLDS, seed) for at in items])
    chosen = np.zeros(count, dtype=int)
    for each in range(FOLDS):
        part, rest = np.flatnonzero(fold == each), np.flatnonzero(fold != each)
        if len(part):
            own = tuned(learner, rest, scores, costs, goal, seed)
            chances = learner.chances(own.setting, rest, scores[:, rest], part)
            chosen[part] = picks(chances, costs[:, rest].mean(axis=1), own.within)
    places = np.arange(count)
    whole = tuned(learner, places, scores, costs, goal, seed)
    router = Router(
        route.labels,
        dict(zip(route.labels, costs.mean(axis=1).tolist(), strict=True)),
        whole.within,
        learner.kind(whole.setting, route.labels, scores),
        Trained(task.name, task.hash, count, datetime.date.today().isoformat()),
    )
    alone = [
        Contestant(f"always {label}", tuple(row.tolist()), float(cost.mean()))
        for label, row, cost in zip(route.labels, scores, costs, strict=True)
    ]
    before = _before(route, [task.items[at].question for at in items], scores, costs) or max(
        alone, key=lambda each: (each.score, -each.cost)
    )
    after = Contestant("fitted", tuple(scores[chosen, places].tolist()), float(costs[chosen, places].mean()) + fee)
    shares = {label: float((chosen == number).mean()) for number, label in enumerate(route.labels)}
    others = tuple(each for each in alone if each is not before)
    comment = provenance(f"router {route.file}", task, before, after, goal)
    left = len(task.items) - count
    return Fitted(
        "router",
        before,
        after,
        others,
        {"file": route.file, "within": whole.within, "setting": whole.setting, "shares": shares},
        (f"{route.file}: " + ", ".join(f"{label} {100 * share:.0f} %" for label, share in shares.items()),),
        goal,
        count,
        True,
        written_with(program, {route.span: f'"{_escaped(route.file)}"'}, comment),
        {route.file: router_text(router)},
        (f"{left} of {len(task.items)} items were not measured in every case, and count nowhere.",) if left else (),
    )


def _before(route: Routed, questions: Sequence[str], scores: Array, costs: Array) -> Contestant | None:
    """What the router does that is there already; None where there is none that decides by words among these cases."""
    import numpy as np

    try:
        router = read_router(route.path)
    except UsageError:
        return None
    if router.embedding is not None or not set(router.labels) <= set(route.labels):
        return None
    chosen = np.array([route.labels.index(router.choose(question)) for question in questions])
    places = np.arange(len(questions))
    return Contestant("as it was", tuple(scores[chosen, places].tolist()), float(costs[chosen, places].mean()))


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')
