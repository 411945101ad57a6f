"""`moaql tune`: better instructions for one prompt of a topology, by the user's own eval set."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.fit import KINDS, fit_numbers, with_fit_options, without_fit
from moaql.cli.outputs import refuse_foreign, write_files
from moaql.cli.progress import Progress
from moaql.cli.running import SIMULATED, Listening, dollars, options_of, run_async, run_options, spent
from moaql.cli.shared import TARGET, common_options, fail, load_program, print_json, split_target
from moaql.errors import ProgramError

if TYPE_CHECKING:
    from moaql.tuning.run import Outcome


@click.command()
@click.argument("target", type=TARGET, metavar="FILE[::NAME]")
@click.option("-o", "--output", type=click.Path(), metavar="OUT.moaql", help="Where the tuned program goes.")
@click.option(
    "--prompt", metavar="NAME", help="Prompt, stage or call to tune.  [default: the prompt of the last aggregator]"
)
@click.option("--optimizer", metavar="NAME", default="gepa", show_default=True, help="gepa, miprov2 or copro.")
@click.option(
    "--reflection", metavar="MODEL", help="Who writes new texts.  [default: the dearest model that the topology asks]"
)
@click.option("--data", "--eval", help="Eval set: its name in the program, or a file.  [default: the only one]")
@click.option("--metric", help='How answers are scored, or "python:path.py:function".  [default: as the eval set says]')
@click.option("--limit", type=click.IntRange(1), help="Only the first so many items.")
@click.option("--split", metavar="PART", help='Part of the set, such as "40%", "train" or "test".')
@click.option(
    "--calls",
    type=click.IntRange(1),
    default=400,
    show_default=True,
    help="Calls of the tuned prompt at most, before it is confirmed.",
)
@click.option("--force", is_flag=True, help="Overwrite the output; with `--fit`, write it even if it is no better.")
@click.option("--fit", "kind", type=click.Choice(KINDS), help="Fit numbers instead of a prompt.")
@with_fit_options
@run_options
@common_options
def command(
    target: str,
    output: str | None,
    prompt: str | None,
    optimizer: str,
    reflection: str | None,
    data: str | None,
    metric: str | None,
    limit: int | None,
    split: str | None,
    calls: int,
    force: bool,
    kind: str | None,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Find better instructions for one prompt, and write them into the program if they are certainly better.

    A model reads what went wrong and rewrites the prompt. Answers of the models above it are asked once and come from the bank
    afterwards. A new text is accepted only if it gains on items that it was not tuned on. What was paid for is never paid again:
    the same command goes on after an interruption.

    With `--fit` it finds numbers instead: thresholds of `when` and `until`, a router for `route with="router.json"`, or the weights
    of votes with `weights=?`. Options from `--within` on are for that.

    \b
    Example: moaql tune docs/examples/tuned.moaql -o tuned.moaql --budget 2
    Example: moaql tune cascade.moaql --fit thresholds -o fitted.moaql
    """
    if kind is not None:
        data_ = (data, metric, limit, split)
        fit_numbers(target, kind, output, data_, given, force=force, as_json=as_json, quiet=quiet)
        return
    given = without_fit(given)
    path, name = split_target(target)
    program = load_program(path)
    output = output or "tuned.moaql"
    refuse_foreign(output, "# Tuned by ", "`moaql tune`", force=force)
    from moaql.api.choose import choose_topology
    from moaql.evaluation.task import open_task
    from moaql.tuning.run import Wanted, run_tune

    topology = choose_topology(program, name)
    wanted = Wanted(prompt, optimizer, reflection, calls)
    task = open_task(program, data, metric=metric, limit=limit, split=split, seed=given["seed"])
    with Progress(not quiet and not as_json, "items asked") as progress, Listening(given) as listeners:
        progress.begin(calls, 0)
        options = replace(options_of(given), listeners=listeners)
        try:
            work = run_tune(
                program, topology, task, options, wanted, on_trial=lambda _, caller: progress.advance(spent(caller))
            )
            found: Outcome = run_async(work)
        except ProgramError as error:
            fail(error.diagnostics)
    if found.text is not None:
        _write(found.text, output, os.path.dirname(os.path.abspath(path)))
    if as_json:
        print_json(found.document | {"output": output if found.text is not None else None})
    else:
        _print(found, output, quiet)
    if found.tuned.ended is not None:
        raise click.exceptions.Exit(4)


def _write(text: str, output: str, folder: str) -> None:
    """The tuned program. Its paths are relative to its folder."""
    from moaql.searching.space.moved import moved

    write_files({output: moved(text, folder, os.path.dirname(os.path.abspath(output)))})


def _print(found: Outcome, output: str, quiet: bool) -> None:
    """The finding on standard output, how it came about on standard error."""
    facts = found.document
    if not quiet:
        asked = facts["calls"]
        click.echo(
            f"{facts['texts']} texts compared with {asked['optimizing']} calls of {', '.join(facts['nodes'])}, "
            f"{asked['reflection']} replies of {facts['reflection']}; {facts['stopped']}; {asked['confirming']} calls to confirm",
            err=True,
        )
        budget = f" of {dollars(facts['budget'])}" if facts["budget"] else ""
        click.echo(f"paid {dollars(facts['paid'])}{budget}, saved {dollars(facts['saved'])} by the bank", err=True)
        for note in facts["notes"]:
            click.echo(f"note: {note}", err=True)
        if facts["simulated"]:
            click.echo(SIMULATED, err=True)
        click.echo(err=True)
    for line in found.lines:
        click.echo(line)
    if found.tuned.ended is not None:
        click.echo(f"error: {found.tuned.ended.message}\n{found.tuned.ended.next_step}", err=True)
        if found.tuned.changed:
            click.echo(f"\nthe best text so far, unconfirmed and not written:\n\n{found.tuned.text}")
    if found.text is not None:
        click.echo(f"\nwritten to {output}")
