"""Drawings as exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.exporting.base import Loss
from moaql.graph.draw import FORMATS

if TYPE_CHECKING:
    from moaql.graph.nodes import Graph


def drawing(graph: Graph, format_name: str, ending: str) -> dict[str, str]:
    """The file of a drawing.

    Args:
        graph: What is drawn.
        format_name: As `moaql graph --format` has it.
        ending: Of the file's name.
    """
    draw = FORMATS.find(format_name)
    assert draw is not None
    return {f"{graph.name.replace('/', '_')}.{ending}": draw(graph)}


def shape_only(graph: Graph) -> list[Loss]:
    """A drawing shows who reads whom, and not what they are told."""
    del graph
    return [Loss("", "a drawing shows no prompts, and not all settings")]
