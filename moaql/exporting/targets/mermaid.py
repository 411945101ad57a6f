"""`mermaid`: a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.base import Loss
from moaql.exporting.drawn import drawing, shape_only

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.graph.nodes import Graph


@dataclass(frozen=True)
class _Target:
    name: str = "mermaid"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """One file, called after the topology."""
        del program
        return drawing(graph, "mermaid", "mmd")

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """What a drawing does not show."""
        del program
        return shape_only(graph)


TARGET = _Target()
