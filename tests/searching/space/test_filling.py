"""Points beside the programs that they are."""

import pytest

from moaql.api.contestants import graph_of
from moaql.check.checker import check_source
from moaql.diagnostics import Diagnostic
from moaql.graph.fingerprint import fingerprint
from moaql.source import Source
from tests.searching.space.spaces import HEAD, program_of, space_of, texts

FILLED = {
    "layer ?(1..2 of [qwen, llama]) x?(1..2) -> vote": [
        "layer [qwen] -> vote",
        "layer [qwen]x2 -> vote",
        "layer [llama] -> vote",
        "layer [llama]x2 -> vote",
        "layer [qwen, llama] -> vote",
        "layer [qwen, llama]x2 -> vote",
    ],
    "qwen -> ?(skip | critic ?(llama | mini)) -> agg gpt4o": [
        "qwen -> agg gpt4o",
        "qwen -> critic llama -> agg gpt4o",
        "qwen -> critic mini -> agg gpt4o",
    ],
    "?(qwen | layer [llama]) x?(1..2) -> vote": [
        "qwen -> vote",
        "qwen x2 -> vote",
        "layer [llama] -> vote",
        "layer [llama]x2 -> vote",
    ],
    "?(qwen -> mini | llama) x2": ["(qwen -> mini)x2", "llama x2"],
    "?((qwen -> mini) | llama) x2": ["(qwen -> mini)x2", "llama x2"],
    "layer [qwen, llama] -> layer [mini]x2 prompt=[?(careful | default), careful] temperature=?(none | 0.5)": [
        "layer [qwen, llama] -> layer [mini]x2 prompt=[careful, careful] temperature=none",
        "layer [qwen, llama] -> layer [mini]x2 prompt=[careful, careful] temperature=0.5",
        "layer [qwen, llama] -> layer [mini]x2 prompt=[default, careful] temperature=none",
        "layer [qwen, llama] -> layer [mini]x2 prompt=[default, careful] temperature=0.5",
    ],
    "layer [qwen, llama] -> vote weights={qwen: ?(1 | 2)}": [
        "layer [qwen, llama] -> vote weights={qwen: 1}",
        "layer [qwen, llama] -> vote weights={qwen: 2}",
    ],
    "layer [?(qwen | [llama, mini]x2) x2, gpt4o] -> vote": [
        "layer [qwen x2, gpt4o] -> vote",
        "layer [[llama, mini]x4, gpt4o] -> vote",
    ],
    "layer [?(1..1 of [qwen, llama]), gpt4o] -> vote": ["layer [qwen, gpt4o] -> vote", "layer [llama, gpt4o] -> vote"],
    "layer ?(qwen | (qwen -> mini) | [llama, mini]) -> vote": [
        "layer qwen -> vote",
        "layer [(qwen -> mini)] -> vote",
        "layer [llama, mini] -> vote",
    ],
    "layer proposers=?(1..1 of [qwen, llama]) x?(2..3) -> vote": [
        "layer proposers=[qwen]x2 -> vote",
        "layer proposers=[qwen]x3 -> vote",
        "layer proposers=[llama]x2 -> vote",
        "layer proposers=[llama]x3 -> vote",
    ],
    "layer [qwen] timeout=?(500ms..2s by 500ms)": [
        "layer [qwen] timeout=0.5s",
        "layer [qwen] timeout=1s",
        "layer [qwen] timeout=1.5s",
        "layer [qwen] timeout=2s",
    ],
    "qwen x3 -> when agreement by=?(number | exact) >= ?(50% | 2/3) { vote } else { agg gpt4o }": [
        "qwen x3 -> when agreement by=number >= 50% { vote } else { agg gpt4o }",
        "qwen x3 -> when agreement by=number >= 2/3 { vote } else { agg gpt4o }",
        "qwen x3 -> when agreement by=exact >= 50% { vote } else { agg gpt4o }",
        "qwen x3 -> when agreement by=exact >= 2/3 { vote } else { agg gpt4o }",
    ],
    "until agreement >= 0.6 max ?(2..3) { layer [qwen]x2 } -> vote": [
        "until agreement >= 0.6 max 2 { layer [qwen]x2 } -> vote",
        "until agreement >= 0.6 max 3 { layer [qwen]x2 } -> vote",
    ],
    "route qwen { case easy { ?(mini | llama) } else { gpt4o } }": [
        "route qwen { case easy { mini } else { gpt4o } }",
        "route qwen { case easy { llama } else { gpt4o } }",
    ],
    "layer [qwen, llama] -> agg gpt4o prompt=?(careful | default) max_tokens=?(1k | 800)": [
        "layer [qwen, llama] -> agg gpt4o prompt=careful max_tokens=1k",
        "layer [qwen, llama] -> agg gpt4o prompt=careful max_tokens=800",
        "layer [qwen, llama] -> agg gpt4o prompt=default max_tokens=1k",
        "layer [qwen, llama] -> agg gpt4o prompt=default max_tokens=800",
    ],
    "layer [qwen, llama]x?(1..2) -> vote weights=?": [
        "layer [qwen, llama] -> vote weights=?",
        "layer [qwen, llama]x2 -> vote weights=?",
    ],
}


