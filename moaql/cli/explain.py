"""`moaql explain`: what a code means, or what a stage takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from moaql.check import tables
from moaql.cli.shared import common_options, print_json
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.catalog import Entry
    from moaql.stages.base import Parameter, Stage


STATEMENTS = {"model": tables.MODEL, "eval": tables.EVAL, "search": tables.SEARCH, "route": tables.ROUTE}


@click.command()
@click.argument("topic", metavar="CODE|STAGE", required=False)
@common_options
def command(topic: str | None, as_json: bool, quiet: bool) -> None:
    """Explain a code such as W501, a stage such as rank, or a statement such as model. Without a topic, list them all.

    \b
    Example: moaql explain W501
    """
    del quiet  # it prints nothing but its result
    from moaql.check.catalog import codes, entry
    from moaql.diagnostics import suggest
    from moaql.stages import STAGES

    if topic is None:
        _list(as_json)
        return
    code = topic.upper()
    if code in codes():
        found = entry(code)
        if as_json:
            print_json({"code": code, "title": found.title, "text": found.text, "bad": found.bad, "good": found.good})
        else:
            click.echo(_entry_text(code, found))
        return
    stage = STAGES.find(topic)
    if stage is None and topic in STATEMENTS:
        _statement(topic, as_json)
        return
    if stage is None:
        known = [*codes(), *STAGES.names(), *STATEMENTS]
        help = suggest(topic, known) or "`moaql explain` lists all codes and stages."
        raise UsageError(f"nothing is called `{topic}`", help)
    if as_json:
        rows = _parameters(stage.parameters)
        print_json({"stage": topic, "summary": stage.summary, "source": stage.source, "parameters": rows})
    else:
        click.echo(_stage_text(topic, stage))


def _list(as_json: bool) -> None:
    from moaql.check.catalog import codes, entry
    from moaql.stages import STAGES

    titles = {code: entry(code).title for code in codes()}
    stages = {name: found.summary for name in STAGES.names() if (found := STAGES.find(name)) is not None}
    if as_json:
        print_json({"codes": titles, "stages": stages})
        return
    for code, title in titles.items():
        click.echo(f"{code}  {title}")
    click.echo()
    for name, summary in stages.items():
        click.echo(f"{name:<12}{summary}")


def _entry_text(code: str, entry: Entry) -> str:
    parts = [f"{code}: {entry.title}", entry.text.strip()]
    parts += [f"{title}:\n\n{_indent(text)}" for title, text in (("Wrong", entry.bad), ("Right", entry.good)) if text]
    return "\n\n".join(parts)


def _indent(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").split("\n"))


def _stage_text(name: str, stage: Stage) -> str:
    lines = [f"{name}: {stage.summary}"]
    if stage.source:
        lines.append(f"Source: {stage.source}")
    lines.append("")
    lines += [f"  {each['name']:<14}{each['doc']}{_limits(each)}" for each in _parameters(stage.parameters)]
    names = ", ".join(f"{{{each}}}" for each in sorted(stage.placeholders))
    return "\n".join([*lines, "", f"Its prompt may use {names}."] if names else lines)


def _statement(name: str, as_json: bool) -> None:
    """The settings of a statement or of `route`, or what a condition may compare."""
    rows = _parameters(STATEMENTS[name])
    if as_json:
        print_json({"statement": name, "parameters": rows})
        return
    click.echo(f"{name} takes these settings:\n")
    for each in rows:
        click.echo(f"  {each['name']:<14}{each['doc']}{_limits(each)}")


def _parameters(parameters: Sequence[Parameter]) -> list[dict[str, object]]:
    return [
        {
            "name": each.name,
            "kind": each.kind,
            "doc": each.doc,
            "low": each.low,
            "high": each.high,
            "choices": list(each.choices),
            "positional": each.positional,
            "required": each.required,
            "default": each.default,
        }
        for each in parameters
    ]


def _limits(parameter: dict[str, object]) -> str:
    words = []
    if parameter["choices"]:
        words.append(" | ".join(str(each) for each in parameter["choices"]))  # type: ignore[attr-defined]
    if parameter["low"] is not None or parameter["high"] is not None:
        high = f" to {parameter['high']:g}" if parameter["high"] is not None else " or more"
        words.append(
            f"{parameter['low']:g}{high}" if parameter["low"] is not None else f"at most {parameter['high']:g}"
        )
    if parameter["default"] is not None:
        words.append(f"default {str(parameter['default']).lower()}")
    if parameter["required"]:
        words.append("required")
    return f" ({'; '.join(words)})" if words else ""
