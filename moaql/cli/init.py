"""`moaql init`: a first program, for the models that can be asked from here."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from moaql.cli.shared import common_options, print_json, print_table
from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.run.discover import Found

_SIMULATED = {
    "mini": '"sim/gpt-4o-mini" price_in=$0.15 price_out=$0.60',
    "qwen": '"sim/qwen-2.5-72b" price_in=$0.90 price_out=$0.90',
    "gpt4o": '"sim/gpt-4o" price_in=$2.50 price_out=$10',
}

_HEAD = """\
# Three drafts. Where two of them agree, that answer stands; elsewhere a stronger model, if there is one, decides.
# Next: moaql check, moaql plan, moaql run.
"""

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@click.command()
@click.option("-o", "--output", default="program.moaql", show_default=True, metavar="FILE", help="Where it is written.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--server", "servers", multiple=True, metavar="URL", help="Also look at this OpenAI-compatible server.")
@common_options
def command(output: str, force: bool, servers: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Find keys in the environment and servers on this machine, and write a first program for them.

    Keys are named, never read into a file. Where no model is found, the program uses simulated ones.

    \b
    Example: moaql init && moaql run program.moaql "What is 17 * 23?"
    """
    from moaql.run.discover import by_key, by_server

    if os.path.exists(output) and not force:
        raise UsageError(
            f"`{output}` is there already", "Give another file with `-o`, or write over it with `--force`."
        )
    for server in servers:
        if urlsplit(server).scheme not in ("http", "https") or not urlsplit(server).hostname:
            raise UsageError(f"`{server}` is no address", "Write `--server http://localhost:8000/v1`.")
    found = [*by_key(), *by_server(servers)]
    for server in servers:
        if server not in (each.base_url for each in found) and not quiet:
            click.echo(f"{server} does not say which models it has; it is left out", err=True)
    text = _program(found)
    with open(output, "w", encoding="utf-8") as file:
        file.write(text)
    if as_json:
        models = [{"id": each.id, "key": each.key or None, "base_url": each.base_url or None} for each in found]
        print_json({"models": models, "file": output, "simulated": not found})
        return
    if quiet:
        return
    if found:
        rows = [[each.id, each.key or each.base_url or "on this machine"] for each in found]
        print_table(["model", "found by"], rows, err=True)
    else:
        click.echo("No key is set, and no server listens here: the program uses simulated models.", err=True)
    click.echo(f'\n{output} is written. Try: moaql run {output} "What is 17 * 23?"', err=True)


def _program(found: list[Found]) -> str:
    from moaql.language.formatter import format_source
    from moaql.source import Source

    models = _named(found) if found else _SIMULATED
    names = list(models)
    cheap, strong = names[0], names[-1]
    real = (
        ""
        if found
        else '# These are simulated. A real one: model gpt = "openai/gpt-4.1" (its key stands in OPENAI_API_KEY).\n'
    )
    statements = "\n".join(f"model {name} = {value}" for name, value in models.items())
    ending = f"when agreement >= 2/3 {{ vote }} else {{ agg {strong} }}" if strong != cheap else "vote"
    main = f"topology main = {cheap} x3 temperature=0.7 -> {ending}\n"
    panel = ""
    if len(names) > 2:
        others = ", ".join(name for name in names if name != strong)
        panel = f"\n# Several models, and one that merges what they say.\ntopology panel = layer [{others}] -> agg {strong}\n"
    return format_source(Source(f"{_HEAD}{real}\n{statements}\n\n{main}{panel}", "<init>"))


def _named(found: list[Found]) -> dict[str, str]:
    models: dict[str, str] = {}
    for each in found:
        name = _name(each.id, models)
        where = f' base_url="{each.base_url}" api_key_env=none' if each.base_url else ""
        local = not each.key and urlsplit(each.base_url or "http://localhost").hostname in _THIS_MACHINE
        models[name] = f'"{each.id}"{where}' + (" price_in=$0 price_out=$0" if local else "")
    return models


def _name(id: str, taken: dict[str, str]) -> str:
    """A short name that the language takes: `gpt-4.1-mini` of `openai/gpt-4.1-mini`."""
    base = re.sub(r"[^A-Za-z0-9.\-]+", "-", id.rsplit("/", 1)[-1]).strip("-.") or "model"
    base = re.sub(r"[-.]{2,}", "-", base)
    if not base[0].isalpha():
        base = f"m{base}"
    from moaql.language.grammar import RESERVED

    name, number = base, 1
    while name in taken or name in RESERVED or re.fullmatch(r"x\d+", name):
        number += 1
        name = f"{base}-{number}"
    return name
