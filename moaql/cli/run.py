"""`moaql run`: one question through a topology."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.running import SIMULATED, CallCount, Listening, dollars, options_of, run_async, run_options
from moaql.cli.shared import TARGET, common_options, load_graph, print_json, print_table
from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.graph.nodes import Graph
    from moaql.run.events import Listener
    from moaql.run.question import Question
    from moaql.run.result import Answer, Said
    from moaql.run.session import Options

_ANSWER_WIDTH = 60


@click.command()
@click.argument("target", type=TARGET, metavar="FILE[::NAME]")
@click.argument("question")
@click.option("--system", help="System message of the conversation.")
@click.option(
    "--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field of the question; may be repeated."
)
@click.option("--stream", is_flag=True, help="Print the answer as it arrives.")
@run_options
@common_options
def command(
    target: str,
    question: str,
    system: str | None,
    fields: tuple[str, ...],
    stream: bool,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Answer one question. QUESTION may be `-` for standard input.

    The answer goes to standard output; who said what, and the bill, to standard error. What was paid once is in the bank, and is
    never paid again.

    \b
    Example: moaql run programs/quickstart.moaql "What is 17 * 23?"
    """
    asked = _question(question, system, fields)
    _, graph = load_graph(target)
    if stream and as_json:
        raise UsageError("`--stream` and `--json` contradict each other", "Give one of them.")
    count = CallCount(not quiet and not stream, sum(1 for _ in graph.calls))
    with Listening(given, count) as listeners:
        try:
            answer: Answer = run_async(_answer(graph, asked, options_of(given), listeners, stream))
        finally:
            count.clear()
    if as_json:
        print_json(answer.as_json())
        return
    if stream:
        click.echo()
    else:
        click.echo(answer.text)
    _warn(answer)
    if not quiet:
        _explain(answer)


async def _answer(
    graph: Graph, question: Question, options: Options, listeners: tuple[Listener, ...], stream: bool
) -> Answer:
    from moaql.run.executor import run
    from moaql.run.session import open_session

    def say(text: str) -> None:
        click.echo(text, nl=False)
        sys.stdout.flush()

    async with open_session(options) as caller:
        return await run(
            graph, question, caller, seed=options.seed, listeners=listeners, on_text=say if stream else None
        )


def _question(text: str, system: str | None, fields: tuple[str, ...]) -> Question:
    from moaql.run.question import Question, as_question

    if text == "-":
        text = _standard_input()
    asked = as_question(text)
    named = [pair.partition("=") for pair in fields]
    for name, separator, _ in named:
        if not separator or not name:
            what = "no name" if separator else "no value"
            raise UsageError(f"`--field {name}{separator}…` has {what}", "Write `--field NAME=VALUE`.")
    return Question(asked.text, system or "", (), fields={name: value for name, _, value in named})


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is not UTF-8 text: {error.reason}", "Convert it to UTF-8.") from None


def _warn(answer: Answer) -> None:
    for loss in answer.losses:
        click.echo(f"lost: {loss.node}: {loss.reason}", err=True)
    for note in answer.notes:
        click.echo(f"note: {note}", err=True)


def _explain(answer: Answer) -> None:
    """Who said what, and the bill, on standard error."""
    click.echo(err=True)
    columns = ["candidate", "model", "sample", "answer", "tokens", "seconds", "$"]
    width = _answer_width(columns, [_row(each, 0) for each in answer.candidates])
    print_table(columns, [_row(each, width) for each in answer.candidates], right=(2, 4, 5, 6), err=True, cut=3)
    for gate, decision in answer.decisions.items():
        click.echo(f"{gate}: {decision}", err=True)
    judged = len(answer.said) - len(answer.candidates)
    calls = f"{len(answer.said)} call{'s' * (len(answer.said) != 1)}" + (f" ({judged} of judges)" if judged else "")
    banked = sum(each.banked for each in answer.said)
    paid = f"paid {dollars(answer.paid)} now" + (f" ({banked} from the bank)" if banked else "")
    click.echo(f"\n{calls}, {dollars(answer.cost)}, {answer.latency_s:.1f} s; {paid}", err=True)
    if answer.simulated:
        click.echo(SIMULATED, err=True)


def _answer_width(columns: list[str], rows: list[list[str]]) -> int:
    """Characters of an answer that fit beside the other columns."""
    if not sys.stderr.isatty():
        return _ANSWER_WIDTH
    others = sum(max(map(len, cells)) for cells in zip(columns, *rows, strict=True)) - len("answer")
    return max(10, min(_ANSWER_WIDTH, shutil.get_terminal_size().columns - others - 3 * len(columns)))


def _row(said: Said, width: int) -> list[str]:
    text = " ".join(said.text.split())
    shown = (
        text if len(text) <= width else f"…{text[len(text) + 1 - width :]}" if width else ""
    )  # answers stand at the end
    tokens = f"{said.prompt_tokens:,} + {said.completion_tokens:,}"
    return [said.node, said.model, str(said.sample), shown, tokens, f"{said.latency_s:.1f}", dollars(said.cost)]
