"""What each key has of its own: a budget, and the calls that are made from it. Bank, connections and limits are shared by all."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.bank.base import EVERYTHING, Bank, Entry, ModelCount, Selection
from moaql.bank.open import open_bank
from moaql.check.program import connection_of
from moaql.graph.plan import price_of
from moaql.providers.find import find_provider
from moaql.run.budget import Budget, without_price
from moaql.run.caller import Caller
from moaql.run.limits import Limit, Limits
from moaql.run.retry import Retries
from moaql.run.session import NO_BANK, Options, check_options, limits_here
from moaql.run.transport import CONNECTIONS, HttpTransport
from moaql.serving.keys import Key, Rate, find_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from moaql.graph.nodes import Graph


@dataclass(frozen=True)
class Account:
    """Who asks.

    Attributes:
        name: In the log; "" where the server needs no keys.
        caller: Makes their calls, from their budget.
        rate: Their requests a minute.
    """

    name: str
    caller: Caller
    rate: Rate


class Accounts:
    """All of them.

    Args:
        everyone: Whose requests need no key; None where a key is needed.
        by_key: The others.

    Attributes:
        callers: All that make calls.
    """

    def __init__(self, everyone: Account | None, by_key: dict[Key, Account]) -> None:
        self._everyone = everyone
        self._by_key = by_key
        self._keys = tuple(by_key)
        accounts = [*by_key.values(), *([everyone] if everyone is not None else [])]
        self.callers = tuple({id(each.caller): each.caller for each in accounts}.values())

    @property
    def need_keys(self) -> bool:
        """Whether a key is needed."""
        return self._everyone is None

    def find(self, authorization: str) -> Account | None:
        """Whose request it is, by its `Authorization` header; None for a key that is wrong or missing."""
        if self._everyone is not None:
            return self._everyone
        key = find_key(self._keys, authorization)
        return None if key is None else self._by_key[key]


class KeyBudget(Budget):
    """Dollars of one key, within those of the whole server. What is reserved here is reserved there too.

    Args:
        limit: Dollars of the key.
        whole: The server's budget.
    """

    def __init__(self, limit: float, whole: Budget) -> None:
        super().__init__(limit)
        self._whole = whole

    async def reserve(self, dollars: float | None, model: str) -> float:
        """See `Budget.reserve`."""
        reserved = await super().reserve(dollars, model)
        try:
            await self._whole.reserve(dollars, model)
        except BaseException:
            super().release(reserved)
            raise
        return reserved

    def settle(self, reservation: float, cost: float | None, doubt: float = 0.0) -> None:
        """See `Budget.settle`."""
        super().settle(reservation, cost, doubt)
        self._whole.settle(reservation, cost, doubt)

    def release(self, reservation: float) -> None:
        """See `Budget.release`."""
        super().release(reservation)
        self._whole.release(reservation)

    def forfeit(self, reservation: float) -> None:
        """See `Budget.forfeit`."""
        super().forfeit(reservation)
        self._whole.forfeit(reservation)


@asynccontextmanager
async def open_accounts(options: Options, keys: Sequence[Key]) -> AsyncIterator[Accounts]:
    """Open bank and connections, and one account for each key. When they close, no call is in flight.

    Args:
        options: As for a run; `budget` is that of the whole server.
        keys: Those that are let in; without any, everybody is.

    Raises:
        UsageError: if an option, the bank's place or the limits in `moaql.toml` make no sense.
        BankError: if the bank cannot be opened.
    """
    check_options(options)
    limits = Limits(limits_here(os.getcwd()), Limit(options.concurrency))
    bank = NoBank() if options.bank == NO_BANK else open_bank(options.bank)
    connections = max(CONNECTIONS, options.concurrency)
    transport = HttpTransport(stall=options.stall, connections=connections, inner=options.transport)
    whole = Budget(options.budget)

    def caller(budget: Budget) -> Caller:
        retries = Retries(options.attempts)
        return Caller(bank, transport, budget=budget, limits=limits, retries=retries, offline=options.offline)

    shared = caller(whole)
    by_key = {
        key: Account(
            key.name,
            shared if key.dollars is None else caller(KeyBudget(key.dollars, whole)),
            Rate(key.per_minute),
        )
        for key in keys
    }
    accounts = Accounts(None if keys else Account("", shared, Rate(None)), by_key)
    try:
        yield accounts
    finally:
        try:
            for each in accounts.callers:
                await each.close()
        finally:
            await transport.aclose()
            await bank.close()


def refuse_unpriced(graph: Graph) -> None:
    """See that a budget can be kept before the first request comes.

    Raises:
        UsageError: if a model of the graph has no known price.
    """
    for call in graph.calls:
        for model in (call.model, *call.model.alternatives):
            if price_of(model) is None and find_provider(model.id, connection_of(model)).banked:
                raise without_price(model.id)


class NoBank(Bank):
    """Keeps nothing: every request is asked anew, and a server that runs for months does not grow."""

    @property
    def where(self) -> str:
        """`none`."""
        return NO_BANK

    async def find(self, key: bytes) -> Entry | None:
        """None."""
        del key
        return None

    async def store(self, key: bytes, entry: Entry) -> None:
        """Forget it."""
        del key, entry

    async def count(self, selection: Selection = EVERYTHING) -> Sequence[ModelCount]:
        """Nothing."""
        del selection
        return ()

    async def entries(self, selection: Selection = EVERYTHING) -> AsyncIterator[tuple[bytes, Entry]]:
        """Nothing."""
        del selection
        nothing: tuple[tuple[bytes, Entry], ...] = ()
        for pair in nothing:
            yield pair

    async def prune(self, selection: Selection) -> int:
        """0."""
        del selection
        return 0

    async def size(self) -> int | None:
        """None: it is kept nowhere."""
        return None

    async def close(self) -> None:
        """Nothing is left to do."""
