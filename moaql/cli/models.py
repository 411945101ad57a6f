"""`moaql models`: which names mean which models, and from where."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.shared import common_options, fail, print_json, print_table
from moaql.diagnostics import in_order
from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.check.scope import Definition, Unit


@click.command()
@click.argument("file", type=click.Path(), required=False, metavar="[FILE]")
@common_options
def command(file: str | None, as_json: bool, quiet: bool) -> None:
    """Show which names mean which models here, their prices, and whether their keys are set.

    Without FILE, the names of your own model files (`moaql.toml`, ~/.config/moaql/models.moaql) are shown.

    \b
    Example: moaql models programs/moa.moaql
    """
    unit, definitions = _definitions(file)
    rows = [_row(name, definition) for name, definition in sorted(definitions.items())]
    units = {id(each): each for each in (unit, *(definition.unit for definition in definitions.values()))}.values()
    mistakes = in_order(mistake for unit in units for mistake in unit.diagnostics if mistake.severity == "error")
    if mistakes:
        fail(mistakes)
    if as_json:
        print_json({"models": rows})
        return
    if not rows:
        if not quiet:
            click.echo('No models are defined here. Write `model NAME = "provider/model-id"`.', err=True)
        return
    columns = ["name", "id", "$/M in", "$/M out", "context", "key", "from"]
    print_table(columns, [[_cell(row, column) for column in columns] for row in rows], right=(2, 3, 4))


def _definitions(file: str | None) -> tuple[Unit, dict[str, Definition]]:
    from moaql.check.imports import Files

    files = Files()
    if file is None:
        unit = files.add(_empty(), "<here>")
    else:
        if not os.path.isfile(file):
            raise UsageError(f"cannot read `{file}`", "Give the path of a program.")
        unit = files.load(file)
    seen = {**unit.user_models(), **unit.imported, **unit.own}
    return unit, {name: each for name, each in seen.items() if each.kind == "model"}


def _empty() -> Any:
    from moaql.source import Source

    return Source("", "<here>", os.path.join(os.getcwd(), "<here>"))


def _row(name: str, definition: Definition) -> dict[str, Any]:
    from moaql.check.prices import listed_price
    from moaql.check.values import Values
    from moaql.graph.plan import price_of
    from moaql.providers.endpoints import key_variable

    model = Values().models.defined(definition)
    price = price_of(model)
    listed = listed_price(model.id)
    variable = key_variable(model)
    line, _ = definition.unit.source.place(definition.span.start)
    path = definition.unit.source.path or definition.unit.source.name
    return {
        "name": name,
        "id": model.id,
        "settings": dict(model.settings),
        "alternatives": [each.id for each in model.alternatives],
        "price_in": price[0] if price else None,
        "price_out": price[1] if price else None,
        "price_from": "program" if model.price_in is not None else "list" if price else None,
        "context": model.context or (listed.context if listed else None),
        "key": variable,
        "key_set": bool(os.environ.get(variable)) if variable else None,
        "file": os.path.relpath(path),
        "line": line,
    }


def _cell(row: dict[str, Any], column: str) -> str:
    if column in ("$/M in", "$/M out"):
        price = row["price_in" if column == "$/M in" else "price_out"]
        return f"{price:g}" if price is not None else "unpriced"
    if column == "context":
        return f"{row['context']:,}" if row["context"] else ""
    if column == "key":
        return "" if row["key"] is None else f"{row['key']} {'(set)' if row['key_set'] else '(not set)'}"
    if column == "from":
        return f"{row['file']}:{row['line']}"
    if column == "id" and row["alternatives"]:
        return " or ".join([row["id"], *row["alternatives"]])
    return str(row[column])
