"""`moaql graph`: a drawing of a topology."""

from __future__ import annotations

import click

from moaql.cli.shared import TARGET, common_options, load_graph


@click.command()
@click.argument("target", type=TARGET, metavar="FILE[::NAME]")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "mermaid", "dot", "svg", "json"]),
    default="text",
    show_default=True,
    help="How to draw.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write to a file.")
@common_options
def command(target: str, format_name: str, output: str | None, as_json: bool, quiet: bool) -> None:
    """Draw a topology: as text, Mermaid, DOT, SVG, or node-link data in JSON.

    \b
    Example: moaql graph programs/moa.moaql --format svg -o moa.svg
    """
    del quiet  # it prints nothing but its result
    from moaql.graph.draw import FORMATS

    draw = FORMATS.find("json" if as_json else format_name)
    assert draw is not None
    _, graph = load_graph(target)
    drawing = draw(graph)
    if output is None:
        click.echo(drawing, nl=False)
        return
    with open(output, "w", encoding="utf-8") as file:
        file.write(drawing)
