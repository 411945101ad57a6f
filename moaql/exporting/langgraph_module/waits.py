"""A schedule as nodes and edges. Each stage is a node, and so is each case of a gate: what runs in that case stands behind it.

An edge is left out where another one says as much: what waits for a case need not wait for the gate's candidates too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.code.names import Names
from moaql.exporting.code.schedule import Before

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from moaql.exporting.code.schedule import Schedule, Step


@dataclass(frozen=True)
class Node:
    """A stage as a node.

    Attributes:
        name: Of the node.
        step: What it runs.
        cases: For a gate: each label with the name of its node.
        after: Names of nodes; it runs when all of one of these have run. One that is empty: at the start.
        only_in: Gates and labels: it is wanted where one of them was taken. Empty where it is wanted always.
    """

    name: str
    step: Step
    cases: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, ...], ...]
    only_in: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Waits:
    """A graph: its nodes in order, and the names of those that the answer waits for."""

    nodes: tuple[Node, ...]
    last: tuple[str, ...]

    @property
    def joins_behind_gates(self) -> bool:
        """Whether a node that only some cases want waits for several others."""
        return any(node.only_in and any(len(names) > 1 for names in node.after) for node in self.nodes)


def waits_of(schedule: Schedule, taken: Iterable[str]) -> Waits:
    """What waits for what.

    Args:
        schedule: Of the topology.
        taken: Names that no node may have.
    """
    return _Builder(schedule, taken).waits()


class _Builder:
    def __init__(self, schedule: Schedule, taken: Iterable[str]) -> None:
        self._schedule = schedule
        self._steps = {step.name: step for step in schedule.steps}
        self._certain = certain_before(schedule)
        names = Names(set(taken))
        self._names = {Before(step.name): names.take(step.name) for step in schedule.steps}
        for step in schedule.steps:
            for label in step.labels:
                self._names[Before(step.name, label)] = self._case_name(step.name, label)

    def waits(self) -> Waits:
        nodes = tuple(self._node(step) for step in self._schedule.steps)
        return Waits(nodes, self._reduced(self._schedule.last))

    def _case_name(self, gate: str, label: str) -> str:
        name = f"{self._names[Before(gate)]} = {label.replace('|', '/').replace(':', ';')}"  # LangGraph keeps both for itself
        while name in self._names.values():
            name += "'"
        return name

    def _node(self, step: Step) -> Node:
        cases = tuple((label, self._names[Before(step.name, label)]) for label in step.labels)
        after = dict.fromkeys(self._reduced(each) for each in step.after)
        return Node(self._names[Before(step.name)], step, cases, tuple(after), self._only_in(step))

    def _only_in(self, step: Step) -> tuple[tuple[str, str], ...]:
        cases = sorted({each for after in step.after for each in after if each.case})
        always = not all(any(each.case for each in after) for after in step.after)
        gates = [self._steps[gate] for gate in {each.step for each in cases}]
        covered = any({Before(gate.name, label) for label in gate.labels} <= {*cases} for gate in gates)
        if always or (covered and not any(map(self._only_in, gates))):
            return ()
        return tuple((each.step, each.case) for each in cases)

    def _reduced(self, wanted: Set[Before]) -> tuple[str, ...]:
        """The nodes to wait for, without those that others of them had to wait for."""
        left = {each for each in wanted if not any(each in self._certain[other] for other in wanted if other != each)}
        return tuple(name for before, name in self._names.items() if before in left)


def certain_before(schedule: Schedule) -> Mapping[Before, Set[Before]]:
    """For all that can happen: itself, and what has happened by then, however the gates decide.

    It begins with everything, and takes away what one of the ways does without, until nothing changes.
    """
    every = frozenset(Before(step.name, label) for step in schedule.steps for label in ("", *step.labels))
    certain: dict[Before, frozenset[Before]] = dict.fromkeys(every, every)
    changed = True
    while changed:
        changed = False
        for step in schedule.steps:
            ways = [frozenset[Before]().union(*(certain[each] for each in after)) for after in step.after]
            before = frozenset.intersection(*ways) | {Before(step.name)}
            for label in ("", *step.labels):
                found = before | {Before(step.name, label)}
                changed = changed or found != certain[Before(step.name, label)]
                certain[Before(step.name, label)] = found
    return certain
