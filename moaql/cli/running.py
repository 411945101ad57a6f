"""What the commands that run topologies share: their options, and progress with dollars on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from moaql.errors import UsageError
from moaql.run.events import CallFinished

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener
    from moaql.run.session import Options

SIMULATED = "simulated models: no real model was asked, and no real dollar was spent"


class Dollars(click.ParamType[float]):
    """Dollars as `2.5` or `$2.50`."""

    name = "DOLLARS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        if isinstance(value, float):
            return value
        try:
            return float(str(value).removeprefix("$").replace(",", ""))
        except ValueError:
            self.fail(f"'{value}' is no amount of dollars, such as 2.50.", param, ctx)


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--bank`, `--no-bank`, `--offline`, `--budget`, `--seed`, `--concurrency`, `--attempts`, `--trace` and `--otel`."""
    for option in (
        click.option("--otel", is_flag=True, help="Also make OpenTelemetry spans (needs `opentelemetry-sdk`)."),
        click.option(
            "--trace", metavar="FILE", help="Append what every call said and cost to this file, as JSON lines."
        ),
        click.option(
            "--attempts", type=click.IntRange(1), default=5, show_default=True, help="Times a failing call is sent."
        ),
        click.option(
            "--concurrency",
            type=click.IntRange(1),
            default=64,
            show_default=True,
            help="Calls in flight to a provider.",
        ),
        click.option("--seed", type=int, default=0, show_default=True, help="Seed of what is drawn: orders, ties."),
        click.option("--budget", type=Dollars(), help="Dollars that may be spent at most."),
        click.option("--offline", is_flag=True, help="Answer from the bank alone."),
        click.option("--no-bank", is_flag=True, help="Neither use nor keep paid answers."),
        click.option(
            "--bank", metavar="WHERE", envvar="MOAQL_BANK", help="Path or URL of the bank.  [default: .moaql/bank.db]"
        ),
    ):
        function = option(function)
    return function


class Listening:
    """The listeners that the options ask for: a trace file, spans, progress. Closed behind the run.

    Args:
        given: The values of `run_options`.
        progress: Hears of every call.
    """

    def __init__(self, given: dict[str, Any], *progress: Listener) -> None:
        from moaql.run.trace import TraceFile

        self._trace = TraceFile(given["trace"]) if given["trace"] else None
        self.listeners: list[Listener] = [*progress]
        if self._trace is not None:
            self.listeners.append(self._trace)
        if given["otel"]:
            from moaql.run.spans import Spans

            self.listeners.append(Spans())

    def __enter__(self) -> tuple[Listener, ...]:
        return tuple(self.listeners)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._trace is not None:
            self._trace.__exit__(kind, error, trace)


def options_of(given: dict[str, Any]) -> Options:
    """What the values of `run_options` mean for the runner."""
    from moaql.run.session import NO_BANK, Options

    if given["bank"] and given["no_bank"]:
        raise UsageError("`--bank` and `--no-bank` contradict each other", "Give one of them.")
    return Options(
        bank=NO_BANK if given["no_bank"] else given["bank"],
        budget=given["budget"],
        offline=given["offline"],
        seed=given["seed"],
        concurrency=given["concurrency"],
        attempts=given["attempts"],
    )


def show_anything() -> None:
    """Models write what an output's encoding may not hold, such as half a surrogate pair: it is shown as `?`."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def run_async(work: Coroutine[Any, Any, Any], new_loop: Callable[[], AbstractEventLoop] | None = None) -> Any:
    """Run to the end, in a loop of that kind. The collector of cycles is on while something runs long."""
    import asyncio

    from moaql.run.collector import collect_seldom

    collect_seldom()
    show_anything()
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(work)
    except KeyboardInterrupt:
        # Told at the very end, when no progress bar is in the way.
        raise click.exceptions.Abort("what was paid for is kept, and the same command goes on from there") from None


class CallCount:
    """A line on standard error that says how many calls are answered, and what they cost; only on a terminal.

    Args:
        shown: Whether to show it at all.
        most: Calls at most.
    """

    def __init__(self, shown: bool, most: int) -> None:
        self._shown = shown and sys.stderr.isatty()
        self._most = most
        self._calls = 0
        self._cost = 0.0

    def __call__(self, event: Event) -> None:
        """A listener."""
        if not self._shown or not isinstance(event, CallFinished):
            return
        self._calls += 1
        if event.candidate is not None:
            self._cost += event.candidate.paid or 0.0
        click.echo(f"\r{self._calls} of at most {self._most} calls, ${self._cost:.6f}\033[K", nl=False, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)


def dollars(amount: float | None) -> str:
    """Dollars with as many digits as matter."""
    if amount is None:
        return "unpriced"
    if amount == 0:
        return "$0"
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.3g}" if amount >= 0.001 else f"${amount:.6f}"


def spent(caller: Caller) -> str:
    """What was paid, what the bank saved, and what may have been charged besides."""
    budget = caller.budget
    parts = [f"paid {dollars(budget.paid)}" + (f" of {dollars(budget.limit)}" if budget.limit is not None else "")]
    if caller.saved:
        by = "by answers that were used again" if type(caller.bank).__name__ == "MemoryBank" else "by the bank"
        parts.append(f"saved {dollars(caller.saved)} {by}")
    if budget.uncertain:
        parts.append(f"up to {dollars(budget.uncertain)} more for calls that broke off")
    if budget.unpriced:
        parts.append(f"{budget.unpriced} calls without a known price")
    return ", ".join(parts)
