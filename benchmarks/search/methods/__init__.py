"""The methods by name. Each is called with an arena, a seed, dollars, and a function that takes its recommendation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from benchmarks.search.methods import (
    archon_greedy,
    arm_elimination,
    cognify_like,
    ours,
    random_reuse,
    random_search,
    tpe,
    tpe_reuse,
)

if TYPE_CHECKING:
    from benchmarks.search.methods.ledger import Outcome, Recommend
    from moaql.searching.arena import Arena

    Method: TypeAlias = Callable[[Arena, int, float, Recommend], Coroutine[Any, Any, Outcome]]


@dataclass(frozen=True, slots=True)
class Contender:
    """One method.

    Attributes:
        run: What to call.
        reuse: Whether it plays on a bank; without one it is charged in full for every measurement.
    """

    run: Method
    reuse: bool


RIVALS = {
    "tpe": Contender(tpe.tpe, tpe.REUSE),
    "tpe_reuse": Contender(tpe_reuse.tpe_reuse, tpe_reuse.REUSE),
    "random_search": Contender(random_search.random_search, random_search.REUSE),
    "random_reuse": Contender(random_reuse.random_reuse, random_reuse.REUSE),
    "arm_elimination": Contender(arm_elimination.arm_elimination, arm_elimination.REUSE),
    "archon_greedy": Contender(archon_greedy.archon_greedy, archon_greedy.REUSE),
    "cognify_like": Contender(cognify_like.cognify_like, cognify_like.REUSE),
}
METHODS = RIVALS | {name: Contender(run, name != "ours_no_reuse") for name, run in ours.VARIANTS.items()}
