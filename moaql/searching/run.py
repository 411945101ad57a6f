"""A search from a program to its result: splits, arenas, ledger, search, confirmation, the winner's text."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from moaql.check.eval_sets import find_eval_set
from moaql.errors import UsageError
from moaql.evaluation.task import task_of
from moaql.run.session import open_session
from moaql.searching.confirm import confirm
from moaql.searching.document import CurvePoint, Outline
from moaql.searching.goals import Goals, Limit
from moaql.searching.heard import READ_BY
from moaql.searching.ledger import Ledger
from moaql.searching.live import LiveArena
from moaql.searching.search import Progress, search
from moaql.searching.settings import SOURCES, Settings
from moaql.searching.splits import splits_of
from moaql.searching.topologies import Topologies
from moaql.searching.tpe import Suggestions
from moaql.searching.written import Outcome, facts_of, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.check.program import Program
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.session import Options
    from moaql.searching.hunt import Hunt
    from moaql.searching.space.find import SearchPlan

DEFAULT_TRIALS = 200
_SAMPLERS = {
    "portfolio": SOURCES,
    "tpe": frozenset({"tpe"}),
    "random": frozenset({"uniform"}),
    "mutation": frozenset({"mutation", "uniform"}),
}


@dataclass(frozen=True)
class Wanted:
    """What the user asks of one search, besides what the program says.

    Attributes:
        study: Folder of the study; by default `.moaql/studies/NAME-…`.
        storage: Database of the study instead of a journal in that folder.
        trials: Topologies to measure at most.
        worker: Name of this process among those that share the study.
        confirm: Whether to confirm at the end; only one process does.
    """

    study: str | None = None
    storage: str | None = None
    trials: int | None = None
    worker: str = "0"
    confirm: bool = True


def goals_of(plan: SearchPlan) -> Goals:
    """The goals and limits of a search."""
    measures = {goal.measure for goal in plan.goals} | ({"cost"} if any(goal.per for goal in plan.goals) else set())
    limits = tuple(Limit(each.measure, each.operator, each.value) for each in plan.limits)  # type: ignore[arg-type]
    return Goals("cost" in measures, "latency" in measures, limits)


def identity_of(program: Program, plan: SearchPlan, task: Task) -> str:
    """What a study is made for: the search, its models, the items and the metric, as 12 hexadecimal digits."""
    statement = program.source.text[plan.statement.span.start : plan.statement.span.end]
    models = sorted(
        repr((name, each.statement))
        for name, each in program.unit.own.items()
        if each.kind in ("model", "prompt", "topology")
    )
    items = [(item.id, item.question, item.text) for item in task.items]
    parts = repr((" ".join(statement.split()), models, items, task.metric_name))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:12]


async def run_search(
    program: Program,
    plan: SearchPlan,
    options: Options,
    wanted: Wanted,
    *,
    on_progress: Callable[[Progress, Caller, float], None] = lambda _progress, _caller, _seconds: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Search, confirm, and write down.

    Args:
        program: The program.
        plan: Its search.
        options: Bank, budget (dollars, for all runs of this study together), seed.
        wanted: Further wishes.
        on_progress: Is called after every step, with the seconds since the beginning.
        stop: Asked before every step; True ends the search, and the confirmation is made.

    Raises:
        UsageError: if the eval set is too small, or the study is of another search.
        BudgetReached: if the money of the study is spent, and nothing was measured.
    """
    started = time.monotonic()
    task = task_of(find_eval_set(program.unit, plan.eval_name), seed=options.seed)
    splits = splits_of(task, plan.settings.holdout, options.seed)
    goals, identity = goals_of(plan), identity_of(program, plan, task)
    folder = wanted.study or os.path.join(".moaql", "studies", f"{plan.name}-{identity[:6]}")
    topologies = Topologies(program, plan, task.metric_name if task.metric_name in READ_BY else "exact")
    ledger = Ledger(wanted.storage or folder, plan.name, goals, identity, topologies.space, worker=wanted.worker)
    spent = ledger.paid
    budget = options.budget
    if budget is not None and spent >= budget:
        raise UsageError(
            f"the study has spent ${spent:.2f} of its budget of ${budget:.2f}",
            "Give it a larger `--budget`, or another `--study`.",
        )
    left = None if budget is None else budget - spent
    settings = Settings(
        goals=goals,
        budget=left,
        trials=wanted.trials or plan.settings.trials or DEFAULT_TRIALS,
        seed=options.seed + _offset(wanted.worker),
        sources=_SAMPLERS.get(plan.settings.sampler, SOURCES),
    )
    async with open_session(replace(options, budget=left)) as caller:
        keeper = _Keeper(ledger, caller, ledger.paid_before, started, on_progress)
        arenas = [
            LiveArena(topologies, part, caller, seed=options.seed, listeners=options.listeners)
            for part in (splits.search, splits.select, splits.report)
        ]
        known = [entrant for point in ledger.points().values() if (entrant := topologies.entrant(point)) is not None]
        suggest = Suggestions(topologies.space, 2 if goals.cheap else 1, settings.seed)
        try:
            found = await search(arenas[0], settings, suggest=suggest, known=known, on_change=keeper.changed, stop=stop)
            keeper.close(found.hunt)
            confirmed = await confirm(found.hunt, arenas[1], arenas[2]) if wanted.confirm else None
        finally:
            keeper.pay()
        outline = Outline(
            plan.name, facts_of(program, plan, task, splits, found, topologies, caller, options), keeper.curve
        )
        outline.facts.update(
            identity=identity, seconds=time.monotonic() - started, study=folder, invalid=topologies.problems
        )
    return outcome_of(program, plan, found, confirmed, goals, outline, folder, topologies, splits)


def _offset(worker: str) -> int:
    """Workers draw differently."""
    return int(hashlib.sha256(worker.encode()).hexdigest()[:6], 16) if worker != "0" else 0


@dataclass
class _Keeper:
    """Writes the ledger while the search goes on."""

    ledger: Ledger
    caller: Caller
    before: float
    started: float
    on_progress: Callable[[Progress, Caller, float], None]
    curve: list[CurvePoint] = field(default_factory=list)

    def changed(self, progress: Progress) -> None:
        """After every step."""
        hunt, record = progress.hunt, progress.changed
        if record.state != "racing":
            self.ledger.write(record, hunt.figures(record), source=record.source)
        self.pay()
        seconds = time.monotonic() - self.started
        front = hunt.front()
        if front:
            best = hunt.figures(front[0]).quality
            self.curve.append(CurvePoint(self.caller.budget.paid, seconds, best, progress.trials))
        self.on_progress(progress, self.caller, seconds)

    def close(self, hunt: Hunt) -> None:
        """The search is over: what is still in the race is written, too."""
        for record in hunt.records.values():
            self.ledger.write(record, hunt.figures(record), source=record.source)

    def pay(self) -> None:
        """State what was spent. What may have been charged for broken connections counts as spent."""
        self.ledger.pay(self.before + self.caller.budget.paid + self.caller.budget.uncertain)
