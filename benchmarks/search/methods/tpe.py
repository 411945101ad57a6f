"""Optuna's TPE as a user would run it: two goals, every trial a full evaluation on all items, every answer paid for anew.

Optuna 5's defaults for several objectives (10 random trials, independent dimensions, good set by domination rank; Ozaki et
al. 2020). The single models are enqueued, and the space is given with conditional dimensions: both help it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import optuna

from benchmarks.search.methods.ledger import BudgetReached, Ledger, Outcome, Recommend

if TYPE_CHECKING:
    from moaql.searching.arena import Arena

REUSE = False
TRIALS = 1000
"""More than the dollars suffice for, where every trial is paid."""


async def tpe(arena: Arena, seed: int, budget: float, recommend: Recommend, trials: int = TRIALS) -> Outcome:  # noqa: ARG001
    """Search until a trial would cost more than is left."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ledger = Ledger(arena, recommend)
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for single in arena.baselines():
        study.enqueue_trial(arena.space.params_of(single.point))  # type: ignore[attr-defined]
    for _ in range(trials):
        trial = study.ask()
        entrant = arena.entrant(arena.space.suggest(trial))  # type: ignore[attr-defined]
        assert entrant is not None
        try:
            study.tell(trial, await ledger.whole(entrant))
        except BudgetReached:
            return ledger.outcome("budget")
    return ledger.outcome("trials")
