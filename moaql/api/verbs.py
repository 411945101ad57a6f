"""From a path to a program, a graph, a plan."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.api.choose import choose_topology
from moaql.api.program import Program, Topology
from moaql.check.checker import check_file, check_source
from moaql.errors import ProgramError
from moaql.source import Source

if TYPE_CHECKING:
    from moaql.check.program import Program as CheckedProgram
    from moaql.graph.nodes import Graph
    from moaql.graph.plan import Plan


def load(path: str | os.PathLike[str]) -> Program:
    """Read and check a program.

    Raises:
        ProgramError: if it has errors; its `diagnostics` say which and where.
    """
    return _without_errors(check_file(os.fspath(path)))


def parse(text: str, name: str = "<text>") -> Program:
    """Check a program given as a string. Its imports are relative to the working directory.

    Raises:
        ProgramError: if it has errors.
    """
    return _without_errors(check_source(Source(text, name)))


def build(program: CheckedProgram | Topology, topology: str | None = None) -> Graph:
    """The graph of a topology: every call, reduction and gate.

    Args:
        program: A program without errors, or one of its topologies.
        topology: Its name; not needed where there is only one, or a bare pipeline.

    Raises:
        UsageError: if there is no such topology, or several and no name.
        ProgramError: if a hole is left in it, or it is too large.
    """
    from moaql.graph.build import build as build_graph

    meant = program if isinstance(program, Topology) else choose_topology(program, topology)
    built, diagnostics = build_graph(meant)
    if built is None:
        raise ProgramError(diagnostics)
    return built


def plan(program: CheckedProgram | Topology, topology: str | None = None) -> Plan:
    """Calls, depth, dollars and seconds of one question, before anything is spent. Arguments and errors as in `build`."""
    from moaql.graph.plan import plan as make_plan

    return make_plan(build(program, topology))


def _without_errors(program: CheckedProgram) -> Program:
    if program.blocking:
        raise ProgramError(program.blocking)
    topologies = {each.name: Topology(each.name, each.body, each.unit) for each in program.topologies.values()}
    return Program(program.source, program.unit, dict(topologies), program.evals, program.searches, program.diagnostics)
