"""One budget for all processes that work on a study, however they end.

Before a process may send a call, the study says that so many dollars are reserved for it; when calls are over, what was paid is
written and the rest goes back. So the sum of what is paid and what is reserved never exceeds the budget. A process that dies in the
middle leaves a statement of what it may have spent at most. That stays counted as spent, since what was in flight may have been
charged.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

from moaql.errors import BudgetReached
from moaql.run.budget import Budget, without_price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from moaql.searching.ledger import Ledger

_PREFIX = "account "
_LUMP = 8
"""A process takes what it needs next, or this part of its share: so that it does not ask for every call."""
_PAUSE = 0.2
"""Seconds between two questions whether somebody gave something back."""


@dataclass(frozen=True)
class Account:
    """What one process spends on a study, in dollars.

    Attributes:
        paid: For calls that are over.
        doubt: What calls whose end nobody saw may have cost, at most.
        reserved: What it may spend besides, at most.
        step: What it expects of the step that it is at.
        unpriced: Calls whose price is unknown.
        ordinal: Which of the processes that work at the same time it is, from 0.
    """

    paid: float = 0.0
    doubt: float = 0.0
    reserved: float = 0.0
    step: float = 0.0
    unpriced: int = 0
    ordinal: int = 0

    @property
    def most(self) -> float:
        """What it may have spent, at most."""
        return self.paid + self.doubt + self.reserved


class Purse:
    """The budget of a study, as one process uses it.

    Args:
        ledger: Of the study.
        total: Dollars that all processes together may spend, ever; None for no limit.
    """

    def __init__(self, ledger: Ledger, total: float | None) -> None:
        self._ledger, self.total = ledger, total
        self._written: Account | None = None
        self._step = 0.0
        with ledger.hold():
            others = self.accounts()
            self.paid_before = math.fsum(each.paid for each in others.values())
            """Dollars that were paid before this process came."""
            taken = {each.ordinal for name, each in others.items() if ledger.alive(name)}
            self.ordinal = next(number for number in range(len(taken) + 1) if number not in taken)
            """Which of the processes that work at the same time this one is, from 0."""
            ledger.note(_PREFIX + ledger.worker, asdict(Account(ordinal=self.ordinal)))

    def accounts(self) -> dict[str, Account]:
        """What the other processes spend and spent, by worker."""
        found = self._ledger.facts(_PREFIX)
        return {name: Account(**value) for name, value in found.items() if name != self._ledger.worker}

    @property
    def paid(self) -> float:
        """Dollars that all processes have paid on the study, as far as they have told."""
        own = self._written.paid if self._written is not None else 0.0
        return own + math.fsum(each.paid for each in self.accounts().values())

    @property
    def unpriced(self) -> int:
        """Calls of other processes whose price is unknown."""
        return sum(each.unpriced for each in self.accounts().values())

    @property
    def spent(self) -> float:
        """Dollars that are gone: paid, or perhaps paid, by others; and what those who died may have spent."""
        return self._gone(self.accounts().items(), lambda each: each.paid + each.doubt)

    def committed(self, budget: SharedBudget) -> float:
        """Dollars that are gone, with those of this process and what the steps of all others are expected to take."""
        others = self._gone(self.accounts().items(), lambda each: each.paid + each.doubt + each.step)
        return others + budget.paid + budget.uncertain

    def share(self, budget: SharedBudget, needed: float) -> Literal["granted", "own", "others", "never"]:
        """Take more of the budget, so that a call fits.

        Args:
            budget: Of this process; its limit grows by what was taken.
            needed: Dollars that the call may cost.

        Returns:
            `granted`; or who may give something back when calls are over: this process, or `others`; or that this will `never` fit.
        """
        assert self.total is not None
        with self._ledger.hold():
            others = self.accounts()
            living = [each for name, each in others.items() if self._ledger.alive(name)]
            free = self.total - math.fsum(each.most for each in others.values()) - budget.paid - budget.uncertain
            flying = budget.reserved
            most = free / (2 * (1 + len(living)))
            fits = flying + needed <= free + 1e-12
            # With more in flight than its share, a process that dies would take too much with it.
            if fits and (flying + needed <= most or not budget.in_flight):
                lump = min(max(needed, most / _LUMP), max(needed, most - flying))
                self._write(budget, flying + lump)
                return "granted"
            if living:
                self._write(budget, flying)
        if budget.in_flight:
            return "own"
        return "others" if any(each.reserved > 0 for each in living) else "never"

    def expect(self, budget: SharedBudget, dollars: float) -> None:
        """A step begins that is expected to take so much."""
        self._step = dollars
        self.settle(budget)

    def settle(self, budget: SharedBudget) -> None:
        """State what was paid, and give back what is not in flight."""
        with self._ledger.hold():
            self._write(budget, budget.reserved)

    def _write(self, budget: SharedBudget, reserved: float) -> None:
        account = Account(budget.paid, budget.uncertain, reserved, self._step, budget.unpriced, self.ordinal)
        if account != self._written:
            self._ledger.note(_PREFIX + self._ledger.worker, asdict(account))
            self._written = account
        if self.total is not None:
            budget.limit = budget.paid + budget.uncertain + reserved

    def _gone(self, accounts: Iterable[tuple[str, Account]], of_living: Callable[[Account], float]) -> float:
        return math.fsum(of_living(each) if self._ledger.alive(name) else each.most for name, each in accounts)


@dataclass
class SharedBudget(Budget):
    """What one process may spend of a purse: its limit is what was reserved for it, and grows with what it needs.

    Attributes:
        purse: What it is taken from.
    """

    purse: Purse | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        if self.purse is not None:
            self.limit = None if self.purse.total is None else 0.0

    @property
    def in_flight(self) -> int:
        """Calls that are under way."""
        return self._open

    async def reserve(self, dollars: float | None, model: str) -> float:
        """See `Budget.reserve`."""
        if self.purse is None or self.limit is None:
            return await super().reserve(dollars, model)
        if dollars is None:
            raise without_price(model)
        while not self._fits(dollars):
            # One asks at a time, so that the study is not locked a hundred times for a hundred calls that wait.
            async with self._turn:
                if not self._fits(dollars):
                    await self._ask(self.purse, dollars, model)
        return await super().reserve(dollars, model)

    def rest(self) -> None:
        """This process waits for another one: what it has reserved for nothing goes back, or that one may wait for it in turn."""
        if self.purse is None or self.limit is None:
            return
        if self.limit - self.paid - self.uncertain - self.reserved > 1e-12:
            self.purse.settle(self)

    def _fits(self, dollars: float) -> bool:
        assert self.limit is not None
        return self.paid + self.uncertain + self.reserved + dollars <= self.limit + 1e-12

    async def _ask(self, purse: Purse, dollars: float, model: str) -> None:
        answer = purse.share(self, dollars)
        if answer == "own" and self._open:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        elif answer == "others":
            await asyncio.sleep(_PAUSE)
        elif answer == "never":
            raise self._out(purse, dollars, model)

    def _out(self, purse: Purse, dollars: float, model: str) -> BudgetReached:
        assert purse.total is not None
        gone = purse.spent + self.paid + self.uncertain
        return BudgetReached(
            f"the budget of ${purse.total:g} is reached: up to ${gone:.6f} is spent, and the next call of `{model}` may cost "
            f"${dollars:.6f}",
            "Raise the budget, or state a smaller `max_tokens`. What is done is in the bank, and is not paid again.",
        )
