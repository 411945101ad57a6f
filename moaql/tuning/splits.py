"""The three parts of an eval set: to learn from, to accept by, to report on. The hash of its id decides where an item is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.datasets.splits import position, split_items
from moaql.errors import UsageError
from moaql.evaluation.resolution import resolution_sentence, smallest_difference

if TYPE_CHECKING:
    from moaql.evaluation.task import Task

FEWEST = 30
"""Items below which nothing can be tuned and confirmed."""
FEW = 100
SHARES = {"train": 0.5, "select": 0.3, "report": 0.2}
"""Whether a gain is accepted is decided on the second part, so it gets more than it would in a search."""


@dataclass(frozen=True)
class Splits:
    """The items of a task in three parts.

    Attributes:
        train: The optimizer sees these, and no others.
        select: A text is accepted by its gain on these.
        report: What is stated is measured on these, once.
        notes: What to say of their size.
    """

    train: Task
    select: Task
    report: Task
    notes: tuple[str, ...] = ()


def splits_of(task: Task, seed: int) -> Splits:
    """The parts of a task, each in an order drawn by the seed.

    Raises:
        UsageError: if there are too few items.
    """
    count = len(task.items)
    if count < FEWEST:
        raise UsageError(
            f"{count} items cannot tune a prompt: what would be found is luck. {resolution_sentence(count)}",
            f"Give at least {FEWEST} items; with some hundred, gains of a few points can be told from luck.",
        )
    by = "category" if all(item.fields.get("category") is not None for item in task.items) else None
    parts = {
        name: replace(task, items=tuple(sorted(items, key=lambda item: position(item.key, seed, "order"))))
        for name, items in split_items(task.items, SHARES, seed=seed, by=by).items()
    }
    for name, part in parts.items():
        if not part.items:
            raise UsageError(f"no item was drawn for the part `{name}`", "Give more items, or another `--seed`.")
    notes: tuple[str, ...] = ()
    chosen = len(parts["select"].items)
    least = smallest_difference(chosen)
    if count < FEW:
        found = f"a gain below {100 * least:.0f} points" if least < 1 else "any gain"
        notes = (
            f"The eval set is small: the {chosen} items that a gain is accepted by will mostly not tell {found} from luck.",
        )
    return Splits(parts["train"], parts["select"], parts["report"], notes)
