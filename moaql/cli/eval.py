"""`moaql eval`: topologies side by side on an eval set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.progress import Progress
from moaql.cli.running import SIMULATED, Listening, dollars, options_of, run_async, run_options, spent
from moaql.cli.shared import TARGET, common_options, fail, load_program, print_json, print_table, split_target
from moaql.errors import ProgramError, UsageError

if TYPE_CHECKING:
    from moaql.check.program import Program, Topology
    from moaql.evaluation.summary import Evaluation, Row
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.run.session import Options

_LOST, _REASONS = 5, 3
"""Lost nodes, and reasons of failures, that are named."""


@click.command()
@click.argument("targets", nargs=-1, required=True, type=TARGET, metavar="FILE[::NAME]…")
@click.option("--data", help="Eval set: its name in the program, or a file.  [default: the program's only one]")
@click.option("--metric", help='How answers are scored, or "python:path.py:function".  [default: as the eval set says]')
@click.option("--limit", type=click.IntRange(1), help="Only the first so many items.")
@click.option("--split", metavar="PART", help='Part of the set, such as "40%", "train" or "test".')
@click.option("--members", is_flag=True, help="Also score each model that proposes or aggregates, asked alone.")
@click.option("--min-score", type=click.FloatRange(0, 1), help="Exit with 1 if a topology scores less.")
@click.option("--no-worse-than", metavar="NAME", help="Exit with 1 if a topology is significantly worse than this one.")
@click.option(
    "--margin",
    type=click.FloatRange(0, 1, min_open=True),
    help="With --no-worse-than: exit with 1 unless it is certain that no more than this is lost.",
)
@click.option(
    "--items", "items_file", type=click.Path(), metavar="FILE", help="Write each answer and its score as JSON lines."
)
@click.option("--at-once", type=click.IntRange(1), default=64, show_default=True, help="Questions under way at a time.")
@run_options
@common_options
def command(
    targets: tuple[str, ...],
    data: str | None,
    metric: str | None,
    limit: int | None,
    split: str | None,
    members: bool,
    min_score: float | None,
    no_worse_than: str | None,
    margin: float | None,
    items_file: str | None,
    at_once: int,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Score topologies on the same items, and compare each with the first.

    NAME may be a topology or a model, which is asked alone; without it, all topologies of the file are scored. Answers come from
    the bank where they are in it, and all topologies share one budget. Items without an answer count as 0.

    \b
    Example: moaql eval programs/votes.moaql --members
    """
    if margin is not None and no_worse_than is None:
        raise UsageError("`--margin` belongs to `--no-worse-than`", "Say what the others are compared with.")
    program, topologies, no_worse_than, spared = _topologies(targets, members, no_worse_than)
    from moaql.evaluation.task import open_task

    graphs = {name: _graph(topology) for name, topology in topologies.items()}
    task = open_task(program, data, metric=metric, limit=limit, split=split, seed=given["seed"])
    with Progress(not quiet and not as_json, "answers") as progress, Listening(given) as listeners:
        work = _evaluate(graphs, task, options_of(given), listeners, at_once, no_worse_than, progress)
        found, caller = run_async(work)
    if items_file is not None:
        _write_items(items_file, found)
    missed = _missed(found, min_score, no_worse_than, margin, spared)
    if as_json:
        print_json({**found.as_json(), "missed": missed})
    else:
        _print(found)
        for each in missed:
            click.echo(f"missed: {each}", err=True)
        if not quiet:
            _explain(found, caller)
    if found.ended:
        raise click.exceptions.Exit(4)
    if not all(row.measured for row in found.rows):
        raise click.exceptions.Exit(3)
    if missed:
        raise click.exceptions.Exit(1)


def _topologies(
    targets: tuple[str, ...], members: bool, no_worse_than: str | None
) -> tuple[Program, dict[str, Topology], str | None, set[str]]:
    """What is to be scored.

    Returns:
        The program that names the eval set, the topologies by name, the name of the one that the others are compared with, and the
        names of those that the user did not ask to score.
    """
    from moaql.api.contestants import members_of, named, topologies_of

    programs: dict[str, Program] = {}
    groups = []
    for target in targets:
        path, name = split_target(target)
        program = programs.get(path) or programs.setdefault(path, load_program(path))
        groups.append((path, topologies_of(program, name)))
    if members:
        try:
            groups += [(path, members_of(own.values(), programs[path])) for path, own in list(groups)]
        except ProgramError as error:
            fail(error.diagnostics)
    first = next(iter(programs))
    with_eval = next((each for each in programs.values() if each.unit.names("eval")), programs[first])
    found = named(groups)
    if no_worse_than is None or no_worse_than in found:
        return with_eval, found, no_worse_than, set()
    same = [name for name in found if name.endswith(f"::{no_worse_than}")]
    if len(same) > 1:
        raise UsageError(f"`{no_worse_than}` could be {' or '.join(f'`{each}`' for each in same)}", "Name one of them.")
    if same:
        return with_eval, found, same[0], set()
    found.update(topologies_of(programs[first], no_worse_than))
    return with_eval, found, no_worse_than, {no_worse_than}


def _graph(topology: Topology) -> Graph:
    from moaql.api.contestants import graph_of

    try:
        return graph_of(topology)
    except ProgramError as error:
        fail(error.diagnostics)


