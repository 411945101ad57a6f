"""One call of one model: from the bank if it was ever paid for, else sent, retried, paid and kept.

Equal calls in flight are one call, also those of different questions and topologies. A response is in the bank before anybody
sees it; failures are never kept.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.bank.base import Entry
from moaql.bank.key import key_of
from moaql.check.prices import listed_price
from moaql.errors import NotBanked, ProviderError, UsageError
from moaql.graph.assumptions import tokens_of
from moaql.providers.find import find_provider
from moaql.run.budget import DEFAULT_LONGEST, Budget, most_prompt_tokens, most_setting_tokens
from moaql.run.flights import Flight, bill
from moaql.run.limits import Limits
from moaql.run.retry import Retries
from moaql.run.tools import as_text, said, with_calls

if TYPE_CHECKING:
    from moaql.bank.base import Bank
    from moaql.providers.base import OnText, Provider, Request, Response, Transport

Price = tuple[float, float]
"""Dollars per million tokens, in and out."""
OnSend = Callable[[], None]
"""Is called each time that a request is sent."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call gave.

    Attributes:
        response: With its tokens counted: estimated from its length where the provider did not say.
        cost: List price in dollars; None where the price is unknown.
        paid: Dollars that this caller paid now; None where the price is unknown.
        latency: Seconds that it took when it was made.
        banked: Whether it came from the bank.
        attempts: Times that it was sent now.
        shared: Whether it was somebody else's call in flight.
    """

    response: Response
    cost: float | None
    paid: float | None
    latency: float
    banked: bool = False
    attempts: int = 0
    shared: bool = False


class Caller:
    """Makes calls. One of it serves any number of questions at once, within one event loop.

    Args:
        bank: Where responses are kept.
        transport: How they are fetched.
        budget: What may be spent.
        limits: What providers may be sent.
        retries: When to try again.
        offline: Whether the bank alone may answer.
    """

    def __init__(
        self,
        bank: Bank,
        transport: Transport,
        *,
        budget: Budget | None = None,
        limits: Limits | None = None,
        retries: Retries | None = None,
        offline: bool = False,
    ) -> None:
        self.bank = bank
        self.budget = budget or Budget()
        self.offline = offline
        self.saved = 0.0
        """Dollars that the bank saved."""
        self.cancelled = 0
        """Calls that were ended while they were being answered, because nobody waited for them any more."""
        self.cancelled_cost = 0.0
        """Dollars that these may have cost, of those whose price is known: what a budget would reserve for them."""
        self._transport = transport
        self._limits = limits or Limits()
        self._retries = retries or Retries()
        self._flights: dict[bytes, Flight] = {}
        self._tasks: dict[asyncio.Task[Answered], Flight] = {}
        self._landings = 0
        self._closed = False

    async def ask(
        self,
        request: Request,
        price: Price | None,
        *,
        context: int | None = None,
        on_text: OnText | None = None,
        on_send: OnSend | None = None,
    ) -> Answered:
        """The answer to a request.

        Args:
            request: What to ask.
            price: Dollars per million tokens in and out; None where unknown.
            context: Tokens that prompt and answer can have together, where the program says so.
            on_text: Is called with each piece of the answer as it arrives; with all of it at once where it is there already.
            on_send: Is called each time that it is sent for this caller.

        Raises:
            ProviderError: if it failed, after the retries that make sense.
            NotBanked: if it is not in the bank, and no call may be made.
            BudgetReached, UsageError: see `Budget.reserve`. UsageError also if the session is closed.
            BankError: if the bank fails.
        """
        self._check_open()
        provider = find_provider(request.id, request.connection)
        if not provider.banked:
            return await self._replay(provider, request, price, on_text)
        key = key_of(request)
        flight = self._flights.get(key)
        if flight is None:
            landings = self._landings
            entry = await self.bank.find(key)
            if entry is None and self.offline:
                entry = await self._cut_by_budget(request, context)
            if entry is not None:
                return self._from_bank(entry, price, on_text)
            flight = self._flights.get(key)
        shared = flight is not None
        if flight is None:
            if self.offline:
                raise _not_banked(request)
            self._check_open()
            flight = self._flights[key] = Flight(streamed=on_text is not None)
            hear = flight.hear if flight.streamed else None
            # While the bank was asked, the same call may have begun and landed.
            look_again = self._landings != landings
            flight.task = asyncio.create_task(
                self._make(provider, request, key, price, context, hear, on_send, look_again)
            )
            self._tasks[flight.task] = flight
            flight.task.add_done_callback(self._landed)
        try:
            answered = await flight.land(on_text)
        finally:
            if self._flights.get(key) is flight and flight.is_over:
                del self._flights[key]
        if on_text is not None and not flight.streamed:
            on_text(answered.response.text)
        return _share(flight, answered, price) if shared else bill(flight, answered)

    async def close(self) -> None:
        """Cancel what is in flight, and wait until it is gone. Nothing is asked any more."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the session is closed", "Run inside of `async with moaql.open_session(…)`.")

    def _landed(self, task: asyncio.Task[Answered]) -> None:
        self._landings += 1
        self._tasks.pop(task).landed()

    def _within_budget(self, request: Request, context: int | None) -> Request:
        """The request as it is sent: with a budget, an answer has a limit."""
        if self.budget.limit is None or "max_tokens" in dict(request.settings):
            return request
        return _with_longest(request, min(longest_answer(request.id, context), DEFAULT_LONGEST))

    async def _cut_by_budget(self, request: Request, context: int | None) -> Entry | None:
        """The answer that an earlier run with a budget got, where the limit that a budget sets has cut it."""
        sent = self._within_budget(request, context)
        return None if sent is request else await self.bank.find(key_of(sent))

    async def _reserve(self, request: Request, price: Price | None) -> float:
        return await self.budget.reserve(_worst_case(request, price), request.id)

    def _from_bank(self, entry: Entry, price: Price | None, on_text: OnText | None) -> Answered:
        response = with_calls(_counted(entry.response, entry.request), entry.request)
        cost = cost_of(response, price)
        self.saved += cost or 0.0
        if on_text is not None:
            on_text(response.text)
        return Answered(response, cost, 0.0, entry.latency, banked=True)

    async def _replay(
        self, provider: Provider, request: Request, price: Price | None, on_text: OnText | None
    ) -> Answered:
        response = _counted(await provider.answer(request, self._transport, on_text), request)
        return Answered(response, cost_of(response, price), 0.0, response.latency or 0.0, banked=True)

    async def _make(
        self,
        provider: Provider,
        request: Request,
        key: bytes,
        price: Price | None,
        context: int | None,
        on_text: OnText | None,
        on_send: OnSend | None,
        look_again: bool,
    ) -> Answered:
        """Send a call, and keep what comes back."""
        if look_again and (entry := await self.bank.find(key)) is not None:
            return self._from_bank(entry, price, on_text)
        if (entry := await self._cut_by_budget(request, context)) is not None:
            return self._from_bank(entry, price, on_text)
        sent = self._within_budget(request, context)
        response, cost, latency, attempts, paid = await self._send(provider, sent, price, on_text, on_send)
        # An answer that its budget's limit did not cut is what the call without it would have given.
        cut = sent is not request and response.finish == "length"
        kept, kept_key = (sent, key_of(sent)) if cut else (request, key)
        await self.bank.store(kept_key, Entry(kept, as_text(response), cost, latency, time.time()))
        return Answered(response, cost, paid, latency, attempts=attempts)

    async def _send(
        self,
        provider: Provider,
        request: Request,
        price: Price | None,
        on_text: OnText | None,
        on_send: OnSend | None,
    ) -> tuple[Response, float | None, float, int, float | None]:
        gatekeeper = self._limits.of(request.provider, str(dict(request.connection).get("base_url", "")))
        reserving = self.budget.limit is not None
        heard = False

        def hear(text: str) -> None:
            nonlocal heard
            heard = True
            if on_text is not None:
                on_text(text)

        attempt = 0
        while True:
            attempt += 1
            reservation = await self._reserve(request, price) if reserving else 0.0
            begun = 0.0
            try:
                await gatekeeper.enter()
                begun = time.perf_counter()
                if on_send is not None:
                    on_send()
                try:
                    response = await provider.answer(request, self._transport, hear if on_text is not None else None)
                finally:
                    gatekeeper.leave()
                elapsed = time.perf_counter() - begun
            except ProviderError as error:
                # What was heard of a stream was written, and may be charged, however the stream ended.
                (self.budget.forfeit if error.charged or heard else self.budget.release)(reservation)
                wait = None if heard else self._retries.wait(attempt, error)
                if wait is None:
                    raise
                if error.status == 429 and error.retry_after is not None:
                    gatekeeper.pause(wait)
                await asyncio.sleep(wait)
            except BaseException:
                (self.budget.forfeit if begun else self.budget.release)(reservation)
                if begun:
                    self.cancelled += 1
                    self.cancelled_cost += _worst_case(request, price) or 0.0
                raise
            else:
                counted = _counted(response, request)
                cost = cost_of(counted, price)
                doubt = 0.0 if counted is response else max(0.0, reservation - (cost or 0.0))
                self.budget.settle(reservation, cost, doubt)
                response = counted
                latency = response.latency if response.latency is not None else elapsed
                return response, cost, latency, attempt, cost


