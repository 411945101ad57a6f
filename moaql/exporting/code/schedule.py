"""When each stage of a topology can begin, for runtimes that are given a graph with its edges and its branches.

The methods of an exported program ask for one another, so that nothing is asked that nobody wants. A runtime of another kind is
told beforehand what waits for what: a stage waits for what it is certain to read; behind a gate it waits for the case too, and runs
only there. What is read in need alone is no step of the schedule, because the method that reads it asks for it: a fallback, members
of a quorum and voters of an early vote that have stages of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.exporting.code.stage_names import method_names
from moaql.exporting.code.stages import is_early, stages_of
from moaql.graph.nodes import IF, Gate, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.exporting.code.stages import Stage, Stages
    from moaql.graph.nodes import Graph


@dataclass(frozen=True, order=True)
class Before:
    """What must have happened.

    Attributes:
        step: Name of the step that is done.
        case: For a gate, the case that it took; "" where any will do.
    """

    step: str
    case: str = ""


@dataclass(frozen=True)
class Step:
    """A stage with its place in time.

    Attributes:
        name: The stage's method in the exported program.
        node: Id of the stage's last node in the graph.
        labels: For a gate, its cases: `("yes", "no")` for a condition, whose method returns a bool; else the labels that its
            method may return. Empty where it is no gate.
        after: The step begins when all of one of these have happened. Where several are listed, different cases want it. One
            that is empty: at the start.
    """

    name: str
    node: str
    labels: tuple[str, ...]
    after: tuple[frozenset[Before], ...]


@dataclass(frozen=True)
class Schedule:
    """The steps in an order in which nothing waits for a later one, and those that the answer is read from."""

    steps: tuple[Step, ...]
    last: frozenset[Before]


def schedule_of(graph: Graph) -> Schedule:
    """When each stage can begin."""
    return _without_circles(_Scheduler(graph).schedule())


def _without_circles(schedule: Schedule) -> Schedule:
    """The same schedule, in an order in which nothing waits for a later step.

    What lies behind a nested gate is wanted in cases of both gates. Where the inner one cannot decide before the step itself is
    done, the outer one has wanted it already: that case is left out, or the graph would have a circle.
    """
    steps = [
        replace(
            step, after=tuple(after for after in step.after if {each.step for each in after} <= _others(schedule, step))
        )
        for step in schedule.steps
    ]
    ordered: dict[str, Step] = {}
    while len(ordered) < len(steps):
        step = next(each for each in steps if each.name not in ordered and _waits_for(each) <= ordered.keys())
        ordered[step.name] = step
    return Schedule(tuple(ordered.values()), schedule.last)


def _others(schedule: Schedule, left_out: Step) -> set[str]:
    """The steps that can happen, some way or other, where one never does."""
    found: set[str] = set()
    while True:
        new = {
            step.name
            for step in schedule.steps
            if step.name not in found and step.name != left_out.name
            if any({each.step for each in after} <= found for after in step.after)
        }
        if not new:
            return found
        found |= new


def _waits_for(step: Step) -> set[str]:
    return {each.step for after in step.after for each in after}


class _Scheduler:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._stages: Stages = stages_of(graph)
        self._names = method_names(self._stages, graph)
        count = len(self._stages.stages)
        self._cases: list[set[Before | None]] = [set() for _ in range(count)]

    def schedule(self) -> Schedule:
        outputs = frozenset(self._number(ref.node) for ref in self._graph.outputs)
        for number in outputs:
            self._cases[number].add(None)
        stages = self._stages.stages
        for number in reversed(range(len(stages))):
            if self._cases[number]:
                self._want(number)
        steps = [self._step(number) for number in range(len(stages)) if self._cases[number]]
        return Schedule(tuple(steps), frozenset(Before(self._names[number]) for number in outputs))

    def _want(self, number: int) -> None:
        """Whoever wants a stage wants what it reads; what it reads in one case is wanted in that case."""
        for read in self._reads(number):
            self._cases[read] |= self._cases[number]
        for case, reads in self._branches(number).items():
            for read in reads:
                self._cases[read].add(case)

    def _step(self, number: int) -> Step:
        stage = self._stages.stages[number]
        labels = stage.last.labels if isinstance(stage.last, Gate) else ()
        return Step(self._names[number], stage.last.id, tuple(labels), tuple(self._after(number)))

    def _after(self, number: int) -> Iterator[frozenset[Before]]:
        branches = self._branches(number)
        for case, read in branches.items():
            yield frozenset({case, *(Before(self._names[each]) for each in read)})
        if branches:
            return
        reads = frozenset(Before(self._names[read]) for read in self._reads(number))
        cases = self._cases[number]
        if None in cases:
            yield reads
            return
        for wanted in sorted(each for each in cases if each is not None):
            yield reads | {wanted}

    def _reads(self, number: int) -> set[int]:
        """The stages that this one is certain to read."""
        stage = self._stages.stages[number]
        own = {node.id for node in stage.nodes}
        return {
            self._number(ref.node)
            for node in stage.nodes
            for role, ref in node.inputs
            if ref.node not in own and _is_certain(stage, role)
        }

    def _branches(self, number: int) -> dict[Before, set[int]]:
        """For what behind a gate gives the answer: the stages that are read in each case."""
        node = self._stages.stages[number].last
        if not isinstance(node, Reduce) or node.operation != "choose":
            return {}
        (_, decided), *rest = node.inputs
        gate = self._graph.nodes[decided.node]
        assert isinstance(gate, Gate)
        name = self._names[self._number(gate.id)]
        branches: dict[Before, set[int]] = {Before(name, label): set() for label in gate.labels}
        for role, ref in rest:
            branches[Before(name, role.removeprefix(IF))].add(self._number(ref.node))
        return branches

    def _number(self, node: str) -> int:
        return self._stages.places[node][0]


def _is_certain(stage: Stage, role: str) -> bool:
    node = stage.last
    if not isinstance(node, Reduce):
        return True
    if len(stage.nodes) == 1 and (node.operation == "quorum" or is_early(node)):
        return False  # it asks as many as it needs, and does not wait for all
    return not (role.startswith(IF) or (node.operation == "fallback" and role == "fallback"))
