"""A pipeline given as text, with the names of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.program import Topology
from moaql.language import nodes as n
from moaql.language.parser import parse
from moaql.source import Source

if TYPE_CHECKING:
    from moaql.check.scope import Unit


def pipeline(name: str, text: str, unit: Unit) -> Topology:
    """A topology of that text, which is known to be right.

    Args:
        name: What it is called.
        text: One pipeline, such as `qwen x5 -> vote by=number tie=first`.
        unit: What its names mean.
    """
    statement = parse(Source(text, "<pipeline>")).module.statements[0]
    assert isinstance(statement, n.TopologyStatement), text
    return Topology(name, statement.body, unit)
