"""`moaql sim`: the simulated models behind a port, and questions that they can solve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.simulation.serve import Serving


@click.group()
def command() -> None:
    """Simulated models: serve them over HTTP, or write questions for them.

    They stand in for real models where there is no key and no network. What they say is no evidence about real models.

    \b
    Example: moaql sim serve --port 8010
    """


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 takes any that is free."
)
@click.option("--world", type=click.Path(dir_okay=False), help="Another world, as JSON.")
@click.option(
    "--speed",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Answers take their assumed latency divided by this; 0 answers at once.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND=SHARE",
    help="A fault and the share of requests that meet it, such as 429=0.1: 429, 429-bare, 500, 502-html, reset, stall, empty, "
    "malformed, no-usage, no-choices, null-content, slow.",
)
@click.option("--rate-limit", metavar="N/s", help="Requests a second that are let through; the others meet a 429.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws other answers and faults.")
@click.option("--key", type=click.Path(dir_okay=False), help="JSON lines with `question` (or `input`) and `target`.")
def serve(
    host: str,
    port: int,
    world: str | None,
    speed: float,
    faults: tuple[str, ...],
    rate_limit: str | None,
    seed: int,
    key: str | None,
) -> int:
    """Serve the simulated models to any OpenAI-compatible client.

    The first line on standard output is the base URL, printed once the server listens. It ends on SIGTERM or Ctrl-C with exit
    code 0.

    \b
    Example: moaql sim serve --port 8010 --fault 429=0.1 --speed 0
    """
    import asyncio
    import gc

    from moaql.simulation.faults import read_faults
    from moaql.simulation.serve import Serving
    from moaql.simulation.world_file import load_world

    serving = Serving(load_world(world), speed, read_faults(faults), _rate(rate_limit), seed, _key(key) if key else {})
    gc.enable()  # commands run without it, and this one runs long
    try:
        asyncio.run(_serve(serving, host, port))
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            "Choose another port, or 0 for any that is free.",
        ) from None
    return 0


async def _serve(serving: Serving, host: str, port: int) -> None:
    import asyncio
    import signal

    from moaql.simulation.serve import serve as serve_models

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: Ctrl-C ends the process as usual
            break

    def ready(url: str) -> None:
        click.echo(url)
        click.echo(f"{len(serving.world.models)} simulated models; Ctrl-C stops", err=True)

    await serve_models(serving, host, port, ready, stop)


def _rate(given: str | None) -> float:
    if given is None:
        return 0.0
    try:
        rate = float(given.removesuffix("/s"))
    except ValueError:
        rate = -1.0
    if not 0 < rate < 1e9:
        raise UsageError(f"`{given}` is no rate", "Write requests a second, such as 20/s.")
    return rate


def _key(path: str) -> dict[str, dict[str, Any]]:
    """The fields of each row by its question."""
    from moaql.datasets import read_rows

    found: dict[str, dict[str, Any]] = {}
    for row in read_rows(path):
        if "target" not in row.fields:
            raise UsageError(f"{row.file}:{row.line}: no field `target`", "Each row holds a question and its target.")
        found[row.text(None, ("question", "input")).strip()] = row.fields
    return found


@command.command()
@click.argument("count", type=click.IntRange(1, 1_000_000))
@click.option(
    "--category", "categories", multiple=True, help="arithmetic, math, knowledge, logic, code; all where none is given."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other questions.")
def questions(count: int, categories: tuple[str, ...], seed: int) -> None:
    """Write COUNT questions that the simulated models can solve, as JSON lines with `id question target category`.

    \b
    Example: moaql sim questions 200 --category arithmetic --seed 7 > questions.jsonl
    """
    import json

    from moaql.simulation.questions import write_questions

    for row in write_questions(count, categories, seed):
        click.echo(json.dumps(row, ensure_ascii=False))
