"""Topologies with a defence put in, with another aggregator, or without a member."""

from pathlib import Path
from typing import Any

import pytest
from evaluation.diagnosis.made import graph, program

import moaql
from moaql.evaluation.diagnosis.leave_out import only_selects, without
from moaql.evaluation.diagnosis.rewrite import NoVariant, with_aggregator, with_cluster, with_dropout
from moaql.graph.fingerprint import fingerprint


def same(found: Any, text: str) -> bool:
    """Whether a graph is what a program means."""
    return fingerprint(found) == fingerprint(graph(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("layer [a, b, c] -> agg e", "layer [a, b, c] -> cluster by=number -> agg e"),
        ("layer [a, b, c] -> vote number", "layer [a, b, c] -> cluster by=number -> vote number"),
        ("(layer [a, b, c] -> agg e) x2", "(layer [a, b, c] -> cluster by=number -> agg e) x2"),
        ("(layer [a, b, c]) x3 -> agg e", "layer [a, b, c] -> cluster by=number -> (layer [a, b, c]) x2 -> agg e"),
        (
            "topology drafts = layer [a, b, c] -> layer [d]\ntopology main2 = drafts -> agg e",
            "layer [a, b, c] -> cluster by=number -> layer [d] -> agg e",
        ),
    ],
)
def test_a_cluster_stands_before_the_first_stage_that_reads(text: str, expected: str) -> None:
    loaded = program(text)
    assert same(with_cluster(loaded.topology("main2" if "main2" in text else None), "number"), expected)


def test_whole_texts_are_clustered_where_no_answer_can_be_read() -> None:
    assert same(with_cluster(program("layer [a, b] -> agg e").topology(), None), "layer [a, b] -> cluster -> agg e")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("layer [a, b]", "no stage reads the candidates"),
        ("when tokens > 5 { layer [a, b] -> vote } else { layer [a, c] -> vote }", "begins with a branch"),
    ],
)
def test_where_no_cluster_can_stand(text: str, why: str) -> None:
    with pytest.raises(NoVariant, match=why):
        with_cluster(program(text).topology(), "number")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "layer [a, b, c] -> agg e temperature=0.3 refs_in=user",
            "layer [a, b, c] -> dropout e temperature=0.3 by=number",
        ),
        ("layer [a, b, c] -> seq e window=3 keep=1", "layer [a, b, c] -> dropout e by=number"),
        (
            "layer [a, b] -> agg c -> layer [a, b] -> agg e",
            "layer [a, b] -> agg c -> layer [a, b] -> dropout e by=number",
        ),
        (
            "a x3 -> when agreement >= 2/3 { vote } else { layer [b, c] -> agg e }",
            "a x3 -> when agreement >= 2/3 { vote } else { layer [b, c] -> dropout e by=number }",
        ),
        (
            "layer [a, b] -> route e { case math { agg c } case law { agg d } }",
            "layer [a, b] -> route e { case math { agg c } case law { dropout d by=number } }",
        ),
    ],
)
def test_dropout_takes_the_place_of_the_last_aggregator(text: str, expected: str) -> None:
    assert same(with_dropout(program(text).topology(), "number"), expected)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("layer [a, b] -> vote", "there is no aggregator"),
        ("layer [a, b] -> dropout e", "has it already"),
        ("layer [a, b]x4 -> agg e", "255 aggregating calls"),
    ],
)
def test_where_there_can_be_no_dropout(text: str, why: str) -> None:
    with pytest.raises(NoVariant, match=why):
        with_dropout(program(text).topology(), "number")


def test_an_aggregator_is_swapped_with_all_else_the_same(tmp_path: Path) -> None:
    text = "layer [a, b] -> agg e temperature=0.2"
    (model,) = [call.model for call in graph("layer [a, b] -> vote").calls if call.model.name == "b"]
    assert same(with_aggregator(program(text).topology(), model), "layer [a, b] -> agg b temperature=0.2")
    named = "topology panel = layer [a, b] -> agg model=e\ntopology main2 = panel"
    assert same(with_aggregator(program(named).topology("main2"), model), "layer [a, b] -> agg b")


def test_models_by_id_and_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "models.moaql").write_text('model one = "sim/gpt-4o"\nmodel two = "sim/dbrx-instruct"\n')
    (tmp_path / "p.moaql").write_text('import "models.moaql" as m\nlayer [m.one, "sim/weak"] -> agg m.two\n')
    topology = moaql.load(tmp_path / "p.moaql").topology()
    for model in [call.model for call in topology.graph.calls if call.purpose == "propose"]:
        found = [call.model.id for call in with_aggregator(topology, model).calls if call.purpose == "aggregate"]
        assert found == [model.id]


def test_a_topology_that_selects_can_do_without_a_member() -> None:
    full = graph("layer [a, b, c] -> vote number")
    assert only_selects(full)
    assert fingerprint(without(full, "layer1/b")) == fingerprint(graph("layer [a, c] -> vote number"))
    quorum = graph("layer [a, b, c] quorum=2 -> vote early=true")
    less = without(quorum, "layer1/b")
    assert without(less, "layer1/a") is None
    assert next(len(node.inputs) for node in less.nodes.values() if not hasattr(node, "purpose")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "layer [a, b] -> agg e",
        "a x3 -> when agreement > 1/2 { vote } else { layer [b] }",
        "layer [a, b] -> rank e top=1",
    ],
)
def test_others_are_not_run_without_a_member(text: str) -> None:
    assert not only_selects(graph(text))
