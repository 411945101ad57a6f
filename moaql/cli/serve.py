"""`moaql serve`: topologies behind the chat API of OpenAI."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.running import SIMULATED, Listening, options_of, run_async, run_options
from moaql.cli.shared import TARGET, common_options, load_program, print_json, split_target
from moaql.errors import UsageError

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from moaql.run.session import Options
    from moaql.serving.connections import Patience
    from moaql.serving.keys import Key
    from moaql.serving.programs import Programs
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
    from moaql.serving.connections import Patience
    from moaql.serving.keys import from_environment, read_keys
    from moaql.serving.opening import acceptor
    from moaql.serving.programs import Programs
    from moaql.serving.server import listen, need_packages, new_event_loop
    from moaql.serving.visit import Rules, loopback_names

    need_packages()
    split = [split_target(target) for target in targets]
    for path in dict.fromkeys(path for path, _ in split):
        _refuse_input(path)
        load_program(path)  # shows what is wrong in it
    known = read_keys(keys, from_environment())
    options = options_of(given)
    programs = Programs(split, acceptor(options, known, _say), _say)
    hosts = None if known else loopback_names(host)
    rules = Rules(at_once, max_body * 1024**2, timeout=timeout, hosts=hosts)
    listening = listen(host, port, has_keys=bool(known))
    try:
        with Listening(given) as listeners:
            wanted = _Wanted(known, rules, Patience(drain=drain), no_reload, as_json, quiet)
            run_async(_serve(programs, listening, replace(options, listeners=listeners), wanted), new_event_loop)
    finally:
        listening.close()
    return 0


def _refuse_input(path: str) -> None:
    if path == "-":
        raise UsageError("a server reads files, which it loads again when they change", "Give the path of a program.")


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
) -> None:
    import asyncio

    from moaql.serving.opening import open_door
    from moaql.serving.server import on_signals, serve_until, url_of

    url = url_of(listening)

    def ready() -> None:
        names = [each.id for each in programs.served]
        if wanted.as_json:
            print_json({"url": url, "models": names})
        else:
            click.echo(url)
        _say(
            f"serving {', '.join(names)} ({'with keys' if wanted.keys else 'to this machine, without a key'}); Ctrl-C ends"
        )
        if any(each.simulated for each in programs.served):
            _say(SIMULATED)

    stop, hurry = asyncio.Event(), asyncio.Event()
    on_signals(stop, hurry)
    log = None if wanted.quiet else _say
    async with open_door(programs, options, wanted.keys, wanted.rules, reload=not wanted.no_reload, log=log) as door:
        await serve_until(door, listening, stop, hurry, wanted.patience, ready)


def _say(line: str) -> None:
    click.echo(line, err=True)
