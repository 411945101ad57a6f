"""A router's setting and its dial, chosen by cross-validation inside of the items that it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.tuning.numbers.fitted import FOLDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from moaql.tuning.numbers.goal import Goal
    from moaql.tuning.numbers.learn import Learner

    Array = NDArray[Any]

_DIALS = (*(number / 100 for number in range(51)), 1.0)
_CLOSE = 1e-12


@dataclass(frozen=True)
class Tuned:
    """What was chosen.

    Attributes:
        setting: Of the learner.
        within: The router's dial.
    """

    setting: float
    within: float


def tuned(learner: Learner, items: Array, scores: Array, costs: Array, goal: Goal, seed: int) -> Tuned:
    """The setting that foresees best who is right, and the dial that then serves the goal best.

    Args:
        learner: Learns chances.
        items: Positions that may be seen.
        scores: Of all items, a row for each case.
        costs: Likewise.
        goal: What is best.
        seed: Of the division into parts.
    """
    import numpy as np

    parts = np.array_split(np.random.default_rng(seed).permutation(items), FOLDS)
    seen = [(np.setdiff1d(items, part), part) for part in parts]
    foreseen = {}
    for setting in learner.settings:
        chances = [learner.chances(setting, rest, scores[:, rest], part) for rest, part in seen]
        foreseen[setting] = np.concatenate(chances, axis=1)
    order = np.concatenate(parts)
    own = scores[:, order]
    setting = min(learner.settings, key=lambda each: round(_surprise(foreseen[each], own), 9))
    means = costs[:, items].mean(axis=1)
    picked = [picks(foreseen[setting], means, dial) for dial in _DIALS]
    places = np.arange(len(order))
    found = goal.best(
        [float(own[row, places].mean()) for row in picked], [float(costs[row, order].mean()) for row in picked]
    )
    return Tuned(setting, _DIALS[found])


def picks(chances: Array, costs: Array, within: float) -> Array:
    """The case of each item, by its number: as `moaql.routers.router.cheapest_within` says it, for many items at once.

    Args:
        chances: A row for each case.
        costs: Mean dollars of each case.
        within: The dial.
    """
    import numpy as np

    enough = chances >= chances.max(axis=0) - within - _CLOSE
    order = np.lexsort(np.stack([-chances, np.broadcast_to(costs[:, None], chances.shape)]), axis=0)
    ranked = np.take_along_axis(enough, order, axis=0).argmax(axis=0)
    found: Array = np.take_along_axis(order, ranked[None, :], axis=0)[0]
    return found


def _surprise(chances: Array, scores: Array) -> float:
    """Mean logarithmic loss."""
    import numpy as np

    sure = np.clip(chances, 1e-3, 1 - 1e-3)
    return float(-(scores * np.log(sure) + (1 - scores) * np.log(1 - sure)).mean())
