"""What the commands share: addressing `FILE::NAME`, `--json`, showing diagnostics."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from moaql.diagnostics import render_all
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click import Context, Parameter
    from click.shell_completion import CompletionItem

    from moaql.check.program import Program, Topology
    from moaql.diagnostics import Diagnostic
    from moaql.graph.nodes import Graph


class TargetType(click.ParamType[str]):
    """`FILE` or `FILE::NAME`, completed by the shell from the programs here and the topologies in them."""

    name = "FILE[::NAME]"

    def shell_complete(self, ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
        """Names that begin with what was typed."""
        del ctx, param
        from click.shell_completion import CompletionItem

        path, separator, name = incomplete.partition("::")
        if separator:
            from moaql.check.checker import check_file

            names = check_file(path).topologies if os.path.isfile(path) else {}
            return [CompletionItem(f"{path}::{each}") for each in names if each.startswith(name)]
        return [CompletionItem(incomplete, type="file")]


TARGET = TargetType()


def common_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`, `--quiet` and `--verbose`, which every command takes; only the first two reach the command."""
    for option in (
        click.option(
            "-v", "--verbose", is_flag=True, expose_value=False, callback=_log, help="Say which files are read."
        ),
        click.option("-q", "--quiet", is_flag=True, help="Print results and mistakes only."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output."),
    ):
        function = option(function)
    return function


def _log(context: Context, parameter: Parameter, verbose: bool) -> None:
    """Show the log of the package on standard error."""
    del context, parameter
    if verbose:
        import logging

        logging.basicConfig(format="%(name)s: %(message)s", stream=sys.stderr)
        logging.getLogger("moaql").setLevel(logging.DEBUG)


def split_target(target: str) -> tuple[str, str | None]:
    """`FILE::NAME` in two."""
    path, separator, name = target.partition("::")
    if separator and not name:
        raise UsageError(f"`{target}` names nothing behind `::`", "Write FILE or FILE::NAME.")
    return path, name or None


def load_program(path: str) -> Program:
    """A checked program from a file, or from standard input for `-`.

    A file that cannot be read is wrong usage (exit 2); one with mistakes shows them and exits with 1.
    """
    program = read_program(path)
    if unreadable(program.diagnostics):
        raise UsageError(
            program.diagnostics[0].message, "Give the path of a program, such as programs/quickstart.moaql."
        )
    if program.blocking:
        fail(program.blocking)
    return program


def load_searched(path: str) -> Program:
    """As `load_program`, with what only a search needs: a price that is missing is an error too."""
    program = load_program(path)
    if program.failed:
        fail(program.diagnostics)
    return program


def read_program(path: str) -> Program:
    """A checked program, with its mistakes."""
    from moaql.check.checker import check_file, check_source

    if path != "-":
        return check_file(path)
    from moaql.check.imports import decode
    from moaql.check.program import Program
    from moaql.check.scope import Unit
    from moaql.diagnostics import Diagnostic
    from moaql.language.nodes import Module

    text = decode(sys.stdin.buffer.read(), "<stdin>")
    if isinstance(text, Diagnostic):
        unit = Unit(text.source, Module(text.source, ()), [text], has_errors=True)
        return Program(text.source, unit, {}, {}, {}, (text,))
    text.path = None
    return check_source(text)


def unreadable(diagnostics: Sequence[Diagnostic]) -> bool:
    """Whether the program's own file could not be read at all."""
    return any(each.code == "E101" for each in diagnostics)


def fail(diagnostics: Sequence[Diagnostic]) -> NoReturn:
    """Show diagnostics on standard error and exit with 1."""
    click.echo(render_all(diagnostics, color=use_color(sys.stderr)), err=True, color=True)
    if click.get_current_context().params.get("as_json"):
        print_json({"error": "the program has errors", "diagnostics": [each.as_json() for each in diagnostics]})
    raise click.exceptions.Exit(1)


def load_graph(target: str) -> tuple[Program, Graph]:
    """The program and the graph of `FILE[::NAME]`. Its mistakes are shown, with exit code 1."""
    from moaql.api.choose import choose_topology

    path, name = split_target(target)
    program = load_program(path)
    return program, graph_of(choose_topology(program, name))


def graph_of(topology: Topology) -> Graph:
    """The graph of a topology. What stands in its way is shown, with exit code 1."""
    from moaql.graph.build import build

    graph, diagnostics = build(topology)
    if graph is None:
        fail(diagnostics)
    return graph


def use_color(stream: Any) -> bool:
    """Colours on a terminal, unless NO_COLOR is set."""
    return not os.environ.get("NO_COLOR") and stream.isatty()


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    import json

    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    *,
    err: bool = False,
    cut: int | None = None,
) -> None:
    """A table on standard output, or on standard error: plain text when it is not a terminal.

    The cells of column `cut` are cut where the terminal is too narrow.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stream = sys.stderr if err else sys.stdout
    color = use_color(stream)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style=None if color else "none")
    for number, column in enumerate(columns):
        # Where there is a column to cut, the others stay whole.
        overflow: Any = "ellipsis" if number == cut else "fold"
        justify: Any = "right" if number in right else "left"
        table.add_column(column, justify=justify, overflow=overflow, no_wrap=cut is not None)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    width = None if stream.isatty() else max(200, *(sum(len(cell) + 3 for cell in row) for row in rows), 0)
    Console(no_color=not color, highlight=False, width=width, stderr=err).print(table)
