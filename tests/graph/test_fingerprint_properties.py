"""Laws of the graph, its fingerprint and its plan, on programs that nobody wrote.

The programs are free of errors and of holes: models `sim/…`, prompts, topologies that use one another, and a pipeline.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from moaql.check.checker import check_source
from moaql.graph.build import build
from moaql.graph.fingerprint import fingerprint
from moaql.graph.interchange import from_json, to_json
from moaql.graph.nodes import Gate, Graph
from moaql.graph.plan import plan
from moaql.language import nodes as n
from moaql.language.formatter import format_source
from moaql.language.printer import print_module
from moaql.records import replace
from moaql.source import Source
from tests.language.strategies import HERE, loosened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import DataObject, DrawFn

N = TypeVar("N", bound=n.Node)
MODELS = ("qwen", "llama-3", "m", "gpt4o")
TOPOLOGIES = ("panel", "ns.thrift", "deep")
PROMPTS = ("careful", "brief")
MOST = 6
"""Candidates that a layer has at most, so that graphs stay small."""


def law(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """How many programs a law is tried on. A failure prints the code that repeats it."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=examples, deadline=None, print_blob=True, suppress_health_check=slow)


# Programs


@dataclass(frozen=True)
class Place:
    """A place in a pipeline: what may be written there.

    Attributes:
        topologies: Names of the topologies that exist, with how many candidates they make at most.
        candidates: How many candidates there are at most; none at the start.
        scored: Whether scores are attached to them.
        ordered: Whether stages may stand here that depend on the order of candidates.
        depth: How many blocks may stand inside each other.
    """

    topologies: tuple[tuple[str, int], ...]
    candidates: int = 0
    scored: bool = False
    ordered: bool = True
    depth: int = 2

    def inner(self, *, again: bool = False) -> Place:
        """The place inside a block; one that is run several times may meet its own candidates."""
        return changed(
            self, depth=self.depth - 1, candidates=MOST if again else self.candidates, scored=self.scored and not again
        )


def name(text: str) -> n.Name:
    return n.Name(HERE, text)


def number(value: float) -> n.Literal:
    return n.Literal(HERE, "number", value, "")


def string(value: str) -> n.Literal:
    return n.Literal(HERE, "string", value, "")


def pair(key: str, value: n.Value | str | float) -> n.Setting:
    """A setting; words and numbers stand for themselves."""
    if isinstance(value, bool):
        value = n.Literal(HERE, "boolean", value, "")
    elif isinstance(value, str):
        value = name(value)
    elif isinstance(value, int | float):
        value = number(value)
    return n.Setting(HERE, name(key), value)


def item(value: n.Value | n.Group | str, times: int = 1) -> n.Item:
    value = name(value) if isinstance(value, str) else value
    return n.Item(HERE, value, n.Repeat(HERE, times) if times > 1 else None)


def stage(title: str, *operands: n.Item, **given: n.Value | str | float | None) -> n.Stage:
    pairs = tuple(pair(key, value) for key, value in given.items() if value is not None)
    return n.Stage(HERE, name(title), operands, pairs)


models = st.sampled_from(MODELS)
temperatures = st.sampled_from([None, None, 0, 0.2, 0.7, 1.5])
ways_to_compare = st.sampled_from(["exact", "number", "choice", "similarity"])


@st.composite
def layers(draw: DrawFn, place: Place) -> tuple[n.Stage, int]:
    """`layer […]` with how many candidates come out."""
    sizes = {**dict.fromkeys(MODELS, 1), **dict(place.topologies)}
    asked = draw(st.lists(st.tuples(st.sampled_from(list(sizes)), st.integers(1, 2)), min_size=1, max_size=3))
    times = draw(st.integers(1, 2))
    count = sum(sizes[each] * samples for each, samples in asked) * times
    if count > MOST:
        asked, times, count = asked[:1], 1, sizes[asked[0][0]] * asked[0][1]
    listed = n.ListValue(HERE, tuple(item(each, samples) for each, samples in asked))
    fewest = sum(samples for _, samples in asked) * times
    quorum = draw(st.sampled_from([None, None, *range(1, min(2, fewest) + 1)]))
    prompt: n.Value | str | None = draw(st.sampled_from([None, None, *PROMPTS]))
    if place.ordered and draw(st.booleans()):
        prompt = n.ListValue(HERE, tuple(item(each) for each in PROMPTS))
    anonymous = draw(st.sampled_from([None, False]))
    found = stage(
        "layer", item(listed, times), temperature=draw(temperatures), prompt=prompt, quorum=quorum, anonymous=anonymous
    )
    return found, count


