"""`moaql serve`: topologies behind the chat API of OpenAI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.running import SIMULATED, Listening, options_of, run_async, run_options
from moaql.cli.shared import TARGET, common_options, load_program, print_json, split_target
from moaql.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Sequence

    from moaql.graph.nodes import Graph
    from moaql.run.events import Listener
    from moaql.run.session import Options
    from moaql.serving.keys import Key
    from moaql.serving.programs import Programs
    from moaql.serving.server import Patience
    from moaql.serving.visit import Rules


@click.command()
@click.argument("targets", type=TARGET, metavar="FILE[::NAME]...", nargs=-1, required=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 takes any that is free."
)
@click.option("--keys", metavar="FILE", help="TOML file of the keys that are let in, with their limits.")
@click.option(
    "--at-once", type=click.IntRange(1), default=256, show_default=True, help="Requests that are answered at a time."
)
@click.option("--max-body", type=click.IntRange(1, 256), default=4, show_default=True, help="Megabytes of a request.")
@click.option(
    "--timeout", type=click.FloatRange(1), default=600.0, show_default=True, help="Seconds that an answer may take."
)
@click.option(
    "--drain", type=click.FloatRange(1), default=30.0, show_default=True, help="Seconds to finish in, at the end."
)
@click.option("--no-reload", is_flag=True, help="Do not load files again when they change.")
@run_options
@common_options
def command(
    targets: tuple[str, ...],
    host: str,
    port: int,
    keys: str | None,
    at_once: int,
    max_body: int,
    timeout: float,
    drain: float,
    no_reload: bool,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> int:
    """Serve topologies to any client of OpenAI's chat API: each is a model.

    The first line on standard output is the base URL, printed once the server listens; the log, a line for each request, goes to
    standard error. It ends on SIGTERM or Ctrl-C: requests under way are finished, and the exit code is 0. A second one cuts
    them off. A key may stand in MOAQL_SERVE_KEY, and is needed to listen elsewhere than on this machine. With `--json`, a document
    with `url` and `models` is printed instead of the URL; with `--quiet`, requests are not logged.

    \b
    Example: moaql serve programs/quickstart.moaql --port 8000 --budget 5
    """
    from moaql.serving.keys import from_environment, read_keys
    from moaql.serving.server import Patience, listen, need_packages
    from moaql.serving.visit import Rules

    need_packages()
    split = [split_target(target) for target in targets]
    for path in dict.fromkeys(path for path, _ in split):
        _refuse_input(path)
        load_program(path)  # shows what is wrong in it
    known = read_keys(keys, from_environment())
    options = options_of(given)
    programs = _programs(split, options, known)
    hosts = None if known else frozenset({"localhost", "127.0.0.1", "::1", host.lower()})
    rules = Rules(at_once, max_body * 1024**2, timeout=timeout, hosts=hosts)
    listening = listen(host, port, has_keys=bool(known))
    try:
        with Listening(given) as listeners:
            wanted = _Wanted(known, rules, Patience(drain=drain), no_reload, as_json, quiet)
            run_async(_serve(programs, listening, options, wanted, listeners))
    finally:
        listening.close()
    return 0


def _refuse_input(path: str) -> None:
    if path == "-":
        raise UsageError("a server reads files, which it loads again when they change", "Give the path of a program.")


def _programs(targets: Sequence[tuple[str, str | None]], options: Options, keys: Sequence[Key]) -> Programs:
    from moaql.serving.accounts import refuse_unpriced
    from moaql.serving.programs import Programs

    limited = options.budget is not None or any(key.dollars is not None for key in keys)

    def accept(graph: Graph) -> None:
        if limited and not options.offline:
            refuse_unpriced(graph)

    return Programs(targets, accept, _say)


@dataclass(frozen=True)
class _Wanted:
    """What the options say of the server itself."""

    keys: Sequence[Key]
    rules: Rules
    patience: Patience
    no_reload: bool
    as_json: bool
    quiet: bool


async def _serve(
    programs: Programs,
    listening: socket.socket,
    options: Options,
    wanted: _Wanted,
    listeners: tuple[Listener, ...],
) -> None:
    import asyncio

    from moaql.serving.accounts import open_accounts
    from moaql.serving.door import Door
    from moaql.serving.server import serve, url_of

    def ready() -> None:
        names = [each.id for each in programs.served]
        if wanted.as_json:
            print_json({"url": url_of(listening), "models": names})
        else:
            click.echo(url_of(listening))
        _say(
            f"serving {', '.join(names)} ({'with keys' if wanted.keys else 'to this machine, without a key'}); Ctrl-C ends"
        )
        if any(each.simulated for each in programs.served):
            _say(SIMULATED)

    stop, hurry = asyncio.Event(), asyncio.Event()
    _on_signals(stop, hurry)
    async with open_accounts(options, wanted.keys) as accounts:
        log = _nothing if wanted.quiet else _say
        door = Door(programs, accounts, wanted.rules, seed=options.seed, listeners=listeners, log=log)
        watching = None if wanted.no_reload else asyncio.create_task(programs.watch())
        try:
            await serve(door, listening, stop, hurry, wanted.patience, ready)
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)


def _on_signals(stop: asyncio.Event, hurry: asyncio.Event) -> None:
    import asyncio
    import signal

    def end() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, end)
        except NotImplementedError:  # Windows: Ctrl-C ends the process as usual
            break


def _say(line: str) -> None:
    click.echo(line, err=True)


def _nothing(line: str) -> None:
    del line
