"""A search like Cognify's (arXiv 2502.08056): TPE on quality less a penalty on dollars, with successive halving.

The penalty is on their logarithm. Batches of proposals begin on an eighth of the items; the better half goes on to twice as
many, and so on. There is no bank, as in the original: every item measured is paid for. A stage measures only the items that
it adds. The single models are enqueued first, in full.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import optuna

from benchmarks.search.methods.ledger import BudgetReached, Ledger, Outcome, Recommend

if TYPE_CHECKING:
    from moaql.searching.arena import Arena, Entrant

REUSE = False
BATCH = 8
BATCHES = 60
"""Where it settles on the cheapest model, thousands of batches cost nearly nothing, and the sampler's time grows fast."""
PENALTY = 0.02
"""Quality that a price e times as high must bring: fixed beforehand, the same for all worlds."""


async def cognify_like(arena: Arena, seed: int, budget: float, recommend: Recommend) -> Outcome:  # noqa: ARG001
    """Batch after batch until the dollars or the trials are out."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ledger = Ledger(arena, recommend)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    space: Any = arena.space
    try:
        for single in arena.baselines():
            study.enqueue_trial(space.params_of(single.point))
            trial = study.ask()
            entrant = arena.entrant(space.suggest(trial))
            assert entrant is not None
            study.tell(trial, _value(*await ledger.whole(entrant)))
        for _ in range(BATCHES):
            await _batch(arena, ledger, study)
    except BudgetReached:
        return ledger.outcome("budget")
    return ledger.outcome("trials")


async def _batch(arena: Arena, ledger: Ledger, study: optuna.Study) -> None:
    space: Any = arena.space
    alive: list[tuple[optuna.Trial, Entrant]] = []
    for _ in range(BATCH):
        trial = study.ask()
        entrant = arena.entrant(space.suggest(trial))
        assert entrant is not None
        alive.append((trial, entrant))
    start, stop = 0, max(1, arena.size // BATCH)
    while alive:
        values = [_value(*await ledger.on(entrant, range(start, stop))) for _, entrant in alive]
        if stop == arena.size:
            for (trial, _), value in zip(alive, values, strict=True):
                study.tell(trial, value)
            return
        order = sorted(range(len(alive)), key=lambda each: -values[each])
        kept = order[: (len(alive) + 1) // 2]
        for each in order[len(kept) :]:
            study.tell(alive[each][0], values[each])
        alive = [alive[each] for each in kept]
        start, stop = stop, arena.size if len(alive) == 1 else min(arena.size, 2 * stop)


def _value(quality: float, cost: float) -> float:
    return quality - PENALTY * math.log(cost)