def _share(flight: Flight, answered: Answered, price: Price | None) -> Answered:
    """The answer to somebody else's call, at the price that this program knows."""
    return replace(bill(flight, answered), cost=cost_of(answered.response, price), shared=True)


def cost_of(response: Response, price: Price | None) -> float | None:
    """Dollars that a response costs by list price; None where that is unknown."""
    if price is None:
        return None
    return ((response.prompt_tokens or 0) * price[0] + (response.completion_tokens or 0) * price[1]) / 1e6


def longest_answer(model_id: str, context: int | None) -> int:
    """Tokens that an answer of a model can have at most, where that is known; else what a budget allows it."""
    listed = listed_price(model_id)
    known = [each for each in (context, listed.longest_answer if listed else None) if each is not None]
    return min(known, default=DEFAULT_LONGEST)


def _worst_case(request: Request, price: Price | None) -> float | None:
    if price is None:
        return None
    longest = dict(request.settings).get("max_tokens") or DEFAULT_LONGEST
    read = most_prompt_tokens(request.messages) + most_setting_tokens(request.settings)
    return (read * price[0] + int(longest) * price[1]) / 1e6


def _with_longest(request: Request, longest: int) -> Request:
    return replace(request, settings=tuple(sorted({**dict(request.settings), "max_tokens": longest}.items())))


def _counted(response: Response, request: Request) -> Response:
    """With tokens estimated by length where the provider counts none, or 0 of a text: a call without a count is not free."""
    prompt, completion = response.prompt_tokens, response.completion_tokens
    if prompt and (completion or (completion == 0 and not said(response) and not response.reasoning)):
        return response
    if not prompt:
        prompt = round(sum(tokens_of(text) for _, text in request.messages)) + 4 * len(request.messages)
    if not completion:
        most = dict(request.settings).get("max_tokens") or math.inf
        completion = max(1, round(min(most, tokens_of(said(response)) + tokens_of(response.reasoning))))
    return replace(response, prompt_tokens=prompt, completion_tokens=completion)


def _not_banked(request: Request) -> NotBanked:
    question = next((text for role, text in reversed(request.messages) if role == "user"), "")
    short = question if len(question) <= 60 else f"{question[:57]}…"
    return NotBanked(
        f"offline, and the bank does not hold sample {request.sample} of `{request.id}` for “{short}”",
        "Run without `--offline` once, or import answers with `moaql bank import`.",
    )
