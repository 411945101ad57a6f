"""Which topology of a program is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.check.program import Program, Topology


def choose_topology(program: Program, name: str | None) -> Topology:
    """The topology of that name; without one, the only one or the bare pipeline.

    Raises:
        UsageError: if there is no such topology, or several and no name.
    """
    from moaql.check.scope import MAIN
    from moaql.diagnostics import suggest

    topologies = program.topologies
    file = program.source.name
    if name is not None:
        if name in topologies:
            return topologies[name]
        known = ", ".join(topologies) or "none"
        raise UsageError(f"{file} has no topology `{name}`", suggest(name, topologies) or f"It has: {known}.")
    if len(topologies) == 1:
        return next(iter(topologies.values()))
    if MAIN in topologies:
        return topologies[MAIN]
    if not topologies:
        has = (
            "It holds a search, and a search is no topology."
            if program.searches
            else "Write a pipeline, such as `layer [a, b] -> vote`."
        )
        raise UsageError(f"{file} has no topology", has)
    examples = ", ".join(f"{file}::{each}" for each in topologies)
    raise UsageError(f"{file} has several topologies", f"Name one: {examples}")
