"""The holes of a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Iterator


def holes_in(part: object) -> Iterator[n.Choice | n.Range | n.Subset | n.Fitted]:
    """All holes below a node, outer ones first, in the order of the text."""
    if isinstance(part, n.Choice | n.Range | n.Subset | n.Fitted):
        yield part
    if isinstance(part, tuple):
        for each in part:
            yield from holes_in(each)
    elif isinstance(part, n.Node):
        for name in part._fields:
            yield from holes_in(getattr(part, name))
