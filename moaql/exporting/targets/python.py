"""`python`: one readable file that needs only httpx."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.base import Loss, once_each
from moaql.exporting.code.models import reached
from moaql.exporting.code.program import write_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.graph.nodes import Graph


@dataclass(frozen=True)
class Python:
    """A stand-alone program."""

    name: str = "python"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """One file, called after the topology."""
        return {f"{module_name(graph)}.py": write_program(graph, program).text}

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Models that only moaql can ask."""
        del program
        return once_each(_losses(graph))


def module_name(graph: Graph) -> str:
    """The topology's name as a Python module is called."""
    name = re.sub(r"\W", "_", graph.name)
    if name in sys.stdlib_module_names or name == "httpx":
        return f"{name}_topology"  # beside a file called json.py, nobody can import json
    return f"_{name}" if name[0].isdigit() else name


def _losses(graph: Graph) -> Iterator[Loss]:
    for call in graph.calls:
        for model in (call.model, *call.model.alternatives):
            if lost := reached(model).lost:
                yield Loss(call.id, lost)


TARGET = Python()
