"""A schedule runs every topology to its end, in an order in which nothing is missing, and runs nothing that nobody wants."""

import itertools
from collections.abc import Iterator

import pytest
from exporting.constructs import PIPELINES, constructs
from exporting.programs import GALLERY, gallery
from exporting.recording import RecordingServer

import moaql
from moaql.exporting.code.schedule import Before, Schedule, schedule_of
from moaql.graph.nodes import Graph


@pytest.fixture(scope="module")
def graphs() -> Iterator[dict[str, list[Graph]]]:
    with RecordingServer() as server:
        texts = {**gallery(server), **constructs(server)}
        programs = {name: moaql.parse(text) for name, text in texts.items()}
        yield {name: [moaql.build(each, topology) for topology in each.topologies] for name, each in programs.items()}


def decisions(schedule: Schedule) -> Iterator[dict[str, str]]:
    """Ways in which the gates can decide."""
    gates = {step.name: step.labels for step in schedule.steps if step.labels}
    for labels in itertools.islice(itertools.product(*gates.values()), 64):
        yield dict(zip(gates, labels, strict=True))


def happened(schedule: Schedule, decided: dict[str, str]) -> list[Before]:
    """What happens, in order, where a step runs as soon as it may."""
    done: list[Before] = []
    while True:
        ready = [step for step in schedule.steps if any(after <= set(done) for after in step.after)]
        new = [step for step in ready if Before(step.name) not in done]
        if not new:
            return done
        for step in new:
            done += [Before(step.name), *([Before(step.name, decided[step.name])] if step.labels else [])]


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES])
def test_however_the_gates_decide_the_answer_is_reached(name: str, graphs: dict[str, list[Graph]]) -> None:
    for graph in graphs[name]:
        schedule = schedule_of(graph)
        for decided in decisions(schedule):
            assert schedule.last <= set(happened(schedule, decided))


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES])
def test_what_runs_is_read_by_something_that_runs(name: str, graphs: dict[str, list[Graph]]) -> None:
    for graph in graphs[name]:
        schedule = schedule_of(graph)
        for decided in decisions(schedule):
            done = set(happened(schedule, decided))
            begun = [
                after for step in schedule.steps if Before(step.name) in done for after in step.after if after <= done
            ]
            read = {before.step for after in begun for before in after} | {before.step for before in schedule.last}
            assert {before.step for before in done} == read


def test_a_cascade_asks_the_strong_only_in_one_case() -> None:
    program = moaql.parse(
        """
        model mini = "openai/gpt-4o-mini"
        model large = "openai/gpt-4o"
        topology cascade = mini x3 -> when agreement > 0.5 { vote tie=first } else { agg large }
        """
    )
    steps = {step.name: step for step in schedule_of(moaql.build(program, "cascade")).steps}
    assert steps["mini"].after == (frozenset(),)
    assert steps["when_decides"].labels == ("yes", "no")
    assert steps["when_no_agg"].after == (frozenset({Before("mini"), Before("when_decides", "no")}),)
    assert steps["when_choose"].after == (
        frozenset({Before("when_yes_vote"), Before("when_decides", "yes")}),
        frozenset({Before("when_no_agg"), Before("when_decides", "no")}),
    )


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES])
def test_nothing_waits_for_a_later_step(name: str, graphs: dict[str, list[Graph]]) -> None:
    for graph in graphs[name]:
        known: set[str] = set()
        for step in schedule_of(graph).steps:
            assert {before.step for after in step.after for before in after} <= known
            known.add(step.name)
