"""`moaql diagnose`: why a topology is as good as it is, from banked and recorded answers where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from moaql.cli.progress import Progress
from moaql.cli.running import SIMULATED, Listening, options_of, run_async, run_options, spent
from moaql.cli.shared import TARGET, common_options, graph_of, load_program, print_json, print_table, split_target
from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.check.program import Topology
    from moaql.evaluation.diagnosis.diagnose import Asked, Diagnosis
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.run.session import Options


@click.command()
@click.argument("target", type=TARGET, metavar="FILE[::NAME]")
@click.option(
    "--data", metavar="EVAL", help="Eval set: its name in the program, or a file.  [default: the program's only one]"
)
@click.option("--metric", help="Metric, instead of the eval set's own.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many items.")
@click.option(
    "--all-members", "everyone", is_flag=True, help="Ask each member each item, where gates would ask only some."
)
@click.option("--attack", is_flag=True, help="Make one member deceptive, and try the defences. Costs calls.")
@click.option("--attacker", metavar="MEMBER", help="Who is made deceptive.  [default: the most accurate member]")
@click.option("--swap", is_flag=True, help="Try each model of the topology as its aggregator. Costs calls.")
@click.option("--plots", metavar="DIR", type=click.Path(file_okay=False), help="Write plots there, as PNG and SVG.")
@click.option("--at-once", type=click.IntRange(1), default=64, show_default=True, help="Questions under way at a time.")
@run_options
@common_options
def command(
    target: str,
    data: str | None,
    metric: str | None,
    limit: int | None,
    everyone: bool,
    attack: bool,
    attacker: str | None,
    swap: bool,
    plots: str | None,
    at_once: int,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Find out why a topology is as good as it is: its members, how they err together, its aggregator, its weak points.

    Answers that the bank or a recording holds cost nothing. `--budget` limits what the rest may cost, and `--offline` refuses it.

    \b
    Example: moaql diagnose programs/moa_lite.moaql --data programs/evals/arithmetic.jsonl --metric number
    """
    from moaql.api.choose import choose_topology
    from moaql.evaluation.diagnosis.diagnose import Asked
    from moaql.evaluation.task import open_task

    if plots is not None:
        from moaql.report.figure import require_matplotlib

        require_matplotlib()
    if attacker is not None and not attack:
        raise UsageError("`--attacker` names a member for an attack", "Add `--attack`.")
    path, name = split_target(target)
    program = load_program(path)
    topology = choose_topology(program, name)
    graph = graph_of(topology)
    task = open_task(program, data, metric=metric, limit=limit, seed=given["seed"])
    asked = Asked(everyone=everyone, attack=attack, attacker=attacker, swap=swap)
    with Progress(not quiet and not as_json, "questions") as progress, Listening(given) as listeners:
        found, caller = run_async(
            _diagnose(topology, graph, task, asked, options_of(given), listeners, at_once, progress)
        )
    files = _draw(found, plots) if plots is not None else []
    if as_json:
        _print_json(found, task, caller, files)
    else:
        _print(found, task, caller, files, quiet)
    if found.ended is not None:
        raise click.exceptions.Exit(found.ended.exit_code)


async def _diagnose(
    topology: Topology,
    graph: Graph,
    task: Task,
    asked: Asked,
    options: Options,
    listeners: tuple[Listener, ...],
    at_once: int,
    progress: Progress,
) -> tuple[Diagnosis, Caller]:
    from moaql.evaluation.diagnosis.conduct import Conduct
    from moaql.evaluation.diagnosis.diagnose import diagnose
    from moaql.run.session import open_session

    async with open_session(options) as caller:
        conduct = Conduct(
            caller,
            seed=options.seed,
            at_once=at_once,
            listeners=listeners,
            on_begin=lambda total: progress.begin(total, 0),
            on_item=lambda: progress.advance(spent(caller)),
        )
        return await diagnose(topology, graph, task, asked, conduct), caller


def _draw(found: Diagnosis, folder: str) -> list[str]:
    from moaql.report.diagnosis import draw

    return draw(found, folder)


def _print_json(found: Diagnosis, task: Task, caller: Caller, files: list[str]) -> None:
    from moaql.evaluation.diagnosis.document import document

    print_json(
        {
            **document(found),
            "eval": task.name,
            "metric": task.metric_name,
            "paid": None if caller.budget.unpriced else caller.budget.paid,
            "saved": caller.saved,
            "uncertain": caller.budget.uncertain,
            "files": files,
            **({"error": found.ended.message, "help": found.ended.next_step} if found.ended is not None else {}),
        }
    )


def _print(found: Diagnosis, task: Task, caller: Caller, files: list[str], quiet: bool) -> None:
    from moaql.report.diagnosis_tables import tables_of

    click.echo(_headline(found, task))
    for table in tables_of(found):
        click.echo(f"\n{table.title}\n")
        print_table(table.columns, table.rows, table.right)
        for line in table.below:
            click.echo(f"\n{line}" if line is table.below[0] else line)
    for note in (*found.notes, *([task.note] if task.note else [])):
        click.echo(f"note: {note}", err=True)
    for each in files:
        click.echo(f"wrote {each}", err=True)
    if found.ended is not None:
        click.echo(f"error: {found.ended.message}\n{found.ended.next_step}".rstrip(), err=True)
    if quiet:
        return
    click.echo(spent(caller), err=True)
    if found.simulated:
        click.echo(SIMULATED, err=True)


def _headline(found: Diagnosis, task: Task) -> str:
    from moaql.report.words import dollars, ends, value

    score = found.score
    items = f"{found.items} items" if found.items != 1 else "1 item"
    line = f"{found.topology} on {task.name}: {items}, metric {task.metric_name}\n\n"
    line += f"score {value(score.score)} ({ends(score.score)}), {dollars(score.cost)} an item"
    return line + (f", {score.failed} failed" if score.failed else "")