@st.composite
def proposals(draw: DrawFn, place: Place) -> tuple[n.Step, int]:
    """Steps that need no candidates: layers, models, topologies."""
    kind = draw(st.sampled_from(["layer", "layer", "layer", "model", "topology"]))
    if kind == "topology" and place.topologies:
        title, count = draw(st.sampled_from(place.topologies))
        return stage(title), count
    if kind == "model":
        times = draw(st.integers(1, 3))
        asked = stage(draw(models), temperature=draw(temperatures))
        return replace(asked, repeat=n.Repeat(HERE, times) if times > 1 else None), times
    return draw(layers(place))


@st.composite
def reviews(draw: DrawFn, place: Place) -> tuple[n.Step, int]:
    """Stages that work on candidates."""
    model, count = item(draw(models)), place.candidates
    kinds = ["agg", "agg", "vote", "rank", "best", "critic", "score", "verify", "distinct", "cluster", "unit_tests"]
    kinds += ["take", "seq", "shuffle"] if place.ordered else []
    kinds += ["dropout"] if count <= 3 else []
    kind = draw(st.sampled_from(kinds))
    if kind == "agg":
        times = draw(st.integers(1, 2))
        fallback = draw(st.sampled_from([None, None, *MODELS, *[title for title, _ in place.topologies]]))
        most = max(times, dict(place.topologies).get(fallback or "", 1))
        prompt = draw(st.sampled_from([None, *PROMPTS]))
        return stage(
            "agg", item(draw(models), times), fallback=fallback, prompt=prompt, temperature=draw(temperatures)
        ), most
    if kind == "vote":
        weights = draw(st.none() | st.permutations(MODELS).map(_weights))
        early, tie = draw(st.sampled_from([None, True])), draw(st.sampled_from([None, "random"]))
        return stage("vote", by=draw(ways_to_compare), weights=weights, early=early, tie=tie), 1
    if kind == "rank":
        top, method = draw(st.integers(1, 3)), draw(st.sampled_from([None, "score", "pairwise"]))
        return stage("rank", model, top=top, method=method), min(top, count)
    if kind in ("distinct", "cluster"):
        return stage(kind, by=draw(ways_to_compare)), count
    if kind == "take":
        top = draw(st.integers(1, 3))
        return stage("take", item(number(top))), min(top, count)
    if kind == "shuffle":
        return stage("shuffle", seed=draw(st.integers(0, 3))), count
    if kind == "seq":
        return stage("seq", model, window=draw(st.integers(3, 4)), keep=2), 1
    if kind == "dropout":
        return stage("dropout", model, then=draw(st.sampled_from(["vote", "cluster"]))), 1
    return stage(kind, model), 1 if kind == "best" else count


def _weights(order: list[str]) -> n.MapValue:
    entries = [n.Entry(HERE, each, number(1 + len(each) / 4)) for each in order[:3]]
    return n.MapValue(HERE, tuple(entries))


