"""Text to a checked program: the one entry of this folder.

In: a path or a text. Out: a `Program` with every independent mistake, in one run. Nothing is raised for a user's mistake.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.check.ignores import silenced
from moaql.check.imports import Files
from moaql.check.pipelines import Walker
from moaql.check.program import EvalSet, Program, Topology
from moaql.check.prompts import check_prompt
from moaql.check.rules import Checked, lint
from moaql.check.searches import check_eval, check_search
from moaql.check.templates import check_absent
from moaql.check.values import Values
from moaql.diagnostics import in_order
from moaql.language import nodes as n

if TYPE_CHECKING:
    from moaql.check.scope import Unit
    from moaql.source import Source


def check_file(path: str) -> Program:
    """Check a program in a file."""
    files = Files()
    return _check(files, files.load(path))


def check_source(source: Source) -> Program:
    """Check a program in memory. Its imports are relative to its path, or to the working directory."""
    files = Files()
    key = os.path.realpath(source.path) if source.path else "<text>"
    return _check(files, files.add(source, key))


def _check(files: Files, unit: Unit) -> Program:
    values = Values()
    walker = Walker(values)
    topologies: dict[str, Topology] = {}
    evals: dict[str, EvalSet] = {}
    searches: dict[str, n.SearchStatement] = {}
    for definition in list(unit.own.values()):
        statement = definition.statement
        if isinstance(statement, n.ModelStatement):
            values.models.defined(definition)
        elif isinstance(statement, n.PromptStatement):
            check_prompt(statement, unit)
        elif isinstance(statement, n.TopologyStatement):
            topologies[definition.name] = values.topology(definition)
        elif isinstance(statement, n.EvalStatement):
            evals[definition.name] = check_eval(statement, unit, values)
        elif isinstance(statement, n.SearchStatement):
            searches[definition.name] = statement
    ends = {topology: walker.walk_topology(topology) for topology in topologies.values()}
    for search in searches.values():
        for body in search.topologies:
            topology = Topology(search.name.text, body, unit)
            ends[topology] = walker.walk_topology(topology)
        check_search(search, unit, values)
    walker.flows.report(walker.fed)
    check_absent(walker.uses, walker.fed)
    checked = Checked(unit, walker, ends, evals, searches)
    found = [each for each in [*unit.diagnostics, *lint(checked)] if not silenced(each)]
    for other in files.units.values():
        if other is not unit:
            found += [each for each in other.diagnostics if each.severity == "error"]
    return Program(unit.source, unit, topologies, evals, searches, tuple(in_order(found)))
