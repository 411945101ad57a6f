"""The budget: dollars are reserved before a call is sent, and settled when it is over.

Nothing is sent whose worst case does not fit into what is left, calls in flight included, so a run never spends more than it
may. A call whose end nobody saw (a lost connection, a cancellation) may have been charged: its reservation stays counted.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.errors import BudgetReached, UsageError

if TYPE_CHECKING:
    from moaql.providers.base import Pairs

DEFAULT_LONGEST = 8192
"""Tokens. With a budget, a call that states no `max_tokens` is sent this one, so that its price has an upper bound."""
_MESSAGE_TOKENS = 16
"""More than any chat template adds to a message."""
_IMAGE_TOKENS = 50_000
"""More than OpenAI counts for an image: 48,169 for the eight tiles of the largest one that gpt-4o-mini looks at."""


def most_prompt_tokens(messages: tuple[tuple[str, str], ...]) -> int:
    """Tokens that the messages have at most: a token holds one byte at least."""
    return sum(len(text.encode("utf-8", "surrogatepass")) + _MESSAGE_TOKENS for _, text in messages)


def most_setting_tokens(settings: Pairs) -> int:
    """Tokens that settings add to a prompt at most: tools, and a conversation that is passed on as it is, images among it."""
    given = dict(settings)
    told = [given[name] for name in ("tools", "turns") if name in given]
    if not told:
        return 0
    images = sum(_images(turn) for turn in given.get("turns") or ())
    return len(json.dumps(told)) + _MESSAGE_TOKENS * len(given.get("turns") or ()) + _IMAGE_TOKENS * images


def _images(turn: dict[str, Any]) -> int:
    parts = turn.get("content")
    return sum(part.get("type") == "image_url" for part in parts) if isinstance(parts, list) else 0


def without_price(model: str) -> UsageError:
    """The exception for a model whose price is unknown where there is a budget."""
    return UsageError(
        f"`{model}` has no known price, so no budget can be kept",
        "State `price_in` and `price_out` in its model statement, or run without a budget.",
    )


@dataclass
class Budget:
    """Dollars that may be spent.

    Attributes:
        limit: Dollars; None for no limit.
        paid: Dollars of the calls that are over.
        uncertain: Dollars that calls whose end nobody saw may have cost, at most.
        reserved: Dollars that calls in flight may cost, at most.
        unpriced: Calls whose price is unknown.
    """

    limit: float | None = None
    paid: float = 0.0
    uncertain: float = 0.0
    reserved: float = 0.0
    unpriced: int = 0
    _open: int = 0
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def left(self) -> float | None:
        """Dollars that are neither spent nor reserved; None without a limit."""
        return None if self.limit is None else self.limit - self.paid - self.uncertain - self.reserved

    async def reserve(self, dollars: float | None, model: str) -> float:
        """Reserve what a call may cost at most, and wait for calls in flight where they may leave enough.

        Args:
            dollars: The worst case; None where the price is unknown.
            model: Whom it is for, for the message.

        Returns:
            The dollars reserved, to be given to `settle`, `release` or `forfeit`.

        Raises:
            BudgetReached: if it can never fit.
            UsageError: if the price is unknown and there is a limit.
        """
        if self.limit is None:
            return 0.0
        if dollars is None:
            raise without_price(model)
        while self.paid + self.uncertain + self.reserved + dollars > self.limit + 1e-12:
            if not self._open:
                raise self._reached(dollars, model)
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        self.reserved += dollars
        self._open += 1
        return dollars

    def settle(self, reservation: float, cost: float | None, doubt: float = 0.0) -> None:
        """A call is over, and cost so many dollars; up to so many more where its tokens were not counted by the provider."""
        if cost is None:
            self.unpriced += 1
        else:
            self.paid += cost
        self.uncertain += doubt
        self._end(reservation)

    def release(self, reservation: float) -> None:
        """A call was not charged."""
        self._end(reservation)

    def forfeit(self, reservation: float) -> None:
        """Nobody knows whether a call was charged."""
        self.uncertain += reservation
        self._end(reservation)

    def _end(self, reservation: float) -> None:
        if self.limit is None:
            return
        self._open -= 1
        # Sums of fractions drift; when nothing is in flight, nothing is reserved.
        self.reserved = self.reserved - reservation if self._open else 0.0
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _reached(self, dollars: float, model: str) -> BudgetReached:
        assert self.limit is not None
        left = max(0.0, self.limit - self.paid - self.uncertain)
        lost = f", and up to ${self.uncertain:.6f} went to calls that broke off" if self.uncertain else ""
        return BudgetReached(
            f"the budget of ${self.limit:g} is reached: ${self.paid:.6f} is spent{lost}, ${left:.6f} is left, and the next call of "
            f"`{model}` may cost ${dollars:.6f}",
            "Raise the budget, or state a smaller `max_tokens`. What is done is in the bank, and is not paid again.",
        )
