"""A pipeline as Haystack's document: components by name, and what is connected with what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.exporting.code.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.exporting.code.schedule import Schedule, Step


def document_of(schedule: Schedule, package: str, metadata: dict[str, str]) -> dict[str, Any]:
    """What `Pipeline.from_dict` reads.

    Args:
        schedule: When each stage can begin; there is one component for each.
        package: Where the components' module is.
        metadata: What is said of the pipeline.
    """
    question, answer = ends_of(schedule)
    last = sorted(before.step for before in schedule.last)
    module = f"{package}.components"
    components = {
        question: {"type": f"{module}.Question", "init_parameters": {"seed": 0}},
        **{step.name: _component(step, module) for step in schedule.steps},
        answer: {"type": f"{module}.Answer", "init_parameters": {"reads": last}},
    }
    connections = [
        *(pair for step in schedule.steps for pair in _into(step, question)),
        (f"{question}.run", f"{answer}.run"),
        *((f"{name}.candidates", f"{answer}.{name}") for name in last),
    ]
    return {
        "metadata": metadata,
        "max_runs_per_component": 100,
        "components": components,
        "connections": [{"sender": sender, "receiver": receiver} for sender, receiver in connections],
    }


def ends_of(schedule: Schedule) -> tuple[str, str]:
    """The names of the components that take the question and give the answer: other ones where stages are called so."""
    names = Names({step.name for step in schedule.steps})
    return names.take("question"), names.take("answer")


def _component(step: Step, module: str) -> dict[str, Any]:
    always, sometimes = _reads(step)
    given: dict[str, Any] = {"method": step.name}
    if step.labels:
        given["cases"] = list(step.labels)
    if always:
        given["reads"] = always
    if sometimes:
        given["reads_if"] = sometimes
    if any(before.case for after in step.after for before in after):
        given["gated"] = True
    return {"type": f"{module}.{'Gate' if step.labels else 'Stage'}", "init_parameters": given}


def _into(step: Step, question: str) -> Iterator[tuple[str, str]]:
    """What a component receives, and from where."""
    yield f"{question}.run", f"{step.name}.run"
    for before in sorted({before for after in step.after for before in after}):
        if before.case:
            yield f"{before.step}.if_{before.case}", f"{step.name}.if"
        else:
            yield f"{before.step}.candidates", f"{step.name}.{before.step}"


def _reads(step: Step) -> tuple[list[str], list[str]]:
    """The stages whose candidates it reads however it begins, and those that it reads in some cases alone."""
    ways = [{before.step for before in after if not before.case} for after in step.after]
    always = set.intersection(*ways)
    return sorted(always), sorted(set.union(*ways) - always)
