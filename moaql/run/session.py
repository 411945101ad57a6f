"""What runs share: the bank, the connections, the budget and the limits, opened together and closed together."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypedDict

from moaql.bank.open import open_bank
from moaql.diagnostics import suggest
from moaql.errors import UsageError
from moaql.run.budget import Budget
from moaql.run.caller import Caller
from moaql.run.limits import DEFAULT_CONCURRENCY, Limit, Limits
from moaql.run.retry import Retries
from moaql.run.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from moaql.run.events import Listener

NO_BANK = "none"
Session = Caller
"""What `open_session` gives."""


@dataclass(frozen=True)
class Options:
    """How runs are carried out.

    Attributes:
        bank: Where paid responses are kept: a path, `sqlite:///…`, `postgresql://…`, or `none` to keep them in memory only.
            By default `.moaql/bank.db` here.
        budget: Dollars that all runs together may spend; None for no limit.
        offline: Whether the bank alone may answer.
        seed: Of all that is drawn.
        concurrency: Calls in flight at most to each provider that `moaql.toml` sets no limits for.
        attempts: Times that a failing call is sent at most.
        stall: Seconds without a byte after which a reply that has begun is given up.
        listeners: Hear of everything that happens.
        transport: An `httpx.AsyncBaseTransport` to send by instead of the network, such as `httpx.MockTransport`.
    """

    bank: str | None = None
    budget: float | None = None
    offline: bool = False
    seed: int = 0
    concurrency: int = DEFAULT_CONCURRENCY
    attempts: int = 5
    stall: float = 60.0
    listeners: tuple[Listener, ...] = field(default=(), repr=False)
    transport: Any = field(default=None, repr=False)


@asynccontextmanager
async def open_session(options: Options) -> AsyncIterator[Caller]:
    """Open what runs share. When it closes, no call is in flight and everything paid for is kept.

    Raises:
        UsageError: if an option makes no sense.
        BankError: if the bank cannot be opened.
    """
    check_options(options)
    bank = open_bank(":memory:" if options.bank == NO_BANK else options.bank)
    transport = HttpTransport(stall=options.stall, inner=options.transport)
    caller = Caller(
        bank,
        transport,
        budget=Budget(options.budget),
        limits=Limits(limits_here(os.getcwd()), Limit(options.concurrency)),
        retries=Retries(options.attempts),
        offline=options.offline,
    )
    try:
        yield caller
    finally:
        try:
            await caller.close()
        finally:
            await transport.aclose()
            await bank.close()


class RunArguments(TypedDict, total=False):
    """The fields of `Options`, as arguments by name."""

    bank: str | None
    budget: float | None
    offline: bool
    seed: int
    concurrency: int
    attempts: int
    stall: float
    listeners: tuple[Listener, ...]
    transport: Any


def options_from(given: Mapping[str, Any], session: object = None) -> Options:
    """Options from arguments.

    Raises:
        UsageError: if one is unknown, or a session has decided it already.
    """
    known = {each.name for each in fields(Options)}
    for name in given:
        if name not in known:
            raise UsageError(
                f"no option is called `{name}`", suggest(name, known) or f"There are: {', '.join(sorted(known))}."
            )
        if session is not None and name not in ("seed", "listeners"):
            raise UsageError(
                f"`{name}` is decided by the session", "Give it to `moaql.Options(…)` when the session is opened."
            )
    return Options(**given)


def check_options(options: Options) -> None:
    """See that they make sense.

    Raises:
        UsageError: if one does not.
    """
    numbers = {
        "budget": options.budget,
        "concurrency": options.concurrency,
        "attempts": options.attempts,
        "stall": options.stall,
    }
    for name, value in numbers.items():
        kinds = int if name in ("concurrency", "attempts") else int | float
        if (value is None and name != "budget") or isinstance(value, bool) or not isinstance(value, kinds | None):
            what = "whole number" if kinds is int else "number"
            raise UsageError(f"`{name}` is a {what}, not {value!r}", "Such as `budget=2.50` and `attempts=3`.")
    if options.bank is not None and not isinstance(options.bank, str):
        raise UsageError(f"`bank` is a path or a URL, not {options.bank!r}", 'Such as `bank="answers.db"`.')
    if options.budget is not None and not 0 < options.budget < float("inf"):
        raise UsageError(
            f"a budget of {options.budget:g} dollars makes no sense", "Give dollars above 0, such as 2.50."
        )
    if not options.stall > 0:
        raise UsageError(f"`stall={options.stall:g}` makes no sense", "Give seconds above 0.")
    if options.concurrency < 1 or options.attempts < 1:
        raise UsageError("at least one call at a time, and one attempt, are needed", "Give a number from 1.")


def limits_here(folder: str) -> dict[str, Limit]:
    """The limits that the nearest `moaql.toml` above sets, such as `[limits.openai]` with `concurrency = 20`.

    Raises:
        UsageError: if they cannot be read.
    """
    import tomllib

    here = folder
    while not os.path.isfile(path := os.path.join(here, "moaql.toml")):
        here, child = os.path.dirname(here), here
        if here == child:
            return {}
    try:
        with open(path, "rb") as file:
            given = tomllib.load(file).get("limits", {})
        return {name: _limit(name, values) for name, values in dict(given).items()}
    except (OSError, ValueError, TypeError) as error:
        help = "Write `[limits.openai]`, and below it `concurrency = 20` or `per_minute = 500`."
        raise UsageError(f"cannot read the limits in `{path}`: {error}", help) from None


def _limit(name: str, values: Any) -> Limit:
    known = {"concurrency": int, "per_minute": (int, float)}
    for key, value in dict(values).items():
        if key not in known or isinstance(value, bool) or not isinstance(value, known[key]) or value <= 0:  # type: ignore[arg-type]
            raise ValueError(f"`{key} = {value}` of `{name}` is not understood")
    return Limit(values.get("concurrency", DEFAULT_CONCURRENCY), values.get("per_minute"))