@st.composite
def conditions(draw: DrawFn, place: Place) -> n.Condition:
    """Something to decide by, that says something where it stands."""
    signals = ["tokens", "field.topic"]
    if place.candidates:
        signals += ["agreement", "count", "confidence"] + ["score"] * place.scored
    operator = draw(st.sampled_from(["and", "or", "not", "", "", ""]))
    if operator == "not":
        return n.Negation(HERE, draw(conditions(place)))
    if operator:
        return n.Logic(HERE, operator, (draw(conditions(place)), draw(conditions(place))))
    signal = draw(st.sampled_from(signals))
    compare = draw(st.sampled_from(["<", ">=", "=="]))
    if signal == "field.topic":
        return n.Comparison(HERE, name(signal), (), "==", name("maths"))
    given = ()
    if signal == "confidence":
        given = (pair("judge", draw(models)),)
    if signal == "agreement":
        given = (pair("by", draw(ways_to_compare)),)
    value = draw(st.integers(1, 4)) if signal in ("tokens", "count") else draw(st.sampled_from([0.5, 2 / 3, 1]))
    return n.Comparison(HERE, name(signal), given, compare, number(value))


@st.composite
def decisions(draw: DrawFn, place: Place) -> tuple[n.Step, int]:
    """`when`, `route`, `until` and groups, with blocks inside."""
    kinds = ["when", "route", "group"] + ["until"] * (place.candidates > 0)
    kind = draw(st.sampled_from(kinds))
    body, count = draw(pipelines(place.inner(again=kind in ("group", "until"))))
    if kind == "group":
        # At the start the first round has no candidates, and what works on some may not stand first.
        if not place.candidates:
            body, count = draw(pipelines(place.inner()))
            times = 1
        else:
            times = draw(st.integers(1, 2))
        return n.Group(HERE, body, n.Repeat(HERE, times) if times > 1 else None), count
    if kind == "until":
        limit = number(draw(st.integers(1, 2)))
        return n.Until(HERE, draw(conditions(place.inner(again=True))), limit, body), max(count, place.candidates)
    other, second = draw(pipelines(place.inner()))
    counts = [count, second]
    otherwise: n.Pipeline | None = other
    if place.candidates and draw(st.booleans()):
        otherwise, counts = None, [count, place.candidates]
    if kind == "when":
        return n.When(HERE, draw(conditions(place)), body, otherwise), max(counts)
    by_field = draw(st.booleans())
    operands, given = ((), (pair("by", "kind"),)) if by_field else ((item(draw(models)),), ())
    return n.Route(HERE, operands, given, (n.Case(HERE, "maths", HERE, body),), otherwise), max(counts)


@st.composite
def pipelines(draw: DrawFn, place: Place) -> tuple[n.Pipeline, int]:
    """A pipeline, and how many candidates come out at most."""
    steps: list[n.Step] = []
    for _ in range(draw(st.integers(1, 3))):
        options = [proposals(place)]
        if place.depth > 0:
            options.append(decisions(place))
        if place.candidates:
            options += [reviews(place), reviews(place)]
        step, count = draw(st.one_of(options))
        steps.append(step)
        if isinstance(step, n.Stage) and step.name.text == "unit_tests":
            steps.append(stage("grade", item(draw(models))))
        last = steps[-1]
        scored = isinstance(last, n.Stage) and last.name.text in ("score", "grade")
        place = changed(place, candidates=count, scored=scored)
    return n.Pipeline(HERE, tuple(steps)), place.candidates


@st.composite
def programs(draw: DrawFn, *, ordered: bool = True) -> n.Module:
    """Models, prompts, a pipeline, and the topologies that it may use."""
    statements: list[n.Statement] = []
    for position, title in enumerate(MODELS):
        sources: list[n.Name | n.Literal] = [string(f"sim/{title[0]}{draw(st.integers(0, 3))}")]
        if position and draw(st.booleans()):
            sources = [name(MODELS[position - 1])] if draw(st.booleans()) else [*sources, string("sim/spare")]
        given = [pair("temperature", draw(st.sampled_from([0.1, 0.9])))] if draw(st.booleans()) else []
        given += [pair("price_in", 0.25), pair("price_out", 2)] if draw(st.integers(0, 9)) else []
        statements.append(n.ModelStatement(HERE, name(title), tuple(sources), tuple(given)))
    for title in PROMPTS:
        message = n.Message(HERE, name("user"), string(f"Be {title}. {{question}}"))
        statements.append(n.PromptStatement(HERE, name(title), (message,)))
    known: tuple[tuple[str, int], ...] = ()
    named: list[n.Statement] = []
    for title in TOPOLOGIES[: draw(st.integers(0, 3))]:
        body, count = draw(pipelines(Place(known, ordered=ordered, depth=1)))
        known += ((title, count),)
        named.append(n.TopologyStatement(HERE, name(title), body))
    body, _ = draw(pipelines(Place(known, ordered=ordered)))
    return n.Module(Source(""), (*statements, n.TopologyStatement(HERE, None, body), *named))


