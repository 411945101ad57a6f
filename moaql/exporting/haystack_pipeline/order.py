"""A schedule as Haystack needs it: without circles; and which of its stages could run at the same time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moaql.exporting.code.schedule import Schedule

if TYPE_CHECKING:
    from moaql.exporting.code.schedule import Step


def without_circles(schedule: Schedule) -> Schedule:
    """The same schedule, in an order in which nothing waits for a later step.

    What lies behind a nested gate is wanted in cases of both gates. Where the inner one cannot decide before the step itself is
    done, the outer one has wanted it already: that case is left out, because Haystack would take it for a loop.
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


def beside_others(schedule: Schedule) -> list[str]:
    """The steps that could run while another does: neither waits for the other, and no gate lets only one of them run.

    Args:
        schedule: Without circles.
    """
    before: dict[str, set[str]] = {}
    cases: dict[str, dict[str, set[str]]] = {}
    for step in schedule.steps:
        before[step.name], cases[step.name] = set(), {}
        for each in (each for after in step.after for each in after):
            before[step.name] |= {each.step, *before[each.step]}
            for gate, labels in cases[each.step].items():
                cases[step.name].setdefault(gate, set()).update(labels)
            if each.case:
                cases[step.name].setdefault(each.step, set()).add(each.case)

    def free(one: str, other: str) -> bool:
        ordered = one in before[other] or other in before[one]
        shared = cases[one].keys() & cases[other].keys()
        return not ordered and all(cases[one][gate] & cases[other][gate] for gate in shared)

    return [one for one in before if any(one != other and free(one, other) for other in before)]
