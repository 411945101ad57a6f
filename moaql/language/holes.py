"""The nodes of a tree, and its holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Iterator


def holes_in(part: object) -> Iterator[n.Choice | n.Range | n.Subset | n.Fitted]:
    """All holes below a node, outer ones first, in the order of the text."""
    return (each for each in nodes_in(part) if isinstance(each, n.Choice | n.Range | n.Subset | n.Fitted))


def nodes_in(part: object) -> Iterator[n.Node]:
    """A node and all below it, outer ones first, in the order of the text."""
    if isinstance(part, tuple):
        for each in part:
            yield from nodes_in(each)
    elif isinstance(part, n.Node):
        yield part
        for field in part._fields:
            yield from nodes_in(getattr(part, field))
