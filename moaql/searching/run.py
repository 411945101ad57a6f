"""A search from a program to its result: splits, arenas, ledger, search, confirmation, the winner's text."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from moaql.check.eval_sets import find_eval_set
from moaql.errors import BudgetReached, UsageError
from moaql.evaluation.task import task_of
from moaql.searching.claims import open_shared_session, place_of
from moaql.searching.confirm import confirm
from moaql.searching.document import CurvePoint, Outline
from moaql.searching.fitted_votes import FittedVotes
from moaql.searching.goals import Goals, Limit
from moaql.searching.ledger import Ledger
from moaql.searching.live import LiveArena
from moaql.searching.purse import Purse, SharedBudget
from moaql.searching.search import SCREEN, Progress, search
from moaql.searching.settings import SOURCES, Settings
from moaql.searching.splits import splits_of
from moaql.searching.topologies import Topologies
from moaql.searching.tpe import Suggestions
from moaql.searching.workers import SharedArena
from moaql.searching.written import Outcome, facts_of, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.check.program import Program
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.session import Options
    from moaql.searching.arena import Entrant
    from moaql.searching.confirm import Confirmed
    from moaql.searching.hunt import Hunt
    from moaql.searching.search import Found
    from moaql.searching.space.find import SearchPlan
    from moaql.searching.splits import Splits
    from moaql.searching.workers import Crew

DEFAULT_TRIALS = 200
NOT_SHARED = (
    "The study is in a database, and the bank is on this machine: other machines share the budget, and not the answers. "
    "Give all of them one bank with `--bank postgresql://…`."
)
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
        crew: Further processes, which are started with the search, and awaited before the confirmation.
    """

    study: str | None = None
    storage: str | None = None
    trials: int | None = None
    worker: str = "0"
    confirm: bool = True
    crew: Crew | None = None


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
        options: Bank, budget (dollars, for all runs and all workers of this study together), seed.
        wanted: Further wishes.
        on_progress: Is called after every step, with the seconds since the beginning.
        stop: Asked before every step; True ends the search, and the confirmation is made.

    Raises:
        UsageError: if the eval set is too small, or the study is of another search, or its money is spent.
        BankError: if bank or study fail.
    """
    task = task_of(find_eval_set(program.unit, plan.eval_name), seed=options.seed)
    splits = splits_of(task, plan.settings.holdout, options.seed)
    goals, identity = goals_of(plan), identity_of(program, plan, task)
    folder = wanted.study or os.path.join(".moaql", "studies", f"{plan.name}-{identity[:6]}")
    topologies = Topologies(program, plan, splits.search)
    bank = place_of(options)
    if wanted.storage and not bank.startswith("postgresql://"):
        splits = replace(splits, notes=(*splits.notes, NOT_SHARED))
    ledger = Ledger(
        folder,
        plan.name,
        goals,
        identity,
        topologies.space,
        storage=wanted.storage,
        worker=wanted.worker,
        bank=bank,
    )
    try:
        purse = Purse(ledger, options.budget)
        if wanted.confirm:
            _refuse_what_is_spent(purse)
        settings = Settings(
            goals=goals,
            budget=options.budget,
            trials=wanted.trials or plan.settings.trials or DEFAULT_TRIALS,
            seed=options.seed + _offset(purse.ordinal),
            confidence=plan.settings.confidence,
            sources=_SAMPLERS.get(plan.settings.sampler, SOURCES),
        )
        run = _Run(topologies, splits, settings, options, wanted, ledger, purse, SharedBudget(purse=purse), on_progress)
        found, confirmed, caller = await run.whole(stop)
        if run.searched is not None:
            splits = replace(splits, notes=(*splits.notes, *run.searched.silent.notes))
        outline = Outline(
            plan.name, facts_of(program, plan, task, splits, found, topologies, caller, options), run.curve
        )
        unpriced = bool(caller.budget.unpriced or purse.unpriced)
        outline.facts.update(
            identity=identity,
            seconds=run.seconds,
            study=folder,
            invalid=topologies.problems,
            paid=None if unpriced else purse.paid - purse.paid_before,
            measured=max(found.trials, ledger.count()),
        )
    finally:
        ledger.close()
    return outcome_of(program, plan, found, confirmed, goals, outline, folder, topologies, splits, run.searched)


@dataclass
class _Run:
    """One process at work: it searches, writes the study while it does so, and confirms."""

    topologies: Topologies
    splits: Splits
    settings: Settings
    options: Options
    wanted: Wanted
    ledger: Ledger
    purse: Purse
    budget: SharedBudget
    on_progress: Callable[[Progress, Caller, float], None]
    curve: list[CurvePoint] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    searched: LiveArena | None = None

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.started

    async def whole(self, stop: Callable[[], bool]) -> tuple[Found, Confirmed | None, Caller]:
        """Search, wait for the other workers, confirm."""
        async with open_shared_session(replace(self.options, budget=None), self.budget) as caller:
            try:
                fits = FittedVotes(self.splits.search, self.options.seed)
                self.searched, select, report = [
                    LiveArena(
                        self.topologies,
                        part,
                        caller,
                        fits=fits,
                        fitting=part is self.splits.search,
                        seed=self.options.seed,
                        listeners=self.options.listeners,
                    )
                    for part in (self.splits.search, self.splits.select, self.splits.report)
                ]
                found = await self._search(self.searched, caller, stop)
                self.searched.silent.refuse_silence()
                if self.wanted.confirm and not found.hunt.records:
                    raise self._below_one_screen(self.searched)
                confirmed = await confirm(found.hunt, select, report) if self.wanted.confirm else None
            finally:
                self.purse.settle(self.budget)
        return found, confirmed, caller

    async def _search(self, arena: LiveArena, caller: Caller, stop: Callable[[], bool]) -> Found:
        suggest = Suggestions(self.topologies.space, 2 if self.settings.goals.cheap else 1, self.settings.seed)
        shared = SharedArena(arena, self.ledger, self.purse, self.budget, suggest, self.settings.trials)
        crew = self.wanted.crew
        if crew is not None:
            crew.start()
        found = await search(
            shared,
            self.settings,
            suggest=suggest,
            known=_known(self.ledger, self.topologies),
            on_change=lambda progress: self._changed(progress, shared, caller),
            stop=lambda: _stopped(shared, stop),
        )
        self._close(found.hunt)
        if crew is not None:
            await crew.ended()
            await shared.take_over()
            self._close(found.hunt)
        return found

    def _below_one_screen(self, arena: LiveArena) -> BudgetReached:
        items = range(min(SCREEN, arena.size))
        screen = sum(arena.price(each, items) for each in arena.baselines() if each.baseline == "single")
        return BudgetReached(
            f"the budget of ${self.options.budget or 0:g} is below one screen: every single model on {len(items)} items costs "
            f"about ${screen:.2g}",
            f"Give at least `--budget {10 * screen:.1g}`: a search takes many times its screen, and three tenths are kept back.",
        )

    def _changed(self, progress: Progress, shared: SharedArena, caller: Caller) -> None:
        """After every step."""
        hunt, record = progress.hunt, progress.changed
        shared.hunt = hunt
        if record.state != "racing":
            self.ledger.write(record, hunt.figures(record), source=record.source)
        else:
            self.ledger.go_on(record)
        self.purse.settle(self.budget)
        front = hunt.front()
        if front:
            best, paid = hunt.figures(front[0]).quality, self.purse.paid - self.purse.paid_before
            self.curve.append(CurvePoint(paid, self.seconds, best, hunt.stairs().area, progress.trials))
        self.on_progress(progress, caller, self.seconds)

    def _close(self, hunt: Hunt) -> None:
        """The search is over: what is still in the race is written, too."""
        for record in hunt.records.values():
            self.ledger.write(record, hunt.figures(record), source=record.source)


def _stopped(shared: SharedArena, stop: Callable[[], bool]) -> bool:
    shared.look()
    return stop()


def _known(ledger: Ledger, topologies: Topologies) -> list[Entrant]:
    """What dead processes have left in the middle, then what was measured before."""
    points = [each.point for each in ledger.bury() if each.point is not None]
    entrants = [topologies.entrant(point) for point in dict.fromkeys([*points, *ledger.points().values()])]
    return [entrant for entrant in entrants if entrant is not None]


def _refuse_what_is_spent(purse: Purse) -> None:
    spent, total = purse.spent, purse.total
    if total is not None and spent >= total:
        raise UsageError(
            f"the study has spent ${spent:.2f} of its budget of ${total:.2f}",
            "Give it a larger `--budget`, or another `--study`.",
        )


def _offset(ordinal: int) -> int:
    """Workers draw differently; the first as if it were alone."""
    return int(hashlib.sha256(str(ordinal).encode()).hexdigest()[:6], 16) if ordinal else 0
