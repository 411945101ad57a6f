"""`moaql bank`: what was paid for: counted, shared as files, and pruned."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.shared import common_options, print_json, print_table
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from moaql.bank.base import Bank, ModelCount

_SECONDS = {"h": 3600, "d": 86_400, "w": 604_800}


@click.group(epilog="Each takes --bank WHERE, --json, -q, --quiet, -v, --verbose and --help.")
def command() -> None:
    """Show, export, import and prune the answers that were paid for.

    \b
    Example: moaql bank stats
    """


def _bank_option(function: Callable[..., Any]) -> Callable[..., Any]:
    help = "A path, sqlite:///PATH or postgresql://USER@HOST/DATABASE.  [default: .moaql/bank.db]"
    return click.option("--bank", "where", metavar="WHERE", envvar="MOAQL_BANK", help=help)(function)


def _model_option(function: Callable[..., Any]) -> Callable[..., Any]:
    help = "Only answers of this model, such as openai/gpt-4o. May be repeated."
    return click.option("--model", "models", metavar="ID", multiple=True, help=help)(function)


@command.command()
@_bank_option
@common_options
def stats(where: str | None, as_json: bool, quiet: bool) -> None:
    """Count what the bank holds, by model.

    \b
    Example: moaql bank stats --json
    """

    async def count(bank: Bank) -> tuple[Sequence[ModelCount], int | None]:
        return await bank.count(), await bank.size()

    (counts, size), place = _with_bank(where, count)
    if as_json:
        print_json({"bank": place, "bytes": size, **_totals(counts), "models": [_as_json(each) for each in counts]})
        return
    if not counts:
        if not quiet:
            click.echo(f"The bank {place} is empty.", err=True)
        return
    columns = ["model", "entries", "tokens in", "tokens out", "dollars", "first", "last"]
    print_table(columns, [_row(each) for each in counts], right=(1, 2, 3, 4))
    megabytes = f", {size / 1e6:,.1f} MB" if size is not None else ""
    entries = sum(each.entries for each in counts)
    click.echo(f"\n{_plural(entries, 'entry', 'entries')}, {_dollars(counts)}{megabytes} in {place}")


@command.command()
@click.option("-o", "--output", required=True, metavar="FILE.jsonl[.gz]", help="File to write.")
@click.option("--data", metavar="EVAL", help="Eval set that gives ids, targets, categories and the order.")
@click.option("--all", "everything", is_flag=True, help="Write every entry with its prompt, losing nothing.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@_model_option
@_bank_option
@common_options
def export(
    output: str,
    data: str | None,
    everything: bool,
    force: bool,
    models: tuple[str, ...],
    where: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write a recorded file: the answers to plain questions, which `recorded/…` models replay.

    Answers to prompts with more than a question, such as those of aggregators, are left out. A model that was asked with settings
    is called by them: `openai/gpt-4o?temperature=0.7`. A sample that the bank lacks is written as null.

    \b
    Example: moaql bank export -o answers.jsonl.gz --data evals/tickets.jsonl
    """
    from moaql.bank.exports import check_new
    from moaql.bank.transfer import select, write_all, write_recorded

    if everything and data:
        raise UsageError("`--all` writes every entry, and `--data` chooses", "Give one of them.")
    check_new(output, force)

    async def run(bank: Bank) -> dict[str, Any]:
        meant = await select(bank, models)
        return await (write_all(bank, meant, output) if everything else write_recorded(bank, meant, output, data))

    document, _ = _with_bank(where, run)
    if as_json:
        print_json({"file": output, **document})
    elif not quiet:
        click.echo(f"{output}: {_exported(document, data)}", err=True)


def _exported(document: dict[str, Any], data: str | None) -> str:
    """What was written, and what was not."""
    if "entries" in document:
        return _plural(document["entries"], "entry", "entries")
    parts = [f"{_plural(document['answers'], 'answer')} to {_plural(document['questions'], 'question')}"]
    if data is None:
        parts[0] += ", without targets (give --data)"
    return "; ".join(parts + [f"left out {count:,}: {reason}" for reason, count in document["left_out"].items()])


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE…")
@click.option("--provider", metavar="NAME", help="Provider of the models whose names state none, such as openai.")
@_bank_option
@common_options
def import_(files: tuple[str, ...], provider: str | None, where: str | None, as_json: bool, quiet: bool) -> None:
    """Read answers from recorded files, or from files that `export --all` wrote, so that no run pays for them again.

    All files are read before anything is stored. An answer that the bank has already stays as it is.

    \b
    Example: moaql bank import answers.jsonl.gz
    """
    from moaql.bank.imports import check_answers
    from moaql.bank.transfer import import_file

    now = time.time()
    for file in files:
        check_answers(file, provider)

    async def run(bank: Bank) -> list[dict[str, Any]]:
        return [await import_file(bank, file, provider, now) for file in files]

    documents, place = _with_bank(where, run, create=True)
    if as_json:
        totals = {name: sum(each[name] for each in documents) for name in ("new", "known", "skipped")}
        print_json({"bank": place, **totals, "files": documents})
    elif not quiet:
        for each in documents:
            skipped = f", {each['skipped']:,} skipped (without a text)" if each["skipped"] else ""
            click.echo(f"{each['file']}: {each['new']:,} new, {each['known']:,} known{skipped}", err=True)