# Reading and changing them


def graph_of(program: n.Module | str) -> Graph:
    """The graph of a program's bare pipeline."""
    text = program if isinstance(program, str) else print_module(program)
    checked = check_source(Source(text))
    assert not checked.failed, [each.one_line() for each in checked.diagnostics]
    graph, problems = build(checked.topologies["main"])
    assert graph is not None, [each.one_line() for each in problems]
    return graph


def identity(program: n.Module | str) -> str:
    return fingerprint(graph_of(program))


def rewritten(node: N, change: Callable[[n.Node], n.Node]) -> N:
    """The tree with each node changed, inner nodes first."""

    def of(part: object) -> object:
        if isinstance(part, tuple):
            return tuple(of(each) for each in part)
        if isinstance(part, n.Node):
            return change(replace(part, **{key: of(value) for key, value in vars(part).items()}))
        return part

    return of(node)  # type: ignore[return-value]


def in_module(module: n.Module, change: Callable[[n.Node], n.Node]) -> n.Module:
    return n.Module(module.source, tuple(rewritten(each, change) for each in module.statements))


def below(part: object) -> Iterator[n.Node]:
    """All nodes of a tree."""
    if isinstance(part, tuple):
        for each in part:
            yield from below(each)
    elif isinstance(part, n.Node):
        yield part
        for each in vars(part).values():
            yield from below(each)


def definitions(module: n.Module) -> dict[str, n.Statement]:
    """The statements by name; the bare pipeline is `main`."""
    return {each.name.text if each.name else "main": each for each in module.statements}


def used(module: n.Module) -> list[n.TopologyStatement]:
    """The bare pipeline, and the topologies that it uses, directly or not."""
    known, found, todo = definitions(module), [], ["main"]
    while todo:
        statement = known[todo.pop()]
        if isinstance(statement, n.TopologyStatement) and statement not in found:
            found.append(statement)
            todo += [each.text for each in below(statement.body) if isinstance(each, n.Name) and each.text in known]
    return found


def used_layers(module: n.Module) -> list[n.Stage]:
    """The layers that are surely in the graph."""
    stages = [each for statement in used(module) for each in below(statement.body) if isinstance(each, n.Stage)]
    return [each for each in stages if each.name.text == "layer"]


def proposers(layer: n.Stage) -> list[str]:
    listed = layer.operands[0].value
    assert isinstance(listed, n.ListValue)
    return [each.value.text for each in listed.items if isinstance(each.value, n.Name)]


def gates(graph: Graph) -> int:
    return sum(isinstance(node, Gate) for node in graph.nodes.values())


def swapped(module: n.Module, old: n.Node, new: n.Node) -> n.Module:
    """The program with every node that is equal to `old` exchanged."""
    return in_module(module, lambda node: new if node == old else node)


def with_one_more(module: n.Module, data: DataObject) -> n.Module:
    """The program with one more sample of a proposer."""
    assume(used_layers(module))
    layer = data.draw(st.sampled_from(used_layers(module)))
    listed = layer.operands[0].value
    assert isinstance(listed, n.ListValue)
    more = replace(listed, items=(*listed.items, data.draw(st.sampled_from(listed.items))))
    return swapped(module, layer, replace(layer, operands=(replace(layer.operands[0], value=more),)))


# Laws


