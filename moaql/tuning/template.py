"""The text that is tuned: one message of a prompt, and what a new text for it must keep.

A new text has to show what the old one showed: a prompt that has lost its candidates scores well on nothing but luck.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.language.template import Placeholder, parse_template
from moaql.stages.base import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 20_000
"""Characters of a text. Nobody means to send more with every question."""


def tuned_message(prompt: Prompt) -> int:
    """The position of the message that holds most words of its own: that one is tuned, the others stay as they are."""
    words = [
        sum(len(part) for part in parse_template(text).parts if isinstance(part, str)) for _, text in prompt.messages
    ]
    return words.index(max(words))


def with_text(prompt: Prompt, position: int, text: str) -> Prompt:
    """The prompt with another text in one of its messages."""
    messages = list(prompt.messages)
    messages[position] = (messages[position][0], text)
    return Prompt(tuple(messages))


def without_placeholders(prompt: Prompt, kinds: tuple[str, ...]) -> Prompt:
    """The prompt without some placeholders. Where they were filled with nothing, the same is sent as before."""
    messages = []
    for role, text in prompt.messages:
        spans = [(each.start, each.end) for each in parse_template(text).placeholders if each.kind in kinds]
        left = text
        for start, end in reversed(spans):
            left = left[:start] + left[end:]
        messages.append((role, left.strip("\n") if spans else text))
    return Prompt(tuple(messages))


def placeholders_in(text: str) -> tuple[str, ...]:
    """The placeholders of a text as they are written, each once, in order: `{candidates:xml}`."""
    return tuple(dict.fromkeys(_written(each) for each in parse_template(text).placeholders))


def refusal(seed: str, text: str) -> str:
    """Why a text cannot take the place of another: one sentence that its author can act on. "" where it can.

    Args:
        seed: The text as it is now.
        text: The new one.
    """
    if not text.strip():
        return "The text is empty."
    if len(text) > LONGEST:
        return f"The text has {len(text):,} characters, and at most {LONGEST:,} are allowed."
    template = parse_template(text)
    if template.broken:
        first = template.broken[0]
        shown = " ".join(text[first.start : first.end].split())
        return (
            f"The brace in `{shown}` opens no placeholder. Write `{{{{` and `}}}}` for braces that are meant as such."
        )
    wanted, found = placeholders_in(seed), placeholders_in(text)
    lost = [each for each in wanted if each not in found]
    if lost:
        return f"The text has lost {_listed(lost)}. Every placeholder has to stay, character by character."
    new = [each for each in found if each not in wanted]
    return f"Nothing is put in for {_listed(new)}. Use only the placeholders that were there." if new else ""


def _written(placeholder: Placeholder) -> str:
    separator = placeholder.separator.replace("\n", r"\n").replace("\t", r"\t").replace('"', r"\"")
    plain = placeholder.format == "plain" and placeholder.separator != "\n\n"
    form = f":{placeholder.format}" + (f' sep="{separator}"' if plain else "") if placeholder.format else ""
    return f"{{{placeholder.name}{form}}}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
