"""Laws of spaces, on spaces that nobody wrote by hand."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moaql.check.checker import check_source
from moaql.errors import UsageError
from moaql.searching.space.distributions import params_of, point_of
from moaql.searching.space.find import SearchPlan, find_search
from moaql.searching.space.identity import identity
from moaql.searching.space.winner import write_winner
from moaql.source import Source
from tests.searching.space.spaces import HEAD, program_of

law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

MODEL = st.sampled_from(["qwen", "llama", "mini", "?(gpt4o | mistral)", "qwen x?(1..2)", "panel", "?(mini | panel x2)"])
PROPOSERS = st.one_of(
    st.lists(MODEL, min_size=1, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
    st.lists(MODEL, min_size=2, max_size=4).map(lambda each: f"?(1..2 of [{', '.join(each)}])"),
)
SETTINGS = st.sampled_from(["", " temperature=?(0.2..1.0)", " max_tokens=?(1k | 300)", " quorum=?(1..3)", " x?(1..3)"])
LAYER = st.tuples(PROPOSERS, SETTINGS).map(lambda pair: f"layer {pair[0]}{pair[1]}")
END = st.sampled_from(
    [
        "vote by=?(number | exact)",
        "agg ?(gpt4o | mini) prompt=?(careful | default)",
        "rank gpt4o top=?(1..3) -> agg mini",
        "when agreement >= ?(0.5 | 2/3) { vote } else { agg ?(mini | panel_judge) }",
        "?(skip | critic ?(mini | llama)) -> ?(vote | agg gpt4o | take ?(1..2) -> vote)",
    ]
)
PIPELINE = st.tuples(
    LAYER, st.sampled_from(["", " -> ?(skip | layer [panel, mini])", " -> layer [llama]x?(1..2)"]), END
).map(lambda parts: f"{parts[0]}{parts[1]} -> {parts[2]}")
BEFORE = 'model panel_judge = "sim/judge"\ntopology panel = layer ?(1..2 of [qwen, llama]) -> ?(vote | agg mini)\n'


def searched(pipeline: str) -> SearchPlan | None:
    """The search of a pipeline, where it can be searched."""
    program = program_of(pipeline, BEFORE)
    assert not program.failed, program.diagnostics
    try:
        return find_search(program)
    except UsageError:
        return None


@law
@given(PIPELINE, st.randoms(use_true_random=False))
def test_every_point_is_a_program_without_errors_or_has_a_problem(pipeline: str, source: random.Random) -> None:
    search = searched(pipeline)
    for _ in range(4 if search is not None else 0):
        point = search.space.sample(source)
        search.space.check(point)
        filled = search.space.fill(point)
        read = check_source(Source(HEAD + BEFORE.partition("topology")[0] + filled.text))
        if filled.problem is None:
            assert not read.failed, (filled.text, read.diagnostics)
            from moaql.graph.build import build

            graph, _ = build(read.topologies["main"])
            assert graph is not None
            assert identity(graph) == identity(filled.graph)
        else:
            codes = {each.code for each in read.diagnostics if each.severity == "error"}
            assert filled.problem.code in codes | {"E405"}


@law
@given(PIPELINE, st.randoms(use_true_random=False))
def test_points_go_round_through_parameters_and_repair(pipeline: str, source: random.Random) -> None:
    search = searched(pipeline)
    for _ in range(10 if search is not None else 0):
        point = search.space.sample(source)
        assert point_of(search.space, params_of(search.space, point)) == point
        assert search.space.repair(dict(point)) == point


@law
@given(PIPELINE, st.randoms(use_true_random=False))
def test_neighbours_are_other_points(pipeline: str, source: random.Random) -> None:
    search = searched(pipeline)
    if search is None:
        return
    point = search.space.sample(source)
    for _ in range(10):
        other = search.space.neighbours(point, source)
        search.space.check(other)
        assert other != point
        both = [name for name in point if name in other and point[name] != other[name]]
        assert len(both) == 1
        point = other


@law
@given(PIPELINE)
def test_a_space_is_as_large_as_its_list(pipeline: str) -> None:
    search = searched(pipeline)
    if search is None or search.space.size > 3000:
        return
    points = list(search.space.points())
    assert len(points) == len(set(points)) == search.space.size


@law
@given(PIPELINE, st.randoms(use_true_random=False))
def test_a_written_winner_is_the_point(pipeline: str, source: random.Random) -> None:
    search = searched(pipeline)
    if search is None:
        return
    point = search.space.sample(source)
    filled = search.space.fill(point)
    program = program_of(pipeline, BEFORE)
    if filled.problem is not None:
        with pytest.raises(UsageError):
            write_winner(program, find_search(program), point)
        return
    again = check_source(Source(write_winner(program, find_search(program), point)))
    from moaql.api.contestants import graph_of

    assert identity(graph_of(again.topologies["auto"])) == identity(filled.graph)
