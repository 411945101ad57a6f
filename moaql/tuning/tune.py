"""Tuning one prompt, without any command line: what `moaql tune`, `moaql.tune` and a search call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.diagnostics import suggest
from moaql.errors import UsageError
from moaql.tuning.optimizers import OPTIMIZERS
from moaql.tuning.target import find_place, reflection_model
from moaql.tuning.tuner import Tuning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.check.program import Model, Program, Topology
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


async def tune_prompt(
    program: Program,
    topology: Topology,
    splits: Splits,
    caller: Caller,
    *,
    prompt: str | None = None,
    optimizer: str = DEFAULT_OPTIMIZER,
    reflection: str | None = None,
    calls: int = CALLS,
    seed: int = 0,
    listeners: Sequence[Listener] = (),
    on_trial: Callable[[Trial], None] = lambda _trial: None,
) -> Tuned:
    """Tune one prompt of a topology, with everything by name: for the search, and for whoever has a session of his own.

    Args:
        program: Whose text is to change.
        topology: One of its topologies, without holes.
        splits: The items to learn from, to accept by, and to report on.
        caller: Makes all calls; its bank and budget are used.
        prompt: Name of a prompt or stage, or id of a call. Without it, the prompt of the last aggregator.
        optimizer: `gepa`, `miprov2` or `copro`.
        reflection: The model that writes new texts: a model of the program or an id. By default the dearest that is asked.
        calls: Calls of the tuned prompt at most, before the confirmation.
        seed: Of all that is drawn.
        listeners: Hear of everything that happens in the topology.
        on_trial: Is called for each item that a text was asked.

    Returns:
        As `tune_place`. `moaql.tuning.written.write_prompt` puts an accepted text into the program.

    Raises:
        UsageError, ProgramError: if a name means nothing, or the items or the calls are too few.
        BankError, NotBanked, ProviderError: what was paid for is in the bank.
    """
    place = find_place(program, topology, prompt)
    return await tune_place(
        place,
        splits,
        caller,
        find_optimizer(optimizer),
        reflection_model(program, place, reflection),
        calls=calls,
        seed=seed,
        listeners=listeners,
        on_trial=on_trial,
    )
