"""`moaql check`: every mistake in programs, in one run."""

from __future__ import annotations

import sys

import click

from moaql.cli.shared import common_options, read_program, unreadable, use_color
from moaql.diagnostics import render_all


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@common_options
@click.pass_context
def command(context: click.Context, files: tuple[str, ...], strict: bool, as_json: bool, quiet: bool) -> None:
    """Find mistakes in programs. `-` reads standard input.

    Exits with 1 if there are errors, with 2 if a file cannot be read. A comment `# moaql: ignore[W501]` silences a warning.

    \b
    Example: moaql check programs/*.moaql
    """
    diagnostics = [each for path in files for each in read_program(path).diagnostics]
    errors = sum(each.severity == "error" for each in diagnostics)
    warnings = len(diagnostics) - errors
    if as_json:
        from moaql.cli.shared import print_json

        shown = [each.as_json() for each in diagnostics]
        print_json({"files": len(files), "errors": errors, "warnings": warnings, "diagnostics": shown})
    elif diagnostics:
        click.echo(render_all(diagnostics, color=use_color(sys.stdout)), color=True)
    if not quiet and not as_json:
        click.echo(_summary(len(files), errors, warnings), err=True)
    context.exit(2 if unreadable(diagnostics) else 1 if errors or (strict and warnings) else 0)


def _summary(files: int, errors: int, warnings: int) -> str:
    checked = f"{files} {'program' if files == 1 else 'programs'} checked"
    if not errors and not warnings:
        return f"{checked}: no mistakes found"
    parts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return f"{checked}: {', '.join(parts)}"
