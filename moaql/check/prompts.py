"""Prompt blocks: their roles and templates, and whether a stage provides what they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.scope import ARTICLES, Unit
from moaql.check.tables import ROLES
from moaql.diagnostics import suggest
from moaql.language import nodes as n
from moaql.language.template import FORMATS, parse_template
from moaql.source import Span
from moaql.stages.base import Prompt

if TYPE_CHECKING:
    from moaql.language.template import Placeholder

PLACEHOLDERS = frozenset({"question", "candidates", "n", "history", "critiques", "scores", "labels", "tests", "field"})


class NamedPrompt(Prompt, apart=("statement", "unit")):
    """A prompt that knows the block that it was written in, so that a mistake can be shown there."""

    statement: n.PromptStatement
    unit: Unit


def build_prompt(statement: n.PromptStatement, unit: Unit) -> NamedPrompt:
    """The prompt of a block."""
    messages = tuple((message.role.text, str(message.text.value)) for message in statement.messages)
    return NamedPrompt(messages, statement, unit)


def named_prompt(name: n.Name, unit: Unit) -> NamedPrompt | None:
    """The prompt that a name means; None for `default`, or where the name means none, which is reported."""
    if name.text == "default":
        return None
    found = unit.find(name.text)
    if found is None:
        if not unit.is_lost(name.text):
            help = (
                unit.suggestion(name.text, ["prompt"], ["default"]) or f'define it: `prompt {name.text} {{ user "…" }}`'
            )
            unit.report("E206", f"unknown prompt `{name.text}`", name.span, help)
        return None
    if found.kind != "prompt":
        unit.report("E209", f"`{name.text}` is {ARTICLES[found.kind]}, not a prompt", name.span)
        return None
    assert isinstance(found.statement, n.PromptStatement)
    return build_prompt(found.statement, found.unit)


def check_prompt(statement: n.PromptStatement, unit: Unit) -> None:
    """What is wrong with a block by itself: roles, braces, names that no stage provides."""
    if statement.name.text == "default":
        unit.report("E114", "`default` always means a stage's own prompt", statement.name.span, "choose another name")
    if not statement.messages:
        unit.report(
            "E304", f"prompt `{statement.name.text}` has no message", statement.name.span, 'write `user "{question}"`'
        )
    for message in statement.messages:
        if message.role.text not in ROLES:
            help = suggest(message.role.text, ROLES) or "a message is `system`, `user` or `assistant`"
            unit.report("E313", f"unknown role `{message.role.text}`", message.role.span, help)
        template = parse_template(str(message.text.value))
        for broken in template.broken:
            text = str(message.text.value)[broken.start : broken.end]
            place = _place(message, text, 0)
            unit.report("E309", broken.message, place, "write `{{` for a brace")
        for placeholder in template.placeholders:
            _check_placeholder(placeholder, message, unit)


def _check_placeholder(placeholder: Placeholder, message: n.Message, unit: Unit) -> None:
    span = place_of(placeholder, message)
    if placeholder.kind not in PLACEHOLDERS:
        help = suggest(placeholder.name, PLACEHOLDERS) or "write `{{` for a brace, `{field.NAME}` for a field"
        unit.report("E308", f"nothing is called `{{{placeholder.name}}}`", span, help)
    elif placeholder.kind == "field" and placeholder.name == "field":
        unit.report("E308", "`{field}` names no field", span, "write `{field.NAME}`")
    elif placeholder.kind != "field" and "." in placeholder.name:
        unit.report("E308", f"nothing is called `{{{placeholder.name}}}`", span, f"write `{{{placeholder.kind}}}`")
    elif placeholder.format and placeholder.kind != "candidates":
        unit.report("E309", f"`{placeholder.name}` takes no format", span)
    elif placeholder.format and placeholder.format not in FORMATS:
        help = suggest(placeholder.format, FORMATS) or f"formats are {', '.join(FORMATS)}"
        unit.report("E309", f"unknown format `{placeholder.format}`", span, help)


def place_of(placeholder: Placeholder, message: n.Message) -> Span:
    """Where a placeholder stands in the source."""
    text = str(message.text.value)
    shown = text[placeholder.start : placeholder.end]
    return _place(message, shown, text.count(shown, 0, placeholder.start))


def _place(message: n.Message, shown: str, occurrence: int) -> Span:
    """The place of the text `shown` in a message; the whole string where escapes hide it."""
    at = -1
    for _ in range(occurrence + 1):
        at = message.text.text.find(shown, at + 1)
        if at < 0:
            return message.text.span
    start = message.text.span.start + at
    return Span(start, start + len(shown))
