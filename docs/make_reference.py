"""Writes `docs/reference.md` from the declarations of the package.

    python docs/make_reference.py

A test checks that the page is up to date.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from moaql.check import tables
from moaql.check.catalog import codes, entry
from moaql.language.grammar import RESERVED
from moaql.language.template import FORMATS
from moaql.stages import STAGES
from moaql.stages.base import READS, SAMPLING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moaql.stages.base import Parameter

PAGE = Path(__file__).with_name("reference.md")
_KINDS = {
    "model": "a model",
    "models": "a list of models and topologies",
    "fallback": "a model or a topology",
    "prompt": "a prompt",
    "prompts": "a prompt, or a list",
    "integer": "a whole number",
    "number": "a number",
    "share": "a number or a percentage",
    "money": "an amount of money",
    "boolean": "`true`, `false`",
    "string": "a string",
    "strings": "a string, or a list",
    "duration": "a duration",
    "weights": "a map of models to numbers, or `?`",
    "file": "a path",
}
_COMMON = {each.name for each in (*SAMPLING, *READS)}


def table(parameters: Iterable[Parameter]) -> list[str]:
    """The parameters as rows."""
    lines = ["| parameter | takes | |", "|---|---|---|"]
    for each in parameters:
        takes = ", ".join(f"`{word}`" for word in each.choices) if each.choices else _KINDS[each.kind]
        if each.low is not None or each.high is not None:
            low = f"{each.low:g}" if each.low is not None else ""
            takes += f", {low} to {each.high:g}" if each.high is not None else f", {low} or more"
        default = "" if each.default is None else f" Default: `{str(each.default).lower()}`."
        required = " **Required.**" if each.required else ""
        lines.append(f"| `{each.name}` | {takes} | {each.doc}{default}{required} |")
    return [*lines, ""]


def stage_section(name: str) -> list[str]:
    """What one stage takes and gives."""
    stage = STAGES.find(name)
    assert stage is not None
    lines = [f"### {name}", "", stage.summary + (f" ({stage.source})" if stage.source else ""), ""]
    own = [each for each in stage.parameters if each.name not in _COMMON]
    if own:
        lines += table(own)
    if len(own) < len(stage.parameters):
        shared = [f"`{each.name}`" for each in stage.parameters if each.name in _COMMON]
        lines += [f"Also: {', '.join(shared)}.", ""]
    if stage.placeholders:
        names = ", ".join(
            f"`{{{each}}}`" if each != "field" else "`{field.NAME}`" for each in sorted(stage.placeholders)
        )
        lines += [f"Its prompt may name {names}.", ""]
    return lines


def page() -> str:
    """The whole page."""
    lines = ["# Reference", "", "Made from the package by `python docs/make_reference.py`.", "", "## Stages", ""]
    for name in STAGES.built_in:
        lines += stage_section(name)
    for title, parameters in (
        ("Settings of every stage that asks a model", (*SAMPLING, *READS)),
        ("`model NAME = …`", [each for each in tables.MODEL if each.name not in _COMMON]),
        ("`route`", [each for each in tables.ROUTE if each.name not in _COMMON]),
        ("`eval NAME = …`", tables.EVAL),
        ("`search NAME { … }`", tables.SEARCH),
    ):
        lines += [f"## {title}", "", *table(parameters)]
    lines += ["## Signals of conditions", "", "| signal | | compares with | settings |", "|---|---|---|---|"]
    for name, signal in tables.SIGNALS.items():
        settings = ", ".join(f"`{each.name}`" for each in signal.parameters)
        lines.append(f"| `{name}` | {signal.doc} | {', '.join(signal.kinds)} | {settings} |")
    lines += ["", "## Prompts", "", f"Roles: {', '.join(f'`{role}`' for role in tables.ROLES)}."]
    lines += [f"Formats of `{{candidates}}`: {', '.join(f'`{name}`' for name in FORMATS)}.", ""]
    lines += ["## Reserved words", "", " ".join(f"`{word}`" for word in sorted(RESERVED)), ""]
    lines += [
        "## Codes",
        "",
        "`moaql explain CODE` shows a wrong and a right program.",
        "",
        "| code | | |",
        "|---|---|---|",
    ]
    for code in codes():
        found = entry(code)
        text = " ".join(found.text.split("\n\n")[-1].split())
        lines.append(f"| {code} | {found.title} | {text.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
