"""`dspy`: a module of DSPy 3.4 whose instructions DSPy's optimizers can go on with (Khattab et al. 2023, arXiv 2310.03714)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.code.program import write_program
from moaql.exporting.dspy_program.instructions import instructions_of
from moaql.exporting.dspy_program.module import write_module
from moaql.exporting.dspy_program.state import write_state
from moaql.exporting.targets.python import TARGET as PYTHON

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.exporting.base import Loss
    from moaql.graph.nodes import Graph


@dataclass(frozen=True)
class DSPy:
    """A `dspy.Module`, its saved state, and the program that it runs."""

    name: str = "dspy"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """`module.py`, `module.json` with the instructions, and `topology.py`."""
        topology = write_program(graph, program)
        instructions = instructions_of(topology.prompts)
        return {
            "module.py": write_module(graph, program, topology.class_name, instructions),
            "module.json": write_state(instructions),
            "topology.py": topology.text,
        }

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Those of the program that it runs."""
        return PYTHON.losses(graph, program)


TARGET = DSPy()