class TestFingerprintStays:
    @law(40)
    @given(programs(), st.data())
    def test_when_things_are_renamed(self, module: n.Module, data: DataObject) -> None:
        old = [*MODELS, *TOPOLOGIES, *PROMPTS]
        new = data.draw(st.permutations([*old, "a", "b-1", "ns.c"]))
        to = dict(zip(old, new, strict=False))

        def rename(node: n.Node) -> n.Node:
            if isinstance(node, n.Name):
                return replace(node, text=to.get(node.text, node.text))
            return replace(node, key=to.get(node.key, node.key)) if isinstance(node, n.Entry) else node

        assert identity(in_module(module, rename)) == identity(module)

    @law(40)
    @given(programs(ordered=False), st.data())
    def test_when_proposers_stand_in_another_order(self, module: n.Module, data: DataObject) -> None:
        def shuffle(node: n.Node) -> n.Node:
            if not isinstance(node, n.ListValue):
                return node
            return replace(node, items=tuple(data.draw(st.permutations(node.items))))

        before, after = graph_of(module), graph_of(in_module(module, shuffle))
        # A decision between two equal sides is none: the order may make them equal, or not.
        assume(gates(before) == gates(after))
        # Which proposer of a layer draws the very sample that another branch draws too is a matter of order.
        assume(len(before.nodes) == len(after.nodes))
        assert fingerprint(after) == fingerprint(before)

    @law(40)
    @given(programs(), st.data())
    def test_when_statements_stand_in_another_order(self, module: n.Module, data: DataObject) -> None:
        order = data.draw(st.permutations(module.statements))
        assert identity(n.Module(module.source, tuple(order))) == identity(module)

    @law(40)
    @given(programs(), st.data())
    def test_when_the_layout_changes(self, module: n.Module, data: DataObject) -> None:
        text = print_module(module)
        loose = data.draw(loosened(text))
        assert (
            identity(loose)
            == identity(format_source(Source(text)))
            == identity(format_source(Source(loose)))
            == identity(text)
        )

    @law(40)
    @given(programs())
    def test_when_topologies_are_written_out(self, module: n.Module) -> None:
        bodies = {key: each.body for key, each in definitions(module).items() if isinstance(each, n.TopologyStatement)}

        def write_out(node: n.Node) -> n.Node:
            """A topology in a list once is written out too; twice, it would no longer be one that is sampled twice."""
            if isinstance(node, n.Pipeline):
                return replace(node, steps=tuple(written_out(step) for step in node.steps))
            if isinstance(node, n.ListValue):
                alone = [each for each in node.items if each.repeat is None and node.items.count(each) == 1]
                alone = [each for each in alone if [entry.value for entry in node.items].count(each.value) == 1]
                return replace(
                    node, items=tuple(item(out(each.value)) if each in alone else each for each in node.items)
                )
            return node

        def written_out(step: n.Step) -> n.Step:
            return (
                n.Group(HERE, bodies[step.name.text])
                if isinstance(step, n.Stage) and step.is_bare and step.name.text in bodies
                else step
            )

        def out(value: n.Value | n.Group) -> n.Value | n.Group:
            return n.Group(HERE, bodies[value.text]) if isinstance(value, n.Name) and value.text in bodies else value

        assert identity(in_module(module, write_out)) == identity(module)

    @law(40)
    @given(programs())
    def test_when_prices_change(self, module: n.Module) -> None:
        def price(node: n.Node) -> n.Node:
            return (
                replace(node, value=number(9)) if isinstance(node, n.Setting) and node.name.text == "price_in" else node
            )

        assert identity(in_module(module, price)) == identity(module)