@command.command()
@click.option("--before", metavar="DATE", help="Only answers from before this date, such as 2026-10-31 (local time).")
@click.option("--older-than", metavar="AGE", help="Only answers older than this, such as 30d, 12h or 8w.")
@click.option("--yes", is_flag=True, help="Delete; without it, only say what would be deleted.")
@_model_option
@_bank_option
@common_options
def prune(
    before: str | None,
    older_than: str | None,
    yes: bool,
    models: tuple[str, ...],
    where: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Delete answers. What is deleted has to be paid for again.

    \b
    Example: moaql bank prune --model openai/gpt-4o --older-than 90d --yes
    """
    if not models and before is None and older_than is None:
        raise UsageError(
            "this would delete everything", "Say what: `--model ID`, `--before DATE` or `--older-than 30d`."
        )
    if before is not None and older_than is not None:
        raise UsageError("`--before` and `--older-than` both give a date", "Give one of them.")
    from moaql.bank.transfer import select

    limit = _date(before) if before is not None else _age(older_than) if older_than is not None else None

    async def run(bank: Bank) -> tuple[Sequence[ModelCount], int]:
        meant = await select(bank, models, limit)
        counts = await bank.count(meant)
        return counts, await bank.prune(meant) if yes else 0

    (counts, deleted), place = _with_bank(where, run)
    if as_json:
        meant = {**_totals(counts), "models": [_as_json(each) for each in counts]}
        print_json({"bank": place, "deleted": deleted, **meant})
        return
    entries = deleted if yes else sum(each.entries for each in counts)
    what = f"{_plural(entries, 'entry', 'entries')} that cost {_dollars(counts)}" if entries else "nothing"
    if yes:
        click.echo(f"Deleted {what}.")
    else:
        click.echo(f"Would delete {what}.")
        if entries and not quiet:
            click.echo("Nothing was deleted: give --yes to do it.", err=True)


def _with_bank(
    where: str | None, use: Callable[[Bank], Coroutine[Any, Any, Any]], *, create: bool = False
) -> tuple[Any, str]:
    """What comes of using the bank, and where it is. It is closed afterwards."""
    import asyncio

    from moaql.bank.open import open_bank

    async def run() -> tuple[Any, str]:
        bank = open_bank(where, create=create)
        try:
            return await use(bank), bank.where
        finally:
            await bank.close()

    return asyncio.run(run())


def _date(text: str) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"`{text}` is no date", "Write it as 2026-10-31 or 2026-10-31T12:00.") from None


def _age(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit()) or unit not in _SECONDS:
        raise UsageError(f"`{text}` is no age", "Write hours, days or weeks, such as 12h, 30d or 8w.")
    return time.time() - int(number) * _SECONDS[unit]


def _totals(counts: Sequence[ModelCount]) -> dict[str, Any]:
    return {
        "entries": sum(each.entries for each in counts),
        "cost": _cost(counts),
        "unpriced": sum(each.unpriced for each in counts),
    }


def _cost(counts: Sequence[ModelCount]) -> float | None:
    """Dollars of what has a price; None where nothing has."""
    priced = any(each.entries > each.unpriced for each in counts)
    return sum(each.cost for each in counts) if priced or not counts else None


def _as_json(count: ModelCount) -> dict[str, Any]:
    return {
        "model": count.model,
        "simulated": count.model.startswith("sim/"),
        "prompt_tokens": count.prompt_tokens,
        "completion_tokens": count.completion_tokens,
        **_totals([count]),
        "first": _day(count.first, "seconds"),
        "last": _day(count.last, "seconds"),
    }


def _row(count: ModelCount) -> list[str]:
    return [
        count.model + (" (simulated)" if count.model.startswith("sim/") else ""),
        f"{count.entries:,}",
        f"{count.prompt_tokens:,}",
        f"{count.completion_tokens:,}",
        _dollars([count]),
        _day(count.first)[:10],
        _day(count.last)[:10],
    ]


def _day(seconds: float, precision: str = "auto") -> str:
    """A date in local time."""
    from datetime import datetime

    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec=precision)


def _dollars(counts: Sequence[ModelCount]) -> str:
    from moaql.cli.running import dollars

    cost, unpriced = _cost(counts), sum(each.unpriced for each in counts)
    if cost is None or not unpriced:
        return dollars(cost)
    return f"{dollars(cost)} and {unpriced:,} unpriced"


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
