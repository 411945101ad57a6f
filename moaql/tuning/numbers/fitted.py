"""What came of a fit: the program as it was, the program as it is, and what it could have been compared with."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.evaluation.compare import Comparison, compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.evaluation.task import Task
    from moaql.tuning.numbers.goal import Goal

FEWEST = 30
"""Items that a number is fitted to at least."""
FOLDS = 5


@dataclass(frozen=True)
class Contestant:
    """Scores of one way to answer, on all items.

    Attributes:
        name: As it is shown.
        scores: From 0 to 1, one an item.
        cost: List dollars an item.
    """

    name: str
    scores: tuple[float, ...]
    cost: float

    @property
    def score(self) -> float:
        """The mean."""
        return sum(self.scores) / len(self.scores)


@dataclass(frozen=True)
class Fitted:
    """What a fit found.

    Attributes:
        kind: `thresholds`, `router` or `weights`.
        before: The program as it was.
        after: The program as fitted, each item answered with numbers that have not seen it.
        others: What else there is, such as each case alone.
        numbers: What was fitted, for the document.
        lines: The same in words.
        goal: What it was fitted for.
        items: How many items counted.
        changed: Whether the numbers differ from those that stood there.
        text: The program with the numbers, formatted.
        files: What goes beside it: texts by path as the program names it.
        notes: What else to know.
    """

    kind: str
    before: Contestant
    after: Contestant
    others: tuple[Contestant, ...]
    numbers: Mapping[str, Any]
    lines: tuple[str, ...]
    goal: Goal
    items: int
    changed: bool
    text: str
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def gain(self, other: Contestant | None = None) -> Comparison:
        """How much better it is than it was, or than another, on the same items."""
        return compare(self.after.scores, (other or self.before).scores)

    @property
    def accepted(self) -> bool:
        """Whether it is better: a gain is shown, or it is cheaper and loses no more than the goal allows."""
        saved, found = self.before.cost - self.after.cost, self.gain()
        enough = found.difference >= -self.goal.allowed(saved) - 1e-9
        if self.goal.at_least is not None:
            enough = self.after.score >= min(self.goal.at_least, self.before.score) - self.goal.within - 1e-9
        return self.changed and (found.low > 0 or (saved > 0 and enough))

    def as_json(self) -> dict[str, Any]:
        """The document, without what was paid."""
        found = self.gain()
        return {
            "fit": self.kind,
            "before": self.before.score,
            "after": self.after.score,
            "difference": found.difference,
            "ci": [found.low, found.high],
            "accepted": self.accepted,
            "cost_before": self.before.cost,
            "cost_after": self.after.cost,
            "items": self.items,
            "numbers": dict(self.numbers),
            "others": [_other(each, self.gain(each)) for each in (self.before, *self.others)],
            "notes": list(self.notes),
        }


def _other(contestant: Contestant, found: Comparison) -> dict[str, Any]:
    return {
        "name": contestant.name,
        "score": contestant.score,
        "cost_per_item": contestant.cost,
        "difference": found.difference,
        "ci": [found.low, found.high],
    }


def check_items(task: Task, count: int | None = None) -> None:
    """Refuse a set that is too small to fit anything to.

    Raises:
        UsageError: if fewer than `FEWEST` items count.
    """
    count = len(task.items) if count is None else count
    if count < FEWEST:
        raise UsageError(f"{count} items of {task.name} are too few to fit numbers to", f"Give at least {FEWEST}.")


def provenance(what: str, task: Task, before: Contestant, after: Contestant, goal: Goal) -> str:
    """The comment that says where numbers come from, without `#`."""
    return (
        f"{STAMP}{datetime.date.today().isoformat()}: {what}, "
        f"on {len(after.scores)} items of {task.name} ({task.hash}), {goal.words}. "
        f"Cross-fitted {100 * before.score:.1f} → {100 * after.score:.1f} points, "
        f"${before.cost:.3g} → ${after.cost:.3g} an item."
    )


STAMP = "Fitted on "
"""How that comment begins."""


def mean_cost(costs: Sequence[float]) -> float:
    """Dollars an item."""
    return sum(costs) / len(costs)
