"""From a program to its tuned text: eval set, splits, session, tuning, document, the text with its comment."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.run.session import open_session
from moaql.tuning.finding import comment_of, document_of, lines_of
from moaql.tuning.splits import splits_of
from moaql.tuning.target import find_place, reflection_model
from moaql.tuning.tune import CALLS, DEFAULT_OPTIMIZER, find_optimizer, tune_place
from moaql.tuning.written import write_prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.check.program import Program, Topology
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.session import Options
    from moaql.tuning.result import Tuned
    from moaql.tuning.splits import Splits
    from moaql.tuning.trials import Trial


@dataclass(frozen=True)
class Wanted:
    """What the user asks of one tuning, besides what the program says.

    Attributes:
        prompt: Name of a prompt or stage, or id of a call; by default the prompt of the last aggregator.
        optimizer: Of `moaql.tuning.optimizers`.
        reflection: The model that writes new texts; by default the dearest that the topology asks.
        calls: Calls of the tuned prompt at most, before the confirmation.
    """

    prompt: str | None = None
    optimizer: str = DEFAULT_OPTIMIZER
    reflection: str | None = None
    calls: int = CALLS


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        document: As `moaql tune --json` prints it.
        text: The program with the tuned prompt; None where nothing was accepted.
        lines: The finding in plain words.
        tuned: All figures.
    """

    document: dict[str, Any]
    text: str | None
    lines: list[str]
    tuned: Tuned


async def run_tune(
    program: Program,
    topology: Topology,
    task: Task,
    options: Options,
    wanted: Wanted,
    *,
    splits: Splits | None = None,
    on_trial: Callable[[Trial, Caller], None] = lambda _trial, _caller: None,
) -> Outcome:
    """Tune one prompt, and write it down.

    Args:
        program: The program.
        topology: One of its topologies.
        task: The items and the metric.
        options: Bank, budget in dollars, seed.
        wanted: Further wishes.
        splits: The parts of the task, where somebody has divided it already.
        on_trial: Is called for each item that a text was asked.

    Raises:
        UsageError, ProgramError: if a name means nothing, or the items or the calls are too few.
        BankError, NotBanked, ProviderError: what was paid for is in the bank.
    """
    optimizer = find_optimizer(wanted.optimizer)
    place = find_place(program, topology, wanted.prompt)
    reflection = reflection_model(program, place, wanted.reflection)
    splits = splits or splits_of(task, options.seed)
    async with open_session(options) as caller:
        tuned = await tune_place(
            place,
            splits,
            caller,
            optimizer,
            reflection,
            calls=wanted.calls,
            seed=options.seed,
            listeners=options.listeners,
            on_trial=lambda trial: on_trial(trial, caller),
        )
    facts = {
        "file": program.source.name,
        "topology": topology.name,
        "prompt": place.site.where,
        "calls": list(place.calls),
        "optimizer": wanted.optimizer,
        "reflection": reflection.name,
        "date": datetime.date.today().isoformat(),
        "eval": {"name": task.name, "metric": task.metric_name, "hash": task.hash},
        "items": {
            "train": len(splits.train.items),
            "select": len(splits.select.items),
            "report": len(splits.report.items),
        },
        "paid": None if caller.budget.unpriced else caller.budget.paid,
        "uncertain": caller.budget.uncertain,
        "budget": options.budget,
        "saved": caller.saved,
        "seed": options.seed,
    }
    text = None
    if tuned.accepted:
        text = write_prompt(program, topology, place, tuned.text, comment_of(tuned, facts))
    lines = lines_of(tuned, facts)
    notes = [*((task.note,) if task.note else ()), *splits.notes]
    return Outcome(document_of(tuned, facts, text, lines, notes), text, lines, tuned)