async def _evaluate(
    graphs: dict[str, Graph],
    task: Task,
    options: Options,
    listeners: tuple[Listener, ...],
    at_once: int,
    against: str | None,
    progress: Progress,
) -> tuple[Evaluation, Caller]:
    from moaql.evaluation.evaluate import evaluate_graphs, passes_of
    from moaql.run.session import open_session

    progress.begin(passes_of(graphs) * len(task.items), 0)
    async with open_session(options) as caller:
        found = await evaluate_graphs(
            graphs,
            task,
            caller,
            against=against,
            seed=options.seed,
            at_once=at_once,
            listeners=listeners,
            on_outcome=lambda _name, _position, _outcome: progress.advance(spent(caller)),
        )
    return found, caller


def _missed(
    found: Evaluation, min_score: float | None, no_worse_than: str | None, margin: float | None, spared: set[str]
) -> list[str]:
    """Which thresholds are missed, in words. What is there only to be compared with need not reach the least score."""
    least = 0.0 if min_score is None else min_score
    missed = [
        f"{row.name} scores {_points(row.score)}, and {_points(least)} is the least"
        for row in found.rows
        if row.name not in spared and row.score < least
    ]
    for pair in found.pairs if no_worse_than is not None else ():
        low, high = pair.comparison.low, pair.comparison.high
        if margin is not None and low <= -margin:
            missed.append(
                f"{pair.a} may be worse than {pair.b} by more than {100 * margin:g} points: the difference is "
                f"{_signed(pair.comparison.difference)}, [{_signed(low)}, {_signed(high)}]"
            )
        elif margin is None and high < 0 and pair.comparison.resolved:
            missed.append(
                f"{pair.a} is worse than {pair.b}: the difference is {_signed(pair.comparison.difference)}, "
                f"[{_signed(low)}, {_signed(high)}]"
            )
    return missed


def _print(found: Evaluation) -> None:
    """The table on standard output."""
    against = {pair.a: pair for pair in found.pairs}
    base = found.pairs[0].b if found.pairs else ""
    columns = ["topology", "score", "95 % interval", "$/item", "calls", "p50 s", "p95 s", "failed"]
    if base:
        columns += [f"against {base}", "95 % interval", "p"]
    rows = []
    for row in found.rows:
        cells = _cells(row)
        if base:
            pair = against.get(row.name)
            cells += (
                ["", "", ""]
                if pair is None
                else [
                    _signed(pair.comparison.difference),
                    f"{_signed(pair.comparison.low)} … {_signed(pair.comparison.high)}",
                    _p(pair.comparison.adjusted if pair.comparison.adjusted is not None else pair.comparison.p),
                ]
            )
        rows.append(cells)
    print_table(columns, rows, right=tuple(range(1, len(columns))))


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        _points(row.score),
        f"{_points(row.interval.low)} … {_points(row.interval.high)}" if row.measured else "",
        dollars(row.cost_per_item) if row.calls_per_item else "–",
        f"{row.calls_per_item:.3g}",
        _seconds(row.latency_p50),
        _seconds(row.latency_p95),
        str(row.failed),
    ]


def _explain(found: Evaluation, caller: Caller) -> None:
    """What the table is of, what went wrong, and the bill, on standard error."""
    asked = f"{found.items:,} of {found.total:,}" if found.items < found.total else f"{found.items:,}"
    click.echo(
        f"\n{asked} items of {found.task}, scored by {found.metric}, in points of 100; {spent(caller)}", err=True
    )
    if len(found.pairs) > 1:
        click.echo(f"p is adjusted for {len(found.pairs)} comparisons (Holm).", err=True)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    for row in found.rows:
        if row.unmeasured:
            click.echo(f"not measured: {row.name}: {row.unmeasured}", err=True)
            continue
        for reason, count in row.reasons[:_REASONS]:
            click.echo(f"failed: {row.name}, {_items(count)}: {reason}", err=True)
        if len(row.reasons) > _REASONS:
            more = sum(count for _, count in row.reasons[_REASONS:])
            click.echo(
                f"failed: {row.name}, {_items(more)} for {len(row.reasons) - _REASONS} further reasons", err=True
            )
        for node, count in list(row.lost.items())[:_LOST]:
            click.echo(f"lost: {row.name}: {node} is missing in {count} answers", err=True)
        for node, fitted in row.fitted.items():
            weights = ", ".join(f"{name}: {weight:g}" for name, weight in fitted.weights.items() if weight)
            click.echo(f"fitted: {row.name}, {node} by {fitted.method}: weights={{{weights}}}", err=True)
    if found.simulated:
        click.echo(SIMULATED, err=True)


def _write_items(path: str, found: Evaluation) -> None:
    import json

    try:
        with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
            for name, outcomes in found.outcomes.items():
                for each in outcomes:
                    row = {
                        "topology": name,
                        "id": each.item,
                        "status": each.status,
                        "score": each.score,
                        "answer": each.answer,
                        "feedback": each.feedback,
                        "cost": each.cost,
                        "latency_s": each.latency_s,
                        "calls": each.calls,
                    }
                    file.write(json.dumps(row) + "\n")
    except OSError as error:
        raise UsageError(
            f"cannot write `{path}`: {(error.strerror or str(error)).lower()}", "Check the path."
        ) from None


def _items(count: int) -> str:
    return f"{count:,} item{'s' * (count != 1)}"


def _points(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
