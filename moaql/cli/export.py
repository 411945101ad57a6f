"""`moaql export`: a topology for another runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from moaql.cli.outputs import refuse_changed, write_files
from moaql.cli.shared import TARGET, common_options, load_graph, print_json
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from click import Context, Parameter

    from moaql.exporting.base import Loss, Target


class TargetName(click.ParamType[str]):
    """A name of an export target, with `-` or `_`."""

    name = "TARGET"

    def get_metavar(self, param: Parameter, ctx: Context) -> str:
        """All names."""
        del param, ctx
        return f"[{'|'.join(target_names())}]"

    def convert(self, value: str, param: Parameter | None, ctx: Context | None) -> str:
        """The name of the target's file."""
        found = value.replace("-", "_").lower()
        if found.replace("_", "-") not in target_names():
            self.fail(f"no target is called '{value}'; there are {', '.join(target_names())}.", param, ctx)
        return found


def target_names() -> list[str]:
    """The targets, as the user types them."""
    from moaql.exporting import TARGETS

    return [name.replace("_", "-") for name in TARGETS.names()]


@click.command()
@click.argument("target", type=TARGET, metavar="FILE[::NAME]")
@click.option("--to", "to", type=TargetName(), required=True, help="What to write.")
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    required=True,
    help="Folder to write to; where one file is written, also its path, or - for standard output.",
)
@click.option(
    "--strict", is_flag=True, help="Write nothing, and exit with 1, where the target cannot express everything."
)
@click.option("--force", is_flag=True, help="Write over files that are there and say something else.")
@common_options
def command(target: str, to: str, output: str, strict: bool, force: bool, as_json: bool, quiet: bool) -> None:
    """Write a topology as a program, a configuration or a drawing for something else.

    What the target cannot express is told before anything is written. Keys are never written: what is written names the
    environment variables that hold them.

    \b
    Example: moaql export programs/moa.moaql --to python -o moa.py
    """
    from moaql.exporting import TARGETS

    program, graph = load_graph(target)
    chosen: Target | None = TARGETS.find(to)
    assert chosen is not None
    losses = chosen.losses(graph, program)
    files = chosen.files(graph, program)
    _tell(losses, chosen, quiet)
    paths: list[str] = []
    if not (strict and losses):
        paths = _write(files, output, as_json, force)
        if not quiet and output != "-":
            for path in paths:
                click.echo(f"wrote {path}", err=True)
    if as_json:
        print_json({"target": chosen.name, "files": paths, "losses": [each.as_json() for each in losses]})
    if strict and losses:
        if not quiet:
            click.echo("nothing was written, because of --strict", err=True)
        raise click.exceptions.Exit(1)


def _tell(losses: Sequence[Loss], target: Target, quiet: bool) -> None:
    if not losses or quiet:
        return
    click.echo(f"{target.name} cannot express all of it:", err=True)
    for each in losses:
        click.echo(f"  {f'`{each.node}`: ' if each.node else ''}{each.what}", err=True)


def _write(files: Mapping[str, str], output: str, as_json: bool, force: bool) -> list[str]:
    if output == "-":
        if len(files) > 1 or as_json:
            raise UsageError("standard output takes one file, and no `--json` beside it", "Give a folder: `-o out`.")
        click.echo(next(iter(files.values())), nl=False)
        return ["-"]
    is_folder = len(files) > 1 or os.path.isdir(output) or output.endswith(("/", os.sep))
    texts = {os.path.join(output, *name.split("/")) if is_folder else output: text for name, text in files.items()}
    refuse_changed(texts, force=force)
    write_files(texts)
    return list(texts)
