"""`moaql search`: the topology with the best quality per dollar, on the user's own eval set."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.crew import Processes, orphaned
from moaql.cli.outputs import refuse_foreign, write_files
from moaql.cli.running import SIMULATED, Listening, dollars, options_of, run_async, run_options
from moaql.cli.shared import TARGET, common_options, load_searched, print_json, print_table, split_target
from moaql.errors import UsageError

if TYPE_CHECKING:
    from types import FrameType

    from moaql.run.caller import Caller
    from moaql.searching.search import Progress
    from moaql.searching.written import Outcome

_ROWS = 8
"""Rows of a frontier that are shown."""
_WIDTH = 70
"""Characters of a topology that a table shows."""


@click.command()
@click.argument("target", type=TARGET, metavar="FILE[::NAME]")
@click.option("-o", "--output", type=click.Path(), metavar="BEST.moaql", help="Where the winner goes.")
@click.option("--trials", type=click.IntRange(1), help="Topologies to measure at most.")
@click.option(
    "--study", type=click.Path(), metavar="DIR", help="Folder of the study.  [default: .moaql/studies/NAME-…]"
)
@click.option(
    "--storage", metavar="URL", envvar="MOAQL_STORAGE", help="Keep the study in a database, which machines share."
)
@click.option("--workers", type=click.IntRange(1), help="Processes that search side by side.  [default: 1]")
@click.option("--worker", hidden=True, help="Search as one of those processes, and confirm nothing.")
@click.option("--force", is_flag=True, help="Overwrite the output.")
@run_options
@common_options
def command(
    target: str,
    output: str | None,
    trials: int | None,
    study: str | None,
    storage: str | None,
    workers: int | None,
    worker: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Find the best topologies of a space for every price, and write the winner as a program.

    What was paid for is never paid again: run it again after an interruption, and it goes on. Ctrl-C ends the search and confirms
    what was found; a second Ctrl-C ends at once. The budget is never exceeded, over all runs of one study together, and by all
    workers of it: `--workers` starts them here, and the same command with the same `--storage` elsewhere.

    \b
    Example: moaql search programs/quickstart.moaql -o best.moaql --workers 2
    """
    path, name = split_target(target)
    program = load_searched(path)
    output = output or "best.moaql"
    refuse_foreign(output, "# Searched on ", "a search", force=force or worker is not None)
    from moaql.searching.run import Wanted, run_search
    from moaql.searching.space.find import find_search

    plan = find_search(program, name)
    if given["budget"] is None:
        given["budget"] = plan.settings.budget
    if not given["seed"]:
        given["seed"] = plan.settings.seed
    view = _View(shown=not quiet and not as_json, budget=given["budget"])
    passed = {**given, "study": study, "storage": storage, "trials": trials}
    count = 1 if worker is not None else workers or plan.settings.workers
    if path == "-" and count > 1:
        raise UsageError("several workers cannot read one program from standard input", "Give the path of a file.")
    if plan.settings.tune and (count > 1 or worker is not None or storage is not None):
        raise UsageError(
            "`tune=true` takes one process: workers would search with different prompts",
            "Leave `--workers` and `--storage` out; or search without it, and run `moaql tune` on the choice.",
        )
    if given["no_bank"] and count > 1:
        raise UsageError("workers share their answers by the bank, and there is none", "Leave `--no-bank` out.")
    with Processes(target, count - 1, passed) as crew, _Stopping(crew) as stopping, Listening(given) as listeners, view:
        wanted = Wanted(study, storage, trials, worker or "0", confirm=worker is None, crew=crew)
        options = replace(options_of(given), listeners=listeners)
        conduct = run_search
        if plan.settings.tune:
            from moaql.tuning.searched import run_tuned_search as conduct
        found: Outcome = run_async(conduct(program, plan, options, wanted, on_progress=view.show, stop=stopping.asked))
    if worker is not None:
        return
    _write(found, output, os.path.dirname(os.path.abspath(path)))
    if as_json:
        print_json(found.document | {"file": output if found.text is not None else None})
    else:
        _print(found, output, quiet)
    if found.found.stopped == "the budget is spent" and found.confirmed is None:
        raise click.exceptions.Exit(4)


def _write(found: Outcome, output: str, folder: str) -> None:
    """The winner as a program, and the result beside the study. Paths of the program are relative to its folder."""
    import json

    from moaql.searching.space.moved import moved

    # `moaql report` looks topologies of the frontier up by their keys.
    result = found.document | {"frontier": [each["key"] for each in found.document["frontier"]]}
    texts = {os.path.join(found.study, "result.json"): json.dumps(result, ensure_ascii=False, indent=1)}
    if found.text is not None:
        texts[output] = moved(found.text, folder, os.path.dirname(os.path.abspath(output)))
    write_files(texts)


