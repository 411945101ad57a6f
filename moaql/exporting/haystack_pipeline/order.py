"""Which stages of a schedule could run at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.exporting.code.schedule import Schedule


def beside_others(schedule: Schedule) -> list[str]:
    """The steps that could run while another does: neither waits for the other, and no gate lets only one of them run."""
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
