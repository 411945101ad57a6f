"""`json`: node-link data, the lossless form that moaql itself reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.base import Loss
from moaql.exporting.drawn import drawing

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.graph.nodes import Graph


@dataclass(frozen=True)
class _Target:
    name: str = "json"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """One file, called after the topology."""
        del program
        return drawing(graph, "json", "json")

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """None."""
        del program
        del graph
        return []


TARGET = _Target()