def _print(found: Outcome, output: str, quiet: bool) -> None:
    """The frontier, the confirmation, and the finding last."""
    range_ = f"{100 * found.document['confidence']:g} % interval"
    print_table(
        ["topology", "score", range_, "$/item", "p50 s", "items"],
        [_front_row(each) for each in found.document["frontier"][:_ROWS]],
        right=(1, 2, 3, 4, 5),
    )
    if found.confirmed is not None:
        click.echo()
        print_table(
            ["confirmed on unseen items", "role", "score", range_, "against the best single", "$/item"],
            [_confirmed_row(each) for each in found.document["confirmed"] if each["report"] is not None],
            right=(2, 3, 4, 5),
        )
    facts = found.document
    if not quiet:
        space = facts["space"]
        budget = f" of {dollars(facts['budget'])}" if facts["budget"] else ""
        click.echo(
            f"\n{facts['measured']} of {space['points']:,} topologies measured; {facts['stopped']}; "
            f"paid {dollars(facts['paid'])}{budget}, saved {dollars(facts['saved'])} by the bank",
            err=True,
        )
        for note in facts["notes"]:
            click.echo(f"note: {note}", err=True)
        if facts["simulated"]:
            click.echo(SIMULATED, err=True)
    click.echo()
    for line in found.lines:
        click.echo(line)
    if found.text is not None:
        click.echo(f"\nwritten to {output}")


def _front_row(each: dict[str, Any]) -> list[str]:
    return [
        _short(each["program"]),
        f"{100 * each['score']:.1f}",
        _range(each["ci"]),
        dollars(each["cost_per_item"]),
        "–" if not each["latency"] else f"{each['latency']:.1f}",
        str(each["items"]),
    ]


def _confirmed_row(each: dict[str, Any]) -> list[str]:
    report, difference = each["report"], each["difference"]
    against = ""
    if difference is not None:
        low, high = difference["ci"]
        against = f"{100 * difference['difference']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    return [
        _short(each["name"]),
        each["role"] if each["role"] != "baseline" else f"{each['baseline']} baseline",
        f"{100 * report['score']:.1f}",
        _range(report["ci"]),
        against,
        dollars(each["cost_per_item"]),
    ]


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _range(ends: list[float] | None) -> str:
    return "" if ends is None else f"{100 * ends[0]:.1f} … {100 * ends[1]:.1f}"


class _Stopping:
    """The first Ctrl-C asks the search to end, the second one ends the process. Both reach the other workers."""

    def __init__(self, crew: Processes) -> None:
        self._count, self._crew = 0, crew
        self._before: Any = None

    def asked(self) -> bool:
        """Whether the search shall end."""
        return self._count > 0 or orphaned()

    def __enter__(self) -> _Stopping:
        self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._count += 1
        self._crew.interrupt()
        if self._count > 1:
            raise KeyboardInterrupt
        click.echo("\nending the search, then confirming what was found; Ctrl-C again ends at once", err=True)


class _View:
    """The frontier while the search goes on, on a terminal."""

    def __init__(self, *, shown: bool, budget: float | None) -> None:
        self._shown, self._budget = shown and sys.stderr.isatty(), budget
        self._live: Any = None

    def show(self, progress: Progress, caller: Caller, seconds: float) -> None:
        """After every step."""
        if self._live is None:
            return
        from rich.table import Table

        hunt, limit = progress.hunt, self._budget
        # With a budget, what counts against it is what all workers and all runs of the study have paid.
        paid = caller.budget.paid if limit is None else hunt.paid
        of = f" of {dollars(limit)}" if limit is not None else ""
        left = ""
        if limit is not None and paid > 0:
            left = f", at most {max(0.0, limit / paid - 1) * seconds:.0f} s left"
        table = Table(
            box=None,
            title=f"{progress.trials} topologies, paid {dollars(paid)}{of}, saved {dollars(caller.saved)}{left}",
            title_justify="left",
        )
        for column in ("frontier", "score", "$/item", "items"):
            table.add_column(column, no_wrap=True, overflow="ellipsis")
        for record in hunt.front()[:_ROWS]:
            figures = hunt.figures(record)
            table.add_row(
                _short(record.entrant.name), f"{100 * figures.quality:.1f}", dollars(figures.cost), str(record.items)
            )
        self._live.update(table)

    def __enter__(self) -> _View:
        if self._shown:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), transient=True, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
