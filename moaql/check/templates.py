"""Whether a prompt names only what the stage that uses it provides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.check.prompts import PLACEHOLDERS, NamedPrompt, place_of
from moaql.check.unfilled import Unfilled
from moaql.language.template import parse_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.scope import Unit
    from moaql.language import nodes as n


def prompts_of(value: Any) -> Iterator[NamedPrompt]:
    """The prompts of the user's own in an argument, alternatives of holes included."""
    if isinstance(value, NamedPrompt):
        yield value
    elif isinstance(value, Unfilled):
        for option in value.options:
            yield from prompts_of(option)
    elif isinstance(value, tuple):
        for each in value:
            yield from prompts_of(each)


def placeholders_of(prompt: NamedPrompt) -> frozenset[str]:
    """The kinds of placeholders that a prompt names."""
    return frozenset(
        placeholder.kind for _, text in prompt.messages for placeholder in parse_template(text).placeholders
    )


def check_placeholders(value: Any, provided: frozenset[str], stage: str, unit: Unit, use: n.Node) -> None:
    """Report E308 for each placeholder of the prompts that the stage does not provide."""
    del use
    for prompt in prompts_of(value):
        for message in prompt.statement.messages:
            for placeholder in parse_template(str(message.text.value)).placeholders:
                if placeholder.kind in provided or placeholder.kind not in PLACEHOLDERS:
                    continue
                name = prompt.statement.name.text
                words = ", ".join(f"`{{{each}}}`" for each in sorted(provided - {"field"}))
                message_text = f"`{{{placeholder.name}}}` is not there when `{stage}` uses the prompt `{name}`"
                place = prompt.unit if prompt.unit.source is unit.source else unit
                span = place_of(placeholder, message) if place is prompt.unit else prompt.statement.name.span
                place.report("E308", message_text, span, f"`{stage}` provides {words}")