class TestFingerprintChanges:
    @law(40)
    @given(programs(ordered=False), st.data())
    def test_when_a_sample_is_added(self, module: n.Module, data: DataObject) -> None:
        assert identity(with_one_more(module, data)) != identity(module)

    @law(40)
    @given(programs(ordered=False), st.data())
    def test_when_a_model_is_exchanged(self, module: n.Module, data: DataObject) -> None:
        asked = [each for layer in used_layers(module) for each in proposers(layer) if each in MODELS]
        assume(asked)
        model = definitions(module)[data.draw(st.sampled_from(asked))]
        while isinstance(model.sources[0], n.Name):
            model = definitions(module)[model.sources[0].text]
        other = replace(model, sources=(string("sim/other"), *model.sources[1:]))
        assert identity(swapped(module, model, other)) != identity(module)

    @law(40)
    @given(programs(ordered=False), st.data())
    def test_when_a_temperature_changes(self, module: n.Module, data: DataObject) -> None:
        layers_of_models = [each for each in used_layers(module) if set(proposers(each)) & set(MODELS)]
        assume(layers_of_models)
        layer = data.draw(st.sampled_from(layers_of_models))
        kept = tuple(each for each in layer.settings if each.name.text != "temperature")
        assert identity(
            swapped(module, layer, replace(layer, settings=(*kept, pair("temperature", 0.33))))
        ) != identity(module)


class TestGraph:
    @law(60)
    @given(programs())
    def test_each_node_stands_behind_the_nodes_that_it_reads(self, module: n.Module) -> None:
        graph = graph_of(module)
        seen: set[str] = set()
        for key, node in graph.nodes.items():
            assert key == node.id
            assert key not in seen
            assert {ref.node for _, ref in node.inputs} <= seen
            seen.add(key)
        assert {ref.node for ref in graph.outputs} <= seen

    @law(60)
    @given(programs())
    def test_nothing_is_left_that_nobody_reads(self, module: n.Module) -> None:
        graph = graph_of(module)
        read = {ref.node for node in graph.nodes.values() for _, ref in node.inputs} | {
            ref.node for ref in graph.outputs
        }
        assert read == set(graph.nodes)

    @law(60)
    @given(programs())
    def test_it_survives_interchange(self, module: n.Module) -> None:
        graph = graph_of(module)
        again = from_json(json.loads(json.dumps(to_json(graph))))
        assert again.nodes == graph.nodes
        assert list(again.nodes) == list(graph.nodes)
        assert again.outputs == graph.outputs
        assert again.name == graph.name
        assert fingerprint(again) == fingerprint(graph)
        assert plan(again) == plan(graph)


class TestPlan:
    @law(80)
    @given(programs())
    def test_its_bounds_are_in_order(self, module: n.Module) -> None:
        graph = graph_of(module)
        found = plan(graph)
        assert 0 <= found.calls.low <= found.calls.high <= len(list(graph.calls))
        assert 0 <= found.depth.low <= found.depth.high <= found.calls.high
        assert found.depth.low <= found.calls.low
        assert (found.depth.low > 0) == (found.calls.low > 0)
        assert (found.cost is None) == bool(found.unpriced)
        for estimate in (found.cost, found.latency, found.tokens_in, found.tokens_out):
            assert estimate is None or 0 <= estimate.low <= estimate.expected <= estimate.high

    @law(40)
    @given(programs())
    def test_the_shares_of_models_are_parts_of_it(self, module: n.Module) -> None:
        found = plan(graph_of(module))
        assert sum(each.calls.low for each in found.models) <= found.calls.low
        assert sum(each.calls.high for each in found.models) >= found.calls.high
        for each in found.models:
            assert 0 <= each.calls.low <= each.calls.high <= found.calls.high
            assert each.cost is None or 0 <= each.cost.low <= each.cost.expected <= each.cost.high
        if found.cost is not None:
            costs = [each.cost for each in found.models if each.cost is not None]
            assert sum(each.expected for each in costs) == pytest.approx(found.cost.expected)
            assert max(each.high for each in costs) <= found.cost.high * 1.000001

    @law(40)
    @given(programs(ordered=False), st.data())
    def test_one_more_sample_makes_nothing_smaller(self, module: n.Module, data: DataObject) -> None:
        before, after = plan(graph_of(module)), plan(graph_of(with_one_more(module, data)))
        assert after.calls.high >= before.calls.high
        assert after.depth.high >= before.depth.high
        assert after.tokens_out.high >= before.tokens_out.high
