"""Mistakes in the flow of candidates, and where they are reported.

A topology is walked from its start, and again wherever another one uses it, with the candidates that come in there. What is wrong
only from its start is no mistake of a fragment that others put candidates before; what is wrong in a use is reported at the use.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from moaql.language import nodes as n
from moaql.records import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moaql.check.program import Topology
    from moaql.check.scope import Unit


class FlowMistake(Entity):
    """A stage, condition or end without what it needs.

    Attributes:
        unit: The file.
        code: Its code.
        message: One sentence.
        node: Where.
        help: A way out.
        unfed: The named topology in which it is, where that one is used without candidates: its own text shows it too.
    """

    unit: Unit
    code: str
    message: str
    node: n.Node
    help: str
    unfed: Topology | None = None


class Flows:
    """The mistakes of the pipelines that are being walked, innermost last, and those of each topology from its start."""

    def __init__(self) -> None:
        self.of_topology: dict[Topology, tuple[FlowMistake, ...]] = {}
        self._open: list[list[FlowMistake]] = []

    @contextmanager
    def collect(self) -> Iterator[list[FlowMistake]]:
        """What is wrong in the pipeline that is walked inside."""
        mistakes: list[FlowMistake] = []
        self._open.append(mistakes)
        yield mistakes
        self._open.pop()

    def add(self, unit: Unit, code: str, message: str, node: n.Node, help: str) -> None:
        """A mistake in the pipeline that is being walked."""
        self._open[-1].append(FlowMistake(unit, code, message, node, help))

    def add_use(self, unit: Unit, node: n.Node, used: Topology, mistake: FlowMistake, *, fed: bool) -> None:
        """A mistake inside a named topology, with what comes in where it is used."""
        message = f"in `{used.name}`, used here, {mistake.message}"
        unfed = None if fed else used
        self._open[-1].append(FlowMistake(unit, mistake.code, message, node, mistake.help, unfed))

    def extend(self, known: Iterable[FlowMistake]) -> None:
        """Mistakes of a part that was walked before."""
        self._open[-1].extend(known)

    def report(self, fed: set[Topology]) -> None:
        """Report them, each once.

        Args:
            fed: The topologies that others put candidates before.
        """
        for topology, mistakes in self.of_topology.items():
            if topology in fed:
                continue
            for each in mistakes:
                told_at_home = each.unfed is not None and each.unfed in self.of_topology and each.unfed not in fed
                if not told_at_home:
                    each.unit.report(each.code, each.message, each.node.span, each.help)


def last_open_branch(pipeline: n.Pipeline) -> n.When | n.Route | None:
    """The last `when` or `route` without an `else`, wherever it stands."""
    for step in reversed(pipeline.steps):
        if isinstance(step, n.When | n.Route):
            if step.otherwise is None:
                return step
            inner = [case.body for case in step.cases] if isinstance(step, n.Route) else [step.then]
            for body in (step.otherwise, *inner):
                if (found := last_open_branch(body)) is not None:
                    return found
        elif isinstance(step, n.Group | n.Until) and (found := last_open_branch(step.body)) is not None:
            return found
    return None
