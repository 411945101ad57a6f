"""`moaql report`: what a search found, as one HTML file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from moaql.cli.shared import common_options, print_json
from moaql.errors import UsageError

if TYPE_CHECKING:
    from click import Context, Parameter
    from click.shell_completion import CompletionItem

STUDIES = os.path.join(".moaql", "studies")
RESULT = "result.json"


class StudyType(click.ParamType[str]):
    """The folder of a search, or its name in `.moaql/studies`."""

    name = "STUDY"

    def shell_complete(self, ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem]:
        """Studies here, and folders."""
        del ctx, param
        from click.shell_completion import CompletionItem

        names = [each for each in _studies() if each.startswith(incomplete)]
        return [*[CompletionItem(each) for each in names], CompletionItem(incomplete, type="dir")]


@click.command()
@click.argument("study", type=StudyType(), metavar="STUDY")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    default="report.html",
    show_default=True,
    help="Where to write the page.",
)
@common_options
def command(study: str, output: str, as_json: bool, quiet: bool) -> None:
    """Write what a search found as one HTML file, which needs no network and no server.

    STUDY is the folder that `moaql search` wrote, or the name of one in `.moaql/studies`.

    \b
    Example: moaql report quickstart -o report.html
    """
    from moaql.report.html.page import page
    from moaql.report.result import read_result

    path = _result_of(study)
    result = read_result(path)
    text = page(result)
    size = _write(text, output, path)
    if as_json:
        print_json(
            {"file": output, "study": path, "search": result["search"], "simulated": result["simulated"], "bytes": size}
        )
    elif not quiet:
        click.echo(f"wrote {output}, {size / 1000:,.0f} kB", err=True)


def _result_of(study: str) -> str:
    """The path of a study's result: STUDY is a folder, the file itself, or a name."""
    if os.path.isfile(study):
        return study
    folders = [study] if os.path.basename(study) != study else [study, os.path.join(STUDIES, study)]
    there = [folder for folder in folders if os.path.isdir(folder)]
    for folder in there:
        path = os.path.join(folder, RESULT)
        if os.path.isfile(path):
            return path
    if there:
        raise UsageError(
            f"`{there[-1]}` holds no `{RESULT}`",
            "Give the folder of a search that has ended; `moaql search` goes on where it was.",
        )
    raise UsageError(f"no study is called `{study}`, and there is no such folder", _next(study))


def _next(study: str) -> str:
    """What to write instead."""
    from moaql.diagnostics import suggest

    names = _studies()
    if not names:
        return f"There are none in `{STUDIES}`: run `moaql search` first, or give the path of a study's folder."
    close = suggest(study, names)
    return f"{close[:1].upper()}{close[1:]}" if close else f"In `{STUDIES}` there are {', '.join(names[:8])}."


def _studies() -> list[str]:
    """Names of the studies here that have a result."""
    if not os.path.isdir(STUDIES):
        return []
    return sorted(name for name in os.listdir(STUDIES) if os.path.isfile(os.path.join(STUDIES, name, RESULT)))


def _write(text: str, output: str, result: str) -> int:
    """Write the page, and say how many bytes it has."""
    if os.path.exists(output) and os.path.samefile(output, result):
        raise UsageError(f"`{output}` is the result itself, and would be lost", "Give `-o` another name.")
    data = text.encode()
    try:
        with open(output, "wb") as file:
            file.write(data)
    except OSError as error:
        raise UsageError(
            f"cannot write `{output}`: {(error.strerror or str(error)).lower()}", "Choose another place with `-o`."
        ) from None
    return len(data)
