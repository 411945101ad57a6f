"""`moaql tune --fit`: thresholds, routers and vote weights, fitted to an eval set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from moaql.cli.outputs import refuse_foreign, write_files
from moaql.cli.progress import Progress
from moaql.cli.running import Listening, dollars, options_of, run_async, spent
from moaql.cli.shared import fail, print_json, print_table, split_target
from moaql.errors import ProgramError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.check.program import Program
    from moaql.routers.router import Embedding
    from moaql.run.caller import Caller
    from moaql.tuning.numbers.fit import Wanted
    from moaql.tuning.numbers.fitted import Contestant, Fitted

KINDS = ("thresholds", "router", "weights")

fit_options: tuple[Callable[..., Any], ...] = (
    click.option("--within", type=click.FloatRange(0, 100), default=0.5, show_default=True, metavar="POINTS",
                 help="Take the cheapest numbers that lose at most this much against the best."),
    click.option("--per-dollar", type=click.FloatRange(0), metavar="POINTS",
                 help="Instead: maximize points − this × dollars an item."),
    click.option("--at-least", type=click.FloatRange(0, 100), metavar="POINTS",
                 help="Instead: take the cheapest numbers that score this much."),
    click.option("--only", multiple=True, metavar="NAME",
                 help="Fit this threshold alone: a signal, a line, or signal@line:column; may be repeated."),
    click.option("--embedding", metavar="MODEL", help="Route by the nearest questions, with vectors of this model."),
    click.option("--embedding-url", metavar="URL", default="https://api.openai.com/v1", show_default=True,
                 help="Its endpoint, which speaks OpenAI's protocol."),
    click.option("--embedding-key-env", metavar="NAME", help="Environment variable of its key."),
    click.option("--embedding-price", type=click.FloatRange(0), metavar="DOLLARS", help="Per million tokens."),
)  # fmt: skip
"""The options of a fit, for a command that does more than that."""


def with_fit_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """A command with `fit_options`."""
    for option in reversed(fit_options):
        function = option(function)
    return function


def fit_numbers(
    target: str,
    kind: str,
    output: str | None,
    data: tuple[str | None, str | None, int | None, str | None],
    given: dict[str, Any],
    *,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """`moaql tune FILE --fit KIND`: every way through the topology is asked every item, and what is in the bank is not paid again.

    The scores are cross-fitted: no item is answered with numbers that have seen it.

    Args:
        target: `FILE[::NAME]`.
        kind: Of `KINDS`.
        output: Where the program goes, if it is better.
        data: Eval set, metric, limit and split, as `moaql eval` takes them.
        given: The values of `fit_options` and `run_options`.
        force: Whether to write the program even if it is no better, and to overwrite the output.
        as_json: Whether to print a document.
        quiet: Whether to print less.
    """
    from moaql.tuning.numbers.fitted import STAMP

    refuse_foreign(output, f"# {STAMP}", "a fit", force=force)
    path, name = split_target(target)
    program = load_for_fitting(path)
    fitted, caller = carry_out(program, wanted_of(program, name, kind, given), given, data, quiet=quiet or as_json)
    from moaql.tuning.numbers.fit import document, texts_of

    texts = texts_of(fitted, program, output) if output is not None and (fitted.accepted or force) else {}
    write_files(texts)
    written = tuple(reversed(texts))
    if as_json:
        print_json(document(fitted, caller, written))
    else:
        _print(fitted, caller, written, quiet=quiet)


def without_fit(given: dict[str, Any]) -> dict[str, Any]:
    """The other values, where nothing is fitted.

    Raises:
        UsageError: if an option is given that only a fit has.
    """
    defaults = {"within": 0.5, "only": (), "embedding_url": "https://api.openai.com/v1"}
    for option in fit_options:
        name = _name_of(option)
        if given.pop(name) != defaults.get(name):
            raise UsageError(f"`--{name.replace('_', '-')}` is for a fit", f"Give `--fit {'|'.join(KINDS)}` too.")
    return given


def _name_of(option: Callable[..., Any]) -> str:
    def nothing() -> None:
        """Carries the option."""

    [parameter] = option(nothing).__click_params__
    return str(parameter.name)


def load_for_fitting(path: str) -> Program:
    """A program, whose routers may be missing or not fit: that is what a fit is for."""
    from moaql.check.routes import CODES
    from moaql.cli.shared import read_program, unreadable

    program = read_program(path)
    if unreadable(program.diagnostics):
        raise UsageError(program.diagnostics[0].message, "Give the path of a program.")
    mistakes = [each for each in program.blocking if each.code not in CODES]
    if mistakes:
        fail(mistakes)
    return program


def wanted_of(program: Program, name: str | None, kind: str, given: dict[str, Any]) -> Wanted:
    """What the values of `fit_options` ask for; they are taken out of `given`."""
    from moaql.api.choose import choose_topology
    from moaql.tuning.numbers.fit import Wanted
    from moaql.tuning.numbers.goal import Goal

    per_dollar, at_least = (
        None if (each := given.pop(name)) is None else each / 100 for name in ("per_dollar", "at_least")
    )
    goal = Goal(given.pop("within") / 100, per_dollar, at_least)
    only, embedding = tuple(given.pop("only")), _embedding(given)
    if only and kind != "thresholds":
        raise UsageError("`--only` names thresholds", "Leave it out, or give `--fit thresholds`.")
    if embedding is not None and kind != "router":
        raise UsageError("`--embedding` is for a router", "Leave it out, or give `--fit router`.")
    return Wanted(kind, choose_topology(program, name).name, goal, only, embedding)


def _embedding(given: dict[str, Any]) -> Embedding | None:
    from moaql.routers.router import Embedding

    model, url = given.pop("embedding"), given.pop("embedding_url")
    key, price = given.pop("embedding_key_env"), given.pop("embedding_price")
    if model is None:
        return None
    if key is None and url.startswith("https://api.openai.com/"):
        key = "OPENAI_API_KEY"
    return Embedding(model, url, key, price)


def carry_out(
    program: Program,
    wanted: Wanted,
    given: dict[str, Any],
    data: tuple[str | None, str | None, int | None, str | None],
    *,
    quiet: bool,
) -> tuple[Fitted, Caller]:
    """Fit, with progress on standard error.

    Args:
        program: From `load_for_fitting`.
        wanted: From `wanted_of`.
        given: The values of `run_options`.
        data: Eval set, metric, limit and split, as `moaql eval` takes them.
        quiet: Whether to show no progress.
    """
    from dataclasses import replace

    from moaql.evaluation.task import open_task
    from moaql.tuning.numbers.fit import run_fit

    name, metric, limit, split = data
    task = open_task(program, name, metric=metric, limit=limit, split=split, seed=given["seed"])
    with Progress(not quiet, "answers") as progress, Listening(given) as listeners:
        progress.begin(2 * len(task.items), 0)
        options = replace(options_of(given), listeners=listeners)
        work = run_fit(program, task, wanted, options, on_outcome=lambda _, caller: progress.advance(spent(caller)))
        try:
            fitted, caller = run_async(work)
        except ProgramError as error:
            fail(error.diagnostics)
    return fitted, caller


def _print(fitted: Fitted, caller: Caller, written: tuple[str, ...], *, quiet: bool) -> None:
    print_table(
        ["", "score", "$/item", "fitted against it", "95 % interval"],
        [_row(fitted, each) for each in (fitted.after, fitted.before, *fitted.others)],
        right=(1, 2, 3, 4),
    )
    click.echo()
    for line in fitted.lines:
        click.echo(line)
    if not quiet:
        click.echo(f"\n{fitted.items:,} items, cross-fitted, in points of 100; {spent(caller)}", err=True)
        for note in fitted.notes:
            click.echo(f"note: {note}", err=True)
    if not fitted.accepted:
        why = (
            "the numbers stay as they are"
            if not fitted.changed
            else "no gain is shown, and no dollars are saved for it"
        )
        click.echo(f"not accepted: {why}" + (", but written as asked" if written else ""), err=True)
    if written:
        click.echo(f"written to {', '.join(written)}")


def _row(fitted: Fitted, each: Contestant) -> list[str]:
    cells = [each.name, f"{100 * each.score:.1f}", dollars(each.cost)]
    if each is fitted.after:
        return [*cells, "", ""]
    found = fitted.gain(each)
    return [*cells, f"{100 * found.difference:+.1f}", f"{100 * found.low:+.1f} … {100 * found.high:+.1f}"]
