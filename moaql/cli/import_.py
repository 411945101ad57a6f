"""`moaql import`: a program from what another system is configured with."""

from __future__ import annotations

import os
import sys

import click

from moaql.cli.shared import common_options, print_json
from moaql.errors import UsageError


@click.command()
@click.argument("source", type=click.Path(), metavar="SOURCE")
@click.option(
    "--from", "from_", metavar="FORMAT", help="archon, together, llm-consortium or litellm, where it is not seen."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to a file instead of standard output.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@common_options
def command(source: str, from_: str | None, output: str | None, force: bool, as_json: bool, quiet: bool) -> None:
    """Read a configuration of Archon, Together MoA, llm-consortium or LiteLLM, and write it as a program.

    SOURCE is a file, or - for standard input. What could not be carried over stands as comments at the top of the program.

    \b
    Example: moaql import archon/MoA.json -o moa.moaql
    """
    from moaql.importing import FORMATS

    text = _read(source)
    names = FORMATS.names()
    wanted = from_.replace("-", "_").lower() if from_ is not None else None
    if wanted is not None and wanted not in names:
        known = ", ".join(name.replace("_", "-") for name in names)
        raise UsageError(f"no format is called `{from_}`", f"There are {known}.")
    for name in names if wanted is None else [wanted]:
        format = FORMATS.find(name)
        assert format is not None
        if wanted is not None or format.matches(text):
            break
    else:
        raise UsageError(f"nobody knows what `{source}` is", "Say it with `--from`, such as `--from archon`.")
    if output is not None and os.path.exists(output) and not force:
        raise UsageError(f"`{output}` is there already", "Give another file, or write over it with `--force`.")
    imported = format.read(text, "standard input" if source == "-" else source)
    if not quiet:
        for loss in imported.losses:
            click.echo(f"note: {loss}", err=True)
    if output is not None:
        with open(output, "w", encoding="utf-8", newline="\n") as file:
            file.write(imported.text)
    if as_json:
        document = {"format": format.name, "files": [output] if output else [], "losses": list(imported.losses)}
        print_json(document if output else {**document, "program": imported.text})
    elif output is None:
        click.echo(imported.text, nl=False)


def _read(source: str) -> str:
    try:
        if source == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig")
        with open(source, encoding="utf-8-sig") as file:
            return file.read()
    except UnicodeDecodeError:
        raise UsageError(f"`{source}` is not UTF-8 text", "Give a JSON, YAML or shell file.") from None
