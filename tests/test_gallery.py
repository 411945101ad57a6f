"""Every published ensemble as a program: checked, formatted, drawn, planned with the published number of calls, and run."""

import xml.etree.ElementTree
from pathlib import Path

import pytest

import moaql
from moaql.check.checker import check_file
from moaql.graph.build import build
from moaql.graph.draw import FORMATS
from moaql.graph.fingerprint import fingerprint
from moaql.graph.interchange import from_json, to_json
from moaql.graph.nodes import Graph
from moaql.graph.plan import plan
from moaql.language.formatter import format_source

PROGRAMS = Path(__file__).resolve().parent.parent / "programs"
FILES = sorted(path.name for path in PROGRAMS.glob("*.moaql"))
NOT_RUN = {"models.moaql", "search_space.moaql"}

# Least and most calls, least and most calls that wait for one another.
PUBLISHED = {
    "adaptive_consistency": (4, 40, 1, 1),
    "archon_fusion": (11, 11, 4, 4),
    "archon_moa": (19, 19, 4, 4),
    "archon_unit_tests": (11, 11, 2, 2),
    "best_of_n": (9, 9, 2, 2),
    "cluster_filter": (7, 7, 2, 2),
    "confidence_fallback": (1, 2, 1, 2),
    "council": (9, 9, 3, 3),
    "dipper": (3, 3, 1, 1),
    "dropout_vote": (4 + 15, 4 + 15, 2, 2),  # 2^4 - 1 subsets
    "frugal_gpt": (2, 5, 2, 5),
    "llm_blender": (6 + 30 + 1, 6 + 30 + 1, 3, 3),  # all ordered pairs of six
    "moa": (13, 13, 3, 3),
    "moa_lite": (7, 7, 2, 2),
    "multi_proposer": (7, 7, 2, 2),
    "multi_round_moa": (8, 8, 4, 4),
    "one_liner": (5, 5, 2, 2),
    "quickstart": (3, 8, 1, 3),
    "refine_until_confident": (5, 14, 3, 8),
    "route_llm": (2, 2, 2, 2),
    "self_consistency": (40, 40, 1, 1),
    "self_moa": (7, 7, 2, 2),
    "self_moa_seq": (30 + 9, 30 + 9, 10, 10),
    "single_proposer": (7, 7, 2, 2),
    "specialists": (2, 6, 2, 3),
    "universal_self_consistency": (9, 9, 2, 2),
}
WARNINGS = {"archon_moa.moaql": ["W509"]}


def graphs(name: str) -> list[Graph]:
    program = moaql.load(PROGRAMS / name)
    return [moaql.build(program, topology) for topology in program.topologies]


@pytest.mark.parametrize("name", FILES)
def test_a_program_is_free_of_mistakes_and_formatted(name: str) -> None:
    program = check_file(str(PROGRAMS / name))
    assert [each.code for each in program.diagnostics] == WARNINGS.get(name, [])
    assert format_source(program.source) == program.source.text


@pytest.mark.parametrize("name", [name for name in FILES if name not in NOT_RUN])
def test_a_program_names_its_source(name: str) -> None:
    assert (PROGRAMS / name).read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize(("name", "numbers"), PUBLISHED.items())
def test_it_makes_the_published_number_of_calls(name: str, numbers: tuple[int, int, int, int]) -> None:
    (graph,) = graphs(f"{name}.moaql")
    planned = plan(graph)
    assert (planned.calls.low, planned.calls.high, planned.depth.low, planned.depth.high) == numbers
    assert planned.exact
    assert planned.unpriced == ()


def test_no_program_is_left_out() -> None:
    assert {f"{name}.moaql" for name in PUBLISHED} | NOT_RUN | {"more_agents.moaql", "compare.moaql"} == set(FILES)


def test_both_topologies_of_more_agents_make_fifteen_calls() -> None:
    assert [plan(graph).calls.high for graph in graphs("more_agents.moaql")] == [15, 15]


def test_the_topologies_that_are_compared_make_one_to_six_calls() -> None:
    assert [plan(graph).calls.high for graph in graphs("compare.moaql")] == [1, 5, 6, 4]


@pytest.mark.parametrize("name", [name for name in FILES if name not in NOT_RUN])
@pytest.mark.parametrize("format_name", FORMATS.built_in)
def test_a_program_is_drawn_in_every_format(name: str, format_name: str) -> None:
    draw = FORMATS.find(format_name)
    assert draw is not None
    for graph in graphs(name):
        drawing = draw(graph)
        for model in {call.model.name for call in graph.calls}:
            assert model in drawing
        if format_name == "svg":
            assert xml.etree.ElementTree.fromstring(drawing).tag.endswith("svg")


@pytest.mark.parametrize("name", [name for name in FILES if name not in NOT_RUN])
def test_its_json_form_is_lossless(name: str) -> None:
    for graph in graphs(name):
        again = from_json(to_json(graph))
        assert list(again.nodes.items()) == list(graph.nodes.items())
        assert again.outputs == graph.outputs
        assert fingerprint(again) == fingerprint(graph)


def test_the_space_is_searched_not_run() -> None:
    program = check_file(str(PROGRAMS / "search_space.moaql"))
    assert list(program.searches) == ["auto"]
    assert program.topologies == {}


def test_a_program_with_a_hole_has_no_graph() -> None:
    program = moaql.parse('model a = "sim/a"\ntopology t = a x?(1..3) -> vote')
    graph, diagnostics = build(program.topologies["t"])
    assert graph is None
    assert [(each.code, each.span.start) for each in diagnostics] == [("E402", 34)]


QUESTIONS = [
    "A shop sells shells in packs of 9. Chen needs 24 shells. How many packs must Chen buy?",
    "What is 17 * 23?",
    "How do I keep basil alive through the winter?",
]


@pytest.mark.parametrize("name", [name for name in FILES if name not in NOT_RUN])
def test_it_runs_on_simulated_models(name: str) -> None:
    """Every topology answers every question, with as many calls as its plan says, and at a price that lies in the plan's range."""
    for topology in moaql.load(PROGRAMS / name).topologies.values():
        assert isinstance(topology, moaql.Topology)
        planned = plan(topology.graph)
        assert planned.cost is not None
        for done in topology.batch(QUESTIONS, bank="none"):
            assert done.error is None
            answer = done.answer
            assert answer is not None
            assert answer.text.strip()
            assert answer.losses == ()
            assert answer.simulated
            assert planned.calls.low <= len(answer.said) <= planned.calls.high
            assert answer.cost is not None
            assert planned.cost.low / 4 <= answer.cost <= planned.cost.high
            assert answer.paid is not None
            assert 0 < answer.paid <= answer.cost + 1e-12  # two equal drafts are judged by one call, paid once


def test_the_same_run_gives_the_same_answer() -> None:
    panel = moaql.load(PROGRAMS / "moa_lite.moaql").topology()
    first, second = (panel.run(QUESTIONS[2], bank="none") for _ in range(2))
    assert first.text == second.text
    assert [each.text for each in first.candidates] == [each.text for each in second.candidates]
    assert first.latency_s == pytest.approx(second.latency_s)
