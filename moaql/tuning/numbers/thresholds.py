"""Thresholds of `when` and `until`: which numbers answer best for the dollar.

As FrugalGPT fits its cascade (Chen et al. 2023, arXiv 2305.05176): every way through the conditions is measured once, and every
combination of thresholds is then scored without a call. What is reported is cross-fitted (Stone 1974): each fold is answered with
thresholds that were chosen on the other folds.
"""

from __future__ import annotations

import math
import random
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.evaluation.fitting import fold_of
from moaql.tuning.numbers.conditions import marked, thresholds_of
from moaql.tuning.numbers.fitted import FOLDS, Contestant, Fitted, check_items, provenance
from moaql.tuning.numbers.texts import written_with
from moaql.tuning.numbers.ways import Taken, all_ways

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from moaql.check.program import Program
    from moaql.tuning.numbers.conditions import Threshold
    from moaql.tuning.numbers.goal import Goal
    from moaql.tuning.numbers.sides import Asking
    from moaql.tuning.numbers.ways import Ways

    Array = NDArray[Any]

_VALUES = 24
"""Values of one threshold that are tried at most."""
_COMBINATIONS = 4096
"""Combinations that are tried at most; of more, so many are drawn."""


async def fit_thresholds(
    program: Program, topology: str, asking: Asking, goal: Goal, *, only: Sequence[str] = ()
) -> Fitted:
    """Fit the thresholds of a topology to an eval set.

    Args:
        program: Without errors.
        topology: Name of one of its topologies, without holes.
        asking: The items, and how they are asked. All ways through the conditions are asked on all items.
        goal: What is best.
        only: Which thresholds, by name, signal or line; all where none is given.

    Raises:
        UsageError: if there is no threshold, the set is too small, a price is unknown, or there is nothing to learn.
        ProgramError: if a hole is left.
        BudgetReached, ProviderError, BankError, NotBanked: see `moaql.errors`.
    """
    thresholds = thresholds_of(program, topology, only)
    check_items(asking.task)
    graph = marked(program, topology, thresholds)
    ways = await all_ways(graph, asking)
    check_items(asking.task, len(ways.items))
    _check_ways(topology, ways)
    taken = Taken(graph, ways, len(thresholds))
    choices = _choices(thresholds, taken, asking.seed)
    table = _Table(choices, taken, ways)
    return _fitted(program, thresholds, table, ways, asking, goal)


def _check_ways(topology: str, ways: Ways) -> None:
    if len(ways.ways) < 2 or (ways.scores == ways.scores[0]).all():
        cheapest = ways.ways[int(ways.costs.mean(axis=1).argmin())].name
        raise UsageError(
            f"every way through `{topology}` is right, and wrong, on the same items: there is nothing to learn",
            f"Take the cheapest one, `{cheapest}`, or use an eval set on which they differ.",
        )


class _Table:
    """What each combination of thresholds scores and costs on each item."""

    def __init__(self, choices: Sequence[tuple[float, ...]], taken: Taken, ways: Ways) -> None:
        import numpy as np

        self.choices = choices
        items = np.arange(len(ways.items))
        rows = [taken.by(choice) for choice in choices]
        self.scores = np.array([ways.scores[row, items] for row in rows])
        self.costs = np.array([ways.costs[row, items] for row in rows])

    def best(self, items: Array, goal: Goal) -> int:
        """The number of the best combination on some items."""
        return goal.best(self.scores[:, items].mean(axis=1).tolist(), self.costs[:, items].mean(axis=1).tolist())


def _fitted(
    program: Program,
    thresholds: Sequence[Threshold],
    table: _Table,
    ways: Ways,
    asking: Asking,
    goal: Goal,
) -> Fitted:
    import numpy as np

    task = asking.task
    fold = np.array([fold_of(task.items[at].key, FOLDS, asking.seed) for at in ways.items])
    picks = np.zeros(len(fold), dtype=int)
    for each in range(FOLDS):
        rest = np.flatnonzero(fold != each)
        picks[fold == each] = table.best(rest, goal) if len(rest) else 0
    places = np.arange(len(fold))
    final = table.choices[table.best(places, goal)]
    before = _contestant("as it was", table.scores[0], table.costs[0])
    after = _contestant("fitted", table.scores[picks, places], table.costs[picks, places])
    others = [
        _contestant(f"always {way.name}", *row) for way, *row in zip(ways.ways, ways.scores, ways.costs, strict=True)
    ]
    written = {each.span: shown(value) for each, value in zip(thresholds, final, strict=True) if value != each.value}
    words = ", ".join(
        f"{each.signal} {each.sign} {shown(value)}" for each, value in zip(thresholds, final, strict=True)
    )
    comment = provenance(words, task, before, after, goal)
    text = written_with(program, written, comment)
    return Fitted(
        "thresholds",
        before,
        after,
        tuple(others),
        {each.name: value for each, value in zip(thresholds, final, strict=True)},
        tuple(
            f"{each.name}: {shown(each.value)} → {shown(value)}" for each, value in zip(thresholds, final, strict=True)
        ),
        goal,
        len(places),
        bool(written),
        text,
        notes=_notes(len(task.items), len(places)),
    )


def _notes(total: int, count: int) -> tuple[str, ...]:
    return (
        (f"{total - count} of {total} items were not measured on every way, and count nowhere.",)
        if count < total
        else ()
    )


def _contestant(name: str, scores: Array, costs: Array) -> Contestant:
    return Contestant(name, tuple(scores.tolist()), float(costs.mean()))


def _choices(thresholds: Sequence[Threshold], taken: Taken, seed: int) -> list[tuple[float, ...]]:
    """Combinations of thresholds, the present one first. Which ones does not depend on who is right."""
    values = [_values(each, taken.signals(number)) for number, each in enumerate(thresholds)]
    present = tuple(each.value for each in thresholds)
    if math.prod(map(len, values)) <= _COMBINATIONS:
        return list(dict.fromkeys([present, *product(*values)]))
    draw = random.Random(seed)  # noqa: S311 - no secret
    alone = [(*present[:number], value, *present[number + 1 :]) for number, own in enumerate(values) for value in own]
    drawn = [tuple(draw.choice(own) for own in values) for _ in range(_COMBINATIONS - len(alone) - 1)]
    return list(dict.fromkeys([present, *alone, *drawn]))


def _values(threshold: Threshold, seen: Sequence[float]) -> list[float]:
    """Numbers between those that were seen, and beyond both ends as far as makes sense; all that decides differently, or nearly."""
    if not seen:
        return [threshold.value]
    inner = [between(low, high) for low, high in pairwise(seen)]
    if len(inner) > _VALUES - 2:
        inner = [inner[round(number * (len(inner) - 1) / (_VALUES - 3))] for number in range(_VALUES - 2)]
    low = math.floor(seen[0]) - 1.0 if threshold.low is None else threshold.low
    high = math.ceil(seen[-1]) + 1.0 if threshold.high is None else threshold.high
    return sorted({low, *inner, high})


def between(low: float, high: float) -> float:
    """The shortest decimal number between two, of several the one nearest to their middle."""
    middle = (low + high) / 2
    for digits in range(10):
        found = round(middle, digits)
        if low < found < high:
            return found
    return middle


def shown(value: float) -> str:
    """A threshold as a program writes it."""
    return f"{value:.10f}".rstrip("0").rstrip(".")