@pytest.mark.parametrize("pipeline", FILLED)
def test_a_point_is_the_text_that_somebody_would_have_written(pipeline: str) -> None:
    assert texts(space_of(pipeline)) == FILLED[pipeline]


@pytest.mark.parametrize("pipeline", FILLED)
def test_the_text_means_what_the_topology_does(pipeline: str) -> None:
    space = space_of(pipeline)
    for point in space.points():
        filled = space.fill(point)
        assert filled.problem is None
        read = check_source(Source(HEAD + filled.text))
        assert not read.failed
        assert fingerprint(graph_of(read.topologies["main"])) == fingerprint(graph_of(filled.topology))
        assert fingerprint(filled.graph) == fingerprint(graph_of(filled.topology))


def test_named_topologies_are_filled_where_they_stand_and_shown_behind_the_pipeline() -> None:
    space = space_of(
        "layer [mid, mini] -> vote", "topology deep = ?(qwen | llama)\ntopology mid = deep -> agg ?(gpt4o | mini)\n"
    )
    assert texts(space)[:2] == [
        "layer [mid, mini] -> vote topology mid = deep -> agg gpt4o topology deep = qwen",
        "layer [mid, mini] -> vote topology mid = deep -> agg mini topology deep = qwen",
    ]
    calls = [sorted(call.model.name for call in space.fill(point).graph.calls) for point in space.points()]
    assert calls == [
        ["gpt4o", "mini", "qwen"],
        ["mini", "mini", "qwen"],
        ["gpt4o", "llama", "mini"],
        ["llama", "mini", "mini"],
    ]


def test_holes_in_an_imported_file_are_filled_with_the_names_of_that_file(tmp_path) -> None:
    (tmp_path / "parts.moaql").write_text(
        'model qwen = "sim/other"\ntopology panel = layer [qwen, a] x?(1..2) -> vote\nmodel a = "sim/a"\n',
        encoding="utf-8",
    )
    space = space_of("ns.panel", 'import "parts.moaql" as ns\n', folder=tmp_path)
    assert [each.name for each in space.dimensions] == ["panel.layer1.x"]
    called = [[call.model.id for call in space.fill(point).graph.calls] for point in space.points()]
    assert called == [["sim/other", "sim/a"], ["sim/other", "sim/other", "sim/a", "sim/a"]]


def test_what_only_one_combination_makes_wrong_is_its_problem() -> None:
    space = space_of("layer ?(1..2 of [qwen, llama]) x?(1..2) quorum=?(1..4) -> vote")
    problems = {filled.point: filled.reason for filled in map(space.fill, space.points()) if filled.problem is not None}
    assert set(problems.values()) == {
        "E319: a quorum of 2 is never there: 1 answers are asked for",
        "E319: a quorum of 3 is never there: 1 answers are asked for",
        "E319: a quorum of 4 is never there: 1 answers are asked for",
        "E319: a quorum of 3 is never there: 2 answers are asked for",
        "E319: a quorum of 4 is never there: 2 answers are asked for",
    }
    wrong = space.fill(next(iter(problems)))
    assert isinstance(wrong.problem, Diagnostic)
    assert wrong.problem.source.name == "p.moaql"
    with pytest.raises(ValueError, match="no topology: E319"):
        _ = wrong.graph


def test_a_point_too_large_to_be_meant_is_its_problem() -> None:
    space = space_of("(layer [llama]x100)x?(1..300 by 299) -> vote")
    assert [space.fill(point).reason[:4] for point in space.points()] == ["", "E405"]


def test_filling_leaves_the_program_as_it_was() -> None:
    program = program_of("layer ?(1..2 of [qwen, llama]) quorum=2 -> vote")
    from moaql.searching.space.find import find_search

    space = find_search(program).space
    before = list(program.unit.diagnostics)
    assert [space.fill(point).problem is None for point in space.points()] == [False, False, True]
    assert program.unit.diagnostics == before
