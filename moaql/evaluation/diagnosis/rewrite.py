"""A topology with a defence put in, or with another aggregator: its tree is changed and built again.

What cannot be put in raises `NoVariant`, whose message becomes a note of the diagnosis: a topology without an aggregator is no
mistake of its user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.arguments import Binder
from moaql.check.program import Model, Topology
from moaql.check.values import Values
from moaql.graph.build import build
from moaql.language import nodes as n
from moaql.records import replace
from moaql.stages import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.check.scope import Unit
    from moaql.graph.nodes import Graph
    from moaql.source import Span

    Change = Callable[[n.Stage, Unit], n.Stage]

AGGREGATORS = ("agg", "seq", "dropout")
MOST_DROPOUT_CALLS = 63
"""Aggregating calls a question: all subsets of six candidates."""


class NoVariant(Exception):  # noqa: N818 - a note, not an error
    """The variant cannot be made of this topology; the message says why, to stand behind its name."""


def with_cluster(topology: Topology, by: str | None) -> Graph:
    """The topology with `cluster` before the first stage that reads candidates.

    Args:
        topology: Without errors.
        by: How the metric reads answers, which are then what is compared; None to compare whole texts.

    Raises:
        NoVariant: if no stage reads candidates, or it begins with a branch.
    """
    start = _resolved(topology)
    span = start.body.span
    setting = n.Setting(span, n.Name(span, "by"), n.Name(span, by or "similarity"))
    stage = n.Stage(span, n.Name(span, "cluster"), (), (setting,))
    body = _before_first_reader(start.body, stage, start.unit)
    if body is None:
        raise NoVariant("no stage reads the candidates")
    return _built(start, body)


def with_dropout(topology: Topology, by: str | None) -> Graph:
    """The topology with `dropout` in the place of its last aggregator.

    Args:
        topology: Without errors.
        by: How the metric reads answers, which are then voted on; None to take the larger cluster of the results.

    Raises:
        NoVariant: if there is no aggregator, or all subsets of its candidates are too many to aggregate.
    """

    def change(stage: n.Stage, _unit: Unit) -> n.Stage:
        if stage.name.text == "dropout":
            raise NoVariant("the topology has it already")
        return _dropout(stage, by)

    graph = _with_last_aggregator(topology, change)
    calls = sum(call.purpose == "aggregate" for call in graph.calls)
    if calls > MOST_DROPOUT_CALLS:
        raise NoVariant(
            f"it would make {calls:,} aggregating calls a question, and {MOST_DROPOUT_CALLS} are the most that is tried"
        )
    return graph


def with_aggregator(topology: Topology, model: Model) -> Graph:
    """The topology with another model in the place of its last aggregator's.

    Args:
        topology: Without errors.
        model: By the name that it has in the topology's file.

    Raises:
        NoVariant: if there is no aggregator, or the file of the aggregator does not know the model.
    """
    return _with_last_aggregator(topology, lambda stage, unit: _asking(stage, _naming(stage.span, model, unit)))


def aggregator_of(graph: Graph) -> Model | None:
    """The model of the last aggregating call; None where there is none."""
    models = [call.model for call in graph.calls if call.purpose == "aggregate"]
    return models[-1] if models else None


def _resolved(topology: Topology) -> Topology:
    """What a topology that is only the name of another one stands for."""
    while len(topology.body.steps) == 1:
        step = topology.body.steps[0]
        inner = _named(step, topology.unit)
        if inner is None:
            return topology
        topology = Topology(topology.name, inner.body, inner.unit)
    return topology


def _named(step: n.Step, unit: Unit) -> Topology | None:
    """The topology that a step names, where it does no more than that."""
    if not isinstance(step, n.Stage) or not step.is_bare:
        return None
    found = unit.find(step.name.text)
    if found is None or found.kind != "topology":
        return None
    bound = Binder(Values()).bind(step, unit)
    return bound if isinstance(bound, Topology) else None


def _inlined(step: n.Step, unit: Unit) -> n.Step:
    """A step that names a topology of the same file, as that topology in parentheses."""
    inner = _named(step, unit)
    return n.Group(step.span, inner.body) if inner is not None and inner.unit is unit else step


def _built(topology: Topology, body: n.Pipeline) -> Graph:
    graph, diagnostics = build(Topology(topology.name, body, topology.unit))
    if graph is None:
        raise NoVariant(diagnostics[0].message)
    return graph


# Before the first stage that reads candidates


def _before_first_reader(body: n.Pipeline, stage: n.Stage, unit: Unit) -> n.Pipeline | None:
    """The pipeline with a stage before the first step that reads candidates; None where no step does."""
    if not body.steps:
        return None
    first, *rest = body.steps
    if isinstance(first, n.When | n.Route | n.Until):
        raise NoVariant("the topology begins with a branch")
    foreign = _named(first, unit)
    if foreign is not None and foreign.unit is not unit and len(foreign.body.steps) > 1:
        raise NoVariant(f"the topology begins with `{foreign.name}`, which is of another file")
    first = _inlined(first, unit)
    if isinstance(first, n.Group):
        inner = _before_first_reader(first.body, stage, unit)
        if inner is not None:
            return replace(body, steps=(replace(first, body=inner), *rest))
        times = first.repeat.count if first.repeat is not None else 1
        if isinstance(times, int) and times > 1 and first.repeat is not None:
            again = replace(first, repeat=replace(first.repeat, count=times - 1))
            return replace(body, steps=(replace(first, repeat=None), stage, again, *rest))
    return replace(body, steps=(first, stage, *rest)) if rest else None


# In the place of the last aggregator


def _with_last_aggregator(topology: Topology, change: Change) -> Graph:
    start = _resolved(topology)
    body = _in_pipeline(start.body, change, start.unit)
    if body is None:
        raise NoVariant("there is no aggregator that could be replaced")
    return _built(start, body)


def _in_pipeline(body: n.Pipeline, change: Change, unit: Unit) -> n.Pipeline | None:
    """The pipeline with its last aggregator changed; None where it has none."""
    for position in range(len(body.steps) - 1, -1, -1):
        changed = _in_step(_inlined(body.steps[position], unit), change, unit)
        if changed is not None:
            return replace(body, steps=(*body.steps[:position], changed, *body.steps[position + 1 :]))
    return None


def _in_step(step: n.Step, change: Change, unit: Unit) -> n.Step | None:
    if isinstance(step, n.Stage):
        found = unit.find(step.name.text)
        is_own = found is not None and found.kind in ("model", "topology")
        return change(step, unit) if step.name.text in AGGREGATORS and not is_own else None
    if isinstance(step, n.Group | n.Until):
        inner = _in_pipeline(step.body, change, unit)
        return replace(step, body=inner) if inner is not None else None
    if isinstance(step, n.When):
        return _in_when(step, change, unit)
    return _in_route(step, change, unit) if isinstance(step, n.Route) else None


def _in_when(step: n.When, change: Change, unit: Unit) -> n.When | None:
    if step.otherwise is not None:
        inner = _in_pipeline(step.otherwise, change, unit)
        if inner is not None:
            return replace(step, otherwise=inner)
    inner = _in_pipeline(step.then, change, unit)
    return replace(step, then=inner) if inner is not None else None


def _in_route(step: n.Route, change: Change, unit: Unit) -> n.Route | None:
    if step.otherwise is not None:
        inner = _in_pipeline(step.otherwise, change, unit)
        if inner is not None:
            return replace(step, otherwise=inner)
    for position in range(len(step.cases) - 1, -1, -1):
        case = step.cases[position]
        inner = _in_pipeline(case.body, change, unit)
        if inner is not None:
            cases = (*step.cases[:position], replace(case, body=inner), *step.cases[position + 1 :])
            return replace(step, cases=cases)
    return None


def _dropout(stage: n.Stage, by: str | None) -> n.Stage:
    """`dropout` with the same model, prompt and sampling."""
    declared = STAGES.find("dropout")
    assert declared is not None
    known = {each.name for each in declared.parameters}
    span = stage.span
    settings = tuple(each for each in stage.settings if each.name.text in known)
    how = _word(span, "by", by) if by is not None else _word(span, "then", "cluster")
    operands = tuple(replace(each, repeat=None) for each in stage.operands)
    return n.Stage(span, n.Name(span, "dropout"), operands, (*settings, how))


def _word(span: Span, name: str, value: str) -> n.Setting:
    return n.Setting(span, n.Name(span, name), n.Name(span, value))


def _asking(stage: n.Stage, model: n.Name | n.Literal) -> n.Stage:
    """The same stage, asking another model."""
    if stage.operands:
        first = stage.operands[0]
        return replace(stage, operands=(replace(first, value=model), *stage.operands[1:]))
    settings = tuple(replace(each, value=model) if each.name.text == "model" else each for each in stage.settings)
    return replace(stage, settings=settings)


def _naming(span: Span, model: Model, unit: Unit) -> n.Name | n.Literal:
    """The model as a program writes it: its name in the file of the stage, or its id as a string."""
    if model.name == model.id:
        return n.Literal(span, "string", model.id, f'"{model.id}"')
    models = Values().models
    for name in (model.name, *unit.names("model")):
        found = unit.find(name)
        is_it = found is not None and found.kind == "model" and found.name == model.name
        if found is not None and is_it and models.defined(found).id == model.id:
            return n.Name(span, name)
    raise NoVariant(f"the file of the aggregator does not name `{model.name}`")
