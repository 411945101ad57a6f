"""One tuning on its way: optimize on one part of the items, accept by the second, report on the third.

An optimizer returns the best of what it tried, and the best of many is partly the luckiest. So it never sees the items that a
text is accepted by, and only a gain whose interval lies above 0 there is accepted. The figures that are stated come from items
that have decided nothing.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from moaql.errors import BudgetReached, ProviderError, UsageError
from moaql.evaluation.compare import compare
from moaql.evaluation.summary import unmeasured_because
from moaql.graph.nodes import Gate
from moaql.graph.plan import plan
from moaql.run.calls import check_prices
from moaql.tuning.bridge import Bridge
from moaql.tuning.optimizers.base import Work
from moaql.tuning.reflection import Reflection
from moaql.tuning.result import Measured, Tuned
from moaql.tuning.trials import Enough, Reserved, Tally, Trial, Trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.check.program import Model
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.tuning.optimizers.base import Optimizer
    from moaql.tuning.place import Place
    from moaql.tuning.splits import Splits

_PASSES = 10
"""So many texts shall at least be comparable on the items that texts are compared on."""
_LEAST_JUDGES = 8
_FEWEST_ASKED, _BLOCK = 12, 20
_MARGIN = 1.2
"""Confirmation is expected to cost up to so much more than the items did so far."""


class Tuning:
    """One tuning on its way."""

    def __init__(
        self,
        place: Place,
        splits: Splits,
        caller: Caller,
        calls: int,
        seed: int,
        listeners: tuple[Listener, ...],
        on_trial: Callable[[Trial], None],
    ) -> None:
        self._place, self._splits, self._caller, self._seed = place, splits, caller, seed
        self._calls, self._listeners = calls, listeners
        self._said, self._simulated = False, False
        self._prices: list[tuple[float, float]] = []
        self._on_trial = on_trial
        self._tally = Tally(limit=calls, reserve=self._reserve, on_trial=self._heard)
        self._of = {
            id(task): Trials(place, task, caller, self._tally, seed, listeners)
            for task in (splits.train, splits.select, splits.report)
        }

    async def tune(self, optimizer: Optimizer, model: Model) -> Tuned:
        """See `tune_place`."""
        check_prices(self._place.marked, self._caller)
        reflection = Reflection(model, self._caller, listeners=self._listeners)
        reflection.check()
        work: Work | None = None
        try:
            work = await self._work(reflection)
            stopped = await self._optimized(optimizer, work)
        except Reserved:
            return self._found(work, "the budget is reached", ended=self._too_little())
        except BudgetReached as error:
            return self._found(work, "the budget is reached", ended=error)
        calls = self._tally.calls
        # What was kept for the confirmation may be spent now.
        self._tally.limit, self._tally.reserve = None, lambda: 0.0
        try:
            return await self._confirmed(work, stopped, calls)
        except BudgetReached as error:
            return self._found(work, stopped, ended=error, calls=calls)

    async def _work(self, reflection: Reflection) -> Work:
        trials = self._of[id(self._splits.train)]
        items = await self._asking(trials)
        judges = min(max(_LEAST_JUDGES, len(items) // 2), max(_LEAST_JUDGES, self._calls // self._each // _PASSES))
        if self._calls < 3 * judges * self._each:
            raise UsageError(
                f"{self._calls} calls cannot compare any two texts on {judges} items",
                f"Give at least `--calls {3 * judges * self._each}`.",
            )
        first = await trials.ask(self._place.seed, items[: min(judges, _LEAST_JUDGES)])
        if why := unmeasured_because([each.outcome for each in first]):
            raise ProviderError(f"`{self._place.marked.name}` cannot be scored: {why}", "See `moaql eval`.")
        return Work(
            self._place.seed,
            trials,
            items[judges:],
            items[:judges],
            reflection,
            Bridge(asyncio.get_running_loop()),
            self._calls,
            self._seed,
        )

    async def _asking(self, trials: Trials) -> list[int]:
        """The items of the first part whose way through the topology leads past the prompt: no other can teach anything."""
        items = list(range(len(trials.task.items)))
        if not any(isinstance(node, Gate) for node in self._place.marked.nodes.values()):
            return items
        asked: list[int] = []
        for start in range(0, len(items), _BLOCK):
            block = items[start : start + _BLOCK]
            if self._tally.calls + len(block) * self._each > self._calls // 2:
                items = items[:start]
                break
            seeds = await trials.ask(self._place.seed, block)
            asked += [at for at, trial in zip(block, seeds, strict=True) if trial.asked]
        if len(asked) < _FEWEST_ASKED:
            raise UsageError(
                f"the prompt is sent for {len(asked)} of {len(items)} items, which is too few to tune it on",
                "Give more items, or tune the prompt in a topology that always sends it.",
            )
        return asked

    async def _optimized(self, optimizer: Optimizer, work: Work) -> str:
        try:
            stopped = await work.bridge.run(lambda: optimizer.optimize(work))
        except Reserved as reason:
            if not any(text != work.seed_text for text in work.scored):
                raise
            stopped = str(reason)
        except Enough as reason:
            stopped = str(reason)
        except Exception:
            if self._tally.ended is not None:  # optimizers wrap what they are told
                raise self._tally.ended from None
            raise
        if self._tally.ended is not None:
            raise self._tally.ended
        return stopped

    def _too_little(self) -> BudgetReached:
        limit = self._caller.budget.limit or 0.0
        return BudgetReached(
            f"the budget of ${limit:g} is reached: what is left of it would be needed to confirm a new text, about "
            f"${self._reserve():.3g}",
            "Raise the budget. What is done is in the bank, and is not paid again.",
        )

    async def _confirmed(self, work: Work, stopped: str, calls: int) -> Tuned:
        found = self._found(work, stopped, calls=calls)
        if not found.changed:
            return found
        select = await self._both(self._splits.select, found.text)
        accepted = select.comparison.low > 0
        report = await self._both(self._splits.report, found.text) if accepted else None
        return self._found(work, stopped, calls=calls, accepted=accepted, select=select, report=report)

    async def _both(self, task: Task, text: str) -> Measured:
        trials, items = self._of[id(task)], list(range(len(task.items)))
        befores, afters = [await trials.ask(each, items) for each in (self._place.seed, text)]
        pairs = [
            (before.outcome.score, after.outcome.score)
            for before, after in zip(befores, afters, strict=True)
            if before.outcome.score is not None and after.outcome.score is not None
        ]
        if not pairs:
            raise UsageError(f"none of the {len(items)} items could be scored", "See `moaql eval` for the reasons.")
        before, after = [[pair[place] for pair in pairs] for place in (0, 1)]
        comparison = compare(after, before, seed=self._seed)
        return Measured(math.fsum(before) / len(pairs), math.fsum(after) / len(pairs), comparison, len(pairs))

    def _found(
        self,
        work: Work | None,
        stopped: str,
        *,
        ended: BudgetReached | None = None,
        calls: int | None = None,
        accepted: bool = False,
        select: Measured | None = None,
        report: Measured | None = None,
    ) -> Tuned:
        spent = self._tally.calls if calls is None else calls
        seed = self._place.seed
        if work is None:
            return Tuned(self._place, seed, stopped=stopped, ended=ended, calls=spent, simulated=self._simulated)
        scored = work.scored
        return Tuned(
            self._place,
            work.best,
            accepted,
            select,
            report,
            (scored[seed], scored[work.best]) if seed in scored else None,
            spent,
            self._tally.calls - spent,
            len(scored),
            work.proposals,
            work.reflection.asked,
            stopped,
            ended,
            self._simulated or work.reflection.model.id.startswith("sim/"),
            self._said,
        )

    @property
    def _each(self) -> int:
        """Calls of the prompt for one item, at most."""
        return len(self._place.calls)

    def _heard(self, trial: Trial) -> None:
        outcome = trial.outcome
        self._said = self._said or bool(outcome.feedback)
        self._simulated = self._simulated or outcome.simulated
        if outcome.cost is not None:
            self._prices.append((outcome.cost, trial.cost))
        self._on_trial(trial)

    def _reserve(self) -> float:
        """Dollars that the confirmation will take: both texts on items of which nothing is banked yet."""
        if self._prices:
            whole, own = (sum(each[place] for each in self._prices) / len(self._prices) for place in (0, 1))
            item = whole + own
        else:
            cost = plan(self._place.marked).cost
            item = 0.0 if cost is None else cost.expected
        return _MARGIN * item * (len(self._splits.select.items) + len(self._splits.report.items))
