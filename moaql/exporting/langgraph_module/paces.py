"""What a runtime loses that runs in steps: all that begins together must end before anything else begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.exporting.code.schedule import Before, schedule_of
from moaql.exporting.code.stages import is_early
from moaql.exporting.langgraph_module.waits import certain_before
from moaql.graph.nodes import Call, Reduce

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from moaql.exporting.code.schedule import Schedule
    from moaql.graph.nodes import Graph, Node


def held_up(graph: Graph) -> list[str]:
    """Ids of the stages that wait for the answers of a stage that they do not read."""
    schedule = schedule_of(graph)
    certain = certain_before(schedule)
    rounds = _rounds(schedule)
    asking = {step.name: _cases(certain[Before(step.name)]) for step in schedule.steps if _asks(graph.nodes[step.node])}

    def is_held_up(after: Set[Before]) -> bool:
        known = frozenset[Before]().union(*(certain[each] for each in after))
        cases, begins = _cases(known), _round(after, rounds)
        return any(
            rounds[other] < begins
            and Before(other) not in known
            and all(cases.get(gate, case) == case for gate, case in ways.items())
            for other, ways in asking.items()
        )

    return [step.node for step in schedule.steps if any(map(is_held_up, step.after))]


def _asks(node: Node) -> bool:
    return isinstance(node, Call) or (isinstance(node, Reduce) and (node.operation == "quorum" or is_early(node)))


def _cases(before: Set[Before]) -> dict[str, str]:
    return {each.step: each.case for each in before if each.case}


def _rounds(schedule: Schedule) -> dict[str, int]:
    """The first round in which each stage can run; a case is a round of its own."""
    rounds: dict[str, int] = {}
    for step in schedule.steps:
        rounds[step.name] = min(_round(after, rounds) for after in step.after)
    return rounds


def _round(after: Set[Before], rounds: Mapping[str, int]) -> int:
    return max((rounds[each.step] + (2 if each.case else 1) for each in after), default=0)
