"""Which topologies an evaluation sets side by side, and what each is called."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.api.choose import choose_topology
from moaql.api.program import Topology
from moaql.errors import ProgramError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moaql.check.program import Program
    from moaql.check.program import Topology as CheckedTopology
    from moaql.graph.nodes import Graph


def topologies_of(program: Program, name: str | None) -> dict[str, CheckedTopology]:
    """The topologies that `FILE[::NAME]` means to an evaluation.

    Args:
        program: Of the file.
        name: Of a topology, or of a model, which is asked alone. Without one: the bare pipeline, or all topologies of the file.

    Raises:
        UsageError: if there is no such topology or model, or none at all.
    """
    from moaql.check.scope import MAIN

    if name is None:
        if MAIN in program.topologies or not program.topologies:
            found = choose_topology(program, None)
            return {found.name: found}
        return dict(program.topologies)
    if name not in program.topologies:
        known = program.unit.find(name)
        if known is not None and known.kind in ("model", "topology"):
            return {name: alone(name, program)}
    return {name: choose_topology(program, name)}


def alone(name: str, program: Program) -> Topology:
    """The pipeline that consists of one model, by its name in the program, or of an imported topology."""
    from moaql.check.pipeline_text import pipeline

    found = pipeline(name, name, program.unit)
    return Topology(found.name, found.body, found.unit)


def members_of(topologies: Iterable[CheckedTopology], program: Program) -> dict[str, CheckedTopology]:
    """The models that answer questions in topologies of a program, each alone, in the order in which they are met.

    One that is among the topologies already, whatever it is called there, is left out.
    """
    from moaql.graph.fingerprint import fingerprint

    graphs = [graph_of(topology) for topology in topologies]
    known = {fingerprint(graph) for graph in graphs}
    found: dict[str, CheckedTopology] = {}
    for graph in graphs:
        for call in graph.calls:
            name = call.model.name
            if call.purpose in ("propose", "aggregate") and name not in found and program.unit.find(name) is not None:
                member = alone(name, program)
                if fingerprint(graph_of(member)) not in known:
                    found[name] = member
    return found


def graph_of(topology: CheckedTopology) -> Graph:
    """Its graph; `weights=?` may be in it.

    Raises:
        ProgramError: if another hole is left in it, or it is too large.
    """
    from moaql.graph.build import build

    graph, diagnostics = build(topology, fitted=True)
    if graph is None:
        raise ProgramError(diagnostics)
    return graph


def named(groups: Iterable[tuple[str, Mapping[str, CheckedTopology]]]) -> dict[str, CheckedTopology]:
    """Topologies of several files under names that tell them apart.

    A bare pipeline is called by its file where there are several files; others by `FILE::NAME` where two have one name.

    Args:
        groups: Path of each file, and its topologies.
    """
    from moaql.check.scope import MAIN

    listed = [(path, name, topology) for path, own in groups for name, topology in own.items()]
    files = {path for path, _, _ in listed}
    found: dict[str, CheckedTopology] = {}
    for path, name, topology in listed:
        stem = os.path.splitext(os.path.basename(path))[0]
        if any(file != path and os.path.splitext(os.path.basename(file))[0] == stem for file in files):
            stem = path  # two files of one name are told apart by their folders
        short = stem if name == MAIN and len(files) > 1 else name
        same = [each for file, each, _ in listed if each == name and file != path and name != MAIN]
        called = f"{stem}::{name}" if same else short
        if called in found and found[called] is not topology:
            if _same(found[called], topology):
                continue
            called = f"{path}::{name}"
        found[called] = topology
    if not found:
        raise UsageError("there is nothing to evaluate", "Give at least one topology.")
    return found


def _same(one: CheckedTopology, other: CheckedTopology) -> bool:
    return one.body is other.body and one.unit is other.unit
