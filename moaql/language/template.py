"""Prompt templates: text with `{placeholders}`, and nothing that is evaluated.

In: the text of a message. Out: its parts, and what is wrong with it. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from functools import cache

from moaql.records import Record

FORMATS = ("numbered", "xml", "plain")
"""How `{candidates}` may be written out."""

_BRACE = r"\{\{|\}\}|\{"
_PLACEHOLDER = r"\{\s*(?P<name>[A-Za-z_]\w*(?:\.[\w\-]+)*)\s*(?::\s*(?P<format>\w*)\s*(?:sep=\"(?P<sep>(?:[^\"\\]|\\.)*)\"\s*)?)?\}"


class Placeholder(Record):
    """`{name}` or `{name:format sep="…"}`.

    Attributes:
        name: `question`, `candidates`, `field.customer`, …
        format: How candidates are written out, or "".
        separator: What stands between candidates in the `plain` format.
        start: Offset in the template.
        end: Offset behind its closing brace.
    """

    name: str
    format: str
    separator: str
    start: int
    end: int

    @property
    def kind(self) -> str:
        """The name without what follows a dot: all of `field.…` are `field`."""
        return self.name.split(".")[0]


class Broken(Record):
    """A brace that opens no placeholder."""

    message: str
    start: int
    end: int


class Template(Record):
    """A template's parts in order, and what is broken in it."""

    parts: tuple[str | Placeholder, ...]
    broken: tuple[Broken, ...] = ()

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))


def placeholder_kinds(messages: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """What the messages of a prompt show, such as `question`, `candidates` or `field`."""
    return _kinds_in(tuple(text for _, text in messages))


@cache
def _kinds_in(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(placeholder.kind for text in texts for placeholder in parse_template(text).placeholders)


def parse_template(text: str) -> Template:
    """Take a template apart."""
    find_brace, match_placeholder = re.compile(_BRACE).search, re.compile(_PLACEHOLDER).match
    parts: list[str | Placeholder] = []
    broken: list[Broken] = []
    done, at = 0, 0
    while (brace := find_brace(text, at)) is not None:
        parts.append(text[done : brace.start()])
        if brace[0] != "{":
            parts.append(brace[0][0])
            done = at = brace.end()
            continue
        match = match_placeholder(text, brace.start())
        if match is None:
            end = text.find("}", brace.start()) + 1 or brace.end()
            broken.append(Broken("this brace opens no placeholder", brace.start(), min(end, brace.start() + 40)))
            parts.append("{")
            done = at = brace.end()
            continue
        separator = (match["sep"] or r"\n\n").replace(r"\n", "\n").replace(r"\t", "\t").replace(r"\"", '"')
        parts.append(Placeholder(match["name"], match["format"] or "", separator, *match.span()))
        done = at = match.end()
    parts.append(text[done:])
    return Template(tuple(part for part in parts if part != ""), tuple(broken))
