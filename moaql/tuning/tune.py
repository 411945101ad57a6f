"""Tuning one prompt, without any command line: what `moaql tune`, `moaql.tune` and a search call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.diagnostics import suggest
from moaql.errors import UsageError
from moaql.tuning.optimizers import OPTIMIZERS
from moaql.tuning.tuner import Tuning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.check.program import Model
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.tuning.optimizers.base import Optimizer
    from moaql.tuning.place import Place
    from moaql.tuning.result import Tuned
    from moaql.tuning.splits import Splits
    from moaql.tuning.trials import Trial

CALLS = 400
"""Calls of the tuned prompt, by default, before it is confirmed."""
DEFAULT_OPTIMIZER = "gepa"


def find_optimizer(name: str) -> Optimizer:
    """The optimizer of a name.

    Raises:
        UsageError: if there is none.
    """
    found = OPTIMIZERS.find(name)
    if found is None:
        known = OPTIMIZERS.names()
        raise UsageError(f"no optimizer is called `{name}`", suggest(name, known) or f"There are: {', '.join(known)}.")
    return found


async def tune_place(
    place: Place,
    splits: Splits,
    caller: Caller,
    optimizer: Optimizer,
    reflection: Model,
    *,
    calls: int = CALLS,
    seed: int = 0,
    listeners: Sequence[Listener] = (),
    on_trial: Callable[[Trial], None] = lambda _trial: None,
) -> Tuned:
    """Look for a better text for one prompt, and find out whether it is better.

    Args:
        place: The prompt, from `moaql.tuning.target.find_place`.
        splits: The items to learn from, to accept by, and to report on.
        caller: Makes all calls; its budget is kept.
        optimizer: Of `moaql.tuning.optimizers.OPTIMIZERS`.
        reflection: The model that writes new texts.
        calls: Calls of the tuned prompt at most, before the confirmation.
        seed: Of all that is drawn.
        listeners: Hear of everything that happens in the topology.
        on_trial: Is called for each item that a text was asked.

    Returns:
        What was found. Where the budget ends before all is done, `ended` says so, and nothing is accepted.

    Raises:
        UsageError: if the items or the calls are too few, or a price is unknown where there is a budget.
        BankError, NotBanked, ProviderError: what was paid for is in the bank.
    """
    tuning = Tuning(place, splits, caller, calls, seed, tuple(listeners), on_trial)
    return await tuning.tune(optimizer, reflection)
