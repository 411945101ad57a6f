"""The three parts of an eval set: to search on, to choose on, to report on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.datasets.splits import position, split_items
from moaql.errors import UsageError
from moaql.evaluation.resolution import resolution_sentence

if TYPE_CHECKING:
    from moaql.evaluation.task import Task

FEWEST = 30
"""Items below which nothing can be chosen and confirmed."""


@dataclass(frozen=True)
class Splits:
    """The items of a task in three parts, each in the order in which they are measured."""

    search: Task
    select: Task
    report: Task
    notes: tuple[str, ...] = ()


def splits_of(task: Task, holdout: float, seed: int) -> Splits:
    """The parts of a task.

    Args:
        task: All items.
        holdout: Share that is kept for the report; as much again for the choice.
        seed: Of the draw.

    Raises:
        UsageError: if there are too few items to choose anything.
    """
    count = len(task.items)
    if count < FEWEST:
        raise UsageError(
            f"an eval set of {count} items cannot choose between topologies. {resolution_sentence(count)}",
            f"Give at least {FEWEST} items; some hundred resolve differences of a few points.",
        )
    notes = []
    if count < 150:
        notes.append(f"The eval set is small, and so is each of its parts. {resolution_sentence(count)}")
    shares = {"search": 1 - 2 * holdout, "select": holdout, "report": holdout} if 0 < holdout < 0.45 else None
    if shares is None:
        shares = {"search": 0.6, "select": 0.2, "report": 0.2}
        notes.append("Nothing can be searched with that holdout: 20 % are kept for the choice and 20 % for the report.")
    by = "category" if all(item.fields.get("category") is not None for item in task.items) else None
    parts = split_items(task.items, shares, seed=seed, by=by)
    ordered = {
        name: replace(task, items=tuple(sorted(items, key=lambda item: position(item.key, seed, "order"))))
        for name, items in parts.items()
    }
    return Splits(ordered["search"], ordered["select"], ordered["report"], tuple(notes))
