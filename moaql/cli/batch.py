"""`moaql batch`: many questions through a topology, resumable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.progress import Progress
from moaql.cli.running import SIMULATED, Listening, dollars, options_of, run_async, run_options, spent
from moaql.cli.shared import TARGET, common_options, load_graph, print_json
from moaql.errors import MoaqlError, UsageError

if TYPE_CHECKING:
    from moaql.graph.nodes import Graph
    from moaql.run.answers_file import AnswersFile
    from moaql.run.batch import Done
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.run.question import Question
    from moaql.run.session import Options


@click.command()
@click.argument("target", type=TARGET, metavar="FILE[::NAME]")
@click.argument("questions", type=click.Path(), metavar="IN.jsonl")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="OUT.jsonl", help="Where the answers go.")
@click.option("--input", "field", help="Field that holds the question.  [default: input or question]")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many questions.")
@click.option("--at-once", type=click.IntRange(1), default=64, show_default=True, help="Questions under way at a time.")
@run_options
@common_options
def command(
    target: str,
    questions: str,
    output: str,
    field: str | None,
    limit: int | None,
    at_once: int,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Answer every question of a file. Run it again to go on where it was stopped: answers that are there are not asked for again.

    Questions that fail are named and left out of OUT.jsonl; the next run tries them again. Exit code 3 if some failed.

    \b
    Example: moaql batch programs/quickstart.moaql programs/evals/arithmetic.jsonl -o answers.jsonl
    """
    if output == "-":
        raise UsageError("the answers go to a file, so that a batch can go on", "Give one, such as `-o answers.jsonl`.")
    from moaql.graph.fingerprint import fingerprint
    from moaql.run.answers_file import AnswersFile, read_questions

    _, graph = load_graph(target)
    asked = read_questions(questions, field, limit)
    with (
        AnswersFile(output, fingerprint(graph), given["seed"]) as answers,
        Progress(not quiet and not as_json, "questions") as progress,
    ):
        left = answers.left(asked)
        progress.begin(len(asked), len(asked) - len(left))
        faults = _Faults()
        with Listening(given) as listeners:
            work = _answer(graph, left, options_of(given), listeners, at_once, answers, faults, progress)
            caller, ended = run_async(work)
        answers.sort([question.id for question in asked])
    failed = [{"id": each.question.id, "error": str(each.error).replace("\n", " ")} for each in faults.failures]
    if as_json:
        print_json(
            {
                "items": len(asked),
                "done": sum(question.id in answers.answered for question in asked),
                "failed": len(failed),
                "cost": answers.cost,
                "paid": None if caller.budget.unpriced else caller.budget.paid,
                "saved": caller.saved,
                "uncertain": caller.budget.uncertain,
                "file": output,
                "failures": failed,
                "lost": faults.lost,
                "simulated": answers.simulated,
                **({"error": ended.message, "help": ended.next_step} if ended else {}),
            }
        )
    else:
        done = sum(question.id in answers.answered for question in asked)
        _tell(f"{done} of {len(asked)}", failed, faults, answers, caller, quiet)
        if ended:
            click.echo(f"error: {ended.message}\n{ended.next_step}".rstrip(), err=True)
    if ended:
        raise click.exceptions.Exit(ended.exit_code)
    if failed:
        raise click.exceptions.Exit(3)


@dataclass
class _Faults:
    """What went wrong now.

    Attributes:
        failures: Questions without an answer.
        lost: How many answers were given without the call of this node.
        reasons: Why it was lost the last time.
    """

    failures: list[Done] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, done: Done) -> None:
        """Take note of a question that is done."""
        if done.answer is None:
            self.failures.append(done)
            return
        for loss in done.answer.losses:
            self.lost[loss.node] = self.lost.get(loss.node, 0) + 1
            self.reasons[loss.node] = loss.reason


def _tell(
    done: str, failed: list[dict[str, str]], faults: _Faults, answers: AnswersFile, caller: Caller, quiet: bool
) -> None:
    for each in failed[:10]:
        click.echo(f"failed: {each['id']}: {each['error']}", err=True)
    if len(failed) > 10:
        click.echo(f"… and {len(failed) - 10} more", err=True)
    for node, count in faults.lost.items():
        click.echo(f"lost: {node}: missing in {count} answers; the last time: {faults.reasons[node]}", err=True)
    if quiet:
        return
    click.echo(
        f"{done} questions answered in {answers.path}; they cost {dollars(answers.cost)}; {spent(caller)}", err=True
    )
    if answers.simulated:
        click.echo(SIMULATED, err=True)


async def _answer(
    graph: Graph,
    questions: list[Question],
    options: Options,
    listeners: tuple[Listener, ...],
    at_once: int,
    answers: AnswersFile,
    faults: _Faults,
    progress: Progress,
) -> tuple[Caller, MoaqlError | None]:
    """Answer them; what ended all of them, where something did."""
    from moaql.run.batch import answer_all
    from moaql.run.session import open_session

    ended: MoaqlError | None = None
    async with open_session(options) as caller:

        def keep(done: Done) -> None:
            faults.add(done)
            if done.answer is not None:
                answers.add(done.question.id, done.answer)
            progress.advance(spent(caller))

        try:
            await answer_all(
                graph, questions, caller, seed=options.seed, at_once=at_once, listeners=listeners, on_done=keep
            )
        except MoaqlError as error:
            ended = error
    return caller, ended
