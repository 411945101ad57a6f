"""Texts on items: each text of a prompt is asked once per item, through the topology, and scored.

Only what is new is asked. Everything above the prompt is the same for every text, and so it comes from the bank; a text that an
optimizer asks for again is not asked at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moaql.evaluation.runner import measure
from moaql.run.events import CallFinished

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener
    from moaql.tuning.place import Place

_NAME = "tuned"


class Enough(Exception):  # noqa: N818 - reads better where it is caught
    """The optimization is over, for a reason that is no failure, such as that its calls are used up."""


class Reserved(Enough):
    """The rest of the money is kept to confirm what was found."""


@dataclass(frozen=True)
class Trial:
    """One text on one item.

    Attributes:
        outcome: What came of the whole topology.
        shown: The texts that the first tuned call was shown as candidates, in order; none where it was not asked.
        said: What that call answered, or why it did not.
        asked: How many of the tuned calls were made; 0 where this item's way through the topology leads past them.
        cost: List price of those calls in dollars; 0 where unknown.
    """

    outcome: Outcome
    shown: tuple[str, ...] = ()
    said: str = ""
    asked: int = 0
    cost: float = 0.0

    @property
    def score(self) -> float:
        """From 0 to 1. What could not be measured is nothing to learn from, and counts as 0 here."""
        return self.outcome.score or 0.0


@dataclass
class Tally:
    """What a tuning has used so far, and what it may use.

    Attributes:
        limit: Calls of the tuned prompt at most; None for no limit.
        calls: Calls of it so far, those under way included.
        reserve: Dollars to leave for the confirmation.
        ended: Why no more is asked: the budget, or a bank that fails.
        on_trial: Is called for each trial that is done.
    """

    limit: int | None = None
    calls: int = 0
    reserve: Callable[[], float] = lambda: 0.0
    ended: Exception | None = None
    on_trial: Callable[[Trial], None] = lambda _trial: None


@dataclass
class Trials:
    """All trials on the items of one task.

    Attributes:
        place: The prompt.
        task: The items.
        caller: Makes the calls.
        tally: Shared by the parts of an eval set.
        seed: Of all that a run draws.
        listeners: Hear of everything.
    """

    place: Place
    task: Task
    caller: Caller
    tally: Tally
    seed: int = 0
    listeners: Sequence[Listener] = ()
    known: dict[tuple[str, int], Trial] = field(default_factory=dict)

    def fresh(self, text: str, items: Sequence[int]) -> list[int]:
        """Those of the items, by position, that the text was not asked yet; each once."""
        return [at for at in dict.fromkeys(items) if (text, at) not in self.known]

    async def ask(self, text: str, items: Sequence[int]) -> list[Trial]:
        """Ask a text these items.

        Args:
            text: Of the tuned message.
            items: Positions.

        Raises:
            Enough: if the calls or the dollars of the optimization do not reach for all of them.
            BudgetReached, BankError, NotBanked, UsageError: and what was paid for is in the bank.
        """
        fresh = self.fresh(text, items)
        if fresh:
            await self._ask(text, fresh)
        return [self.known[text, at] for at in items]

    async def _ask(self, text: str, items: list[int]) -> None:
        most = len(items) * len(self.place.calls)
        self._check(most)
        self.tally.calls += most
        heard = {at: _Heard(frozenset(self.place.calls)) for at in items}

        def done(_name: str, position: int, outcome: Outcome) -> None:
            at = items[position]
            trial = self.known[text, at] = heard[at].trial(outcome)
            self.tally.calls -= len(self.place.calls) - trial.asked
            self.tally.on_trial(trial)

        try:
            measured = await measure(
                {_NAME: self.place.graph(text)},
                self.task.part(items),
                self.caller,
                seed=self.seed,
                listeners=self.listeners,
                on_outcome=done,
                listener_of=lambda _name, position: heard[items[position]],
            )
        except Exception as error:
            self.tally.ended = error
            raise
        if measured.ended is not None:
            self.tally.ended = measured.ended
            raise measured.ended

    def _check(self, calls: int) -> None:
        tally, left = self.tally, self.caller.budget.left
        if tally.ended is not None:
            raise tally.ended
        if tally.limit is not None and tally.calls + calls > tally.limit:
            raise Enough("its calls are used up")
        if left is not None and left < tally.reserve():
            raise Reserved("what is left of the budget is kept to confirm what was found")


class _Heard:
    """What one run says of its tuned calls."""

    def __init__(self, tuned: frozenset[str]) -> None:
        self._tuned = tuned
        self._texts: dict[str, str] = {}
        self._calls: list[CallFinished] = []

    def __call__(self, event: Event) -> None:
        """A listener."""
        if not isinstance(event, CallFinished):
            return
        if event.candidate is not None:
            self._texts[event.node.id] = event.candidate.text
        if event.node.id in self._tuned:
            self._calls.append(event)

    def trial(self, outcome: Outcome) -> Trial:
        """What was heard, with what came of it."""
        if not self._calls:
            return Trial(outcome)
        first = self._calls[0]
        cost = sum(each.candidate.cost or 0.0 for each in self._calls if each.candidate is not None)
        if first.candidate is None:
            return Trial(outcome, (), first.error, len(self._calls), cost)
        shown = tuple(self._texts.get(node, "") for node in first.candidate.shown)
        return Trial(outcome, shown, first.candidate.text, len(self._calls), cost)
