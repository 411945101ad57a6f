"""`moaql fmt`: programs as everybody would write them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from moaql.cli.shared import common_options, use_color
from moaql.diagnostics import Diagnostic, render_all

if TYPE_CHECKING:
    from moaql.source import Source

_BOM = b"\xef\xbb\xbf"


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...|-")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file is not formatted.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
@common_options
@click.pass_context
def command(
    context: click.Context, files: tuple[str, ...], only_check: bool, show_diff: bool, as_json: bool, quiet: bool
) -> None:
    """Format programs in place. `-` reads standard input and writes standard output.

    Only white space changes; comments stay. A file with syntax errors is left as it is (exit 1).

    \b
    Example: moaql fmt --check programs/*.moaql
    """
    changed: list[str] = []
    failed: list[Diagnostic] = []
    for path in files:
        source, data = _read(path)
        wrong = _mistakes(source)
        if wrong:
            failed += wrong
            continue
        assert not isinstance(source, Diagnostic)
        text = _formatted(source)
        if text != source.text:
            changed.append(path)
            if show_diff and not as_json:
                _print_diff(source, text)
        if path == "-" and not (only_check or show_diff or as_json):
            sys.stdout.write(text)
        elif text != source.text and not (only_check or show_diff):
            _write(path, text, with_bom=data.startswith(_BOM))
    _report(files, changed, failed, as_json, quiet, only_check or show_diff)
    unreadable = any(each.code == "E101" for each in failed)
    context.exit(2 if unreadable else 1 if failed or (changed and (only_check or show_diff)) else 0)


def _read(path: str) -> tuple[Source | Diagnostic, bytes]:
    from moaql.check.imports import decode, read

    if path == "-":
        data = sys.stdin.buffer.read()
        return decode(data, "<stdin>"), data
    source = read(path)
    if isinstance(source, Diagnostic):
        return source, b""
    with open(path, "rb") as file:
        return source, file.read(len(_BOM))


def _mistakes(source: Source | Diagnostic) -> list[Diagnostic]:
    """Why a text cannot be formatted: it cannot be read, or not be parsed."""
    from moaql.language.parser import parse

    if isinstance(source, Diagnostic):
        return [source]
    return [each for each in parse(source).diagnostics if each.code.startswith("E1")]


def _formatted(source: Source) -> str:
    from moaql.language.formatter import format_source

    return format_source(source)


def _write(path: str, text: str, *, with_bom: bool) -> None:
    """Replace the file in one step, so that no half of it is ever seen; its permissions and links stay."""
    import tempfile

    target = os.path.realpath(path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".moaql-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write((_BOM if with_bom else b"") + text.encode("utf-8"))
        os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _print_diff(source: Source, text: str) -> None:
    import difflib

    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    for line in difflib.unified_diff(before, after, source.name, source.name + " (formatted)"):
        click.echo(line.rstrip("\r\n"))


def _report(
    files: tuple[str, ...], changed: list[str], failed: list[Diagnostic], as_json: bool, quiet: bool, dry: bool
) -> None:
    if failed:
        click.echo(render_all(failed, color=use_color(sys.stderr)), err=True, color=True)
    if as_json:
        from moaql.cli.shared import print_json

        print_json({"changed": changed, "files": len(files), "diagnostics": [each.as_json() for each in failed]})
    elif not quiet and files != ("-",):
        word = "would be formatted" if dry else "formatted"
        for path in changed:
            click.echo(f"{path}: {word}", err=True)
        if not changed and not failed:
            click.echo(
                f"{len(files)} {'program is' if len(files) == 1 else 'programs are'} formatted already", err=True
            )
