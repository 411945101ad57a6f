"""Points, topologies and dollars of a whole space; what makes two points one topology."""

import json
import random

import pytest

from moaql.check.checker import check_file, check_source
from moaql.errors import UsageError
from moaql.graph.build import build
from moaql.graph.plan import plan
from moaql.searching.space.find import find_search
from moaql.searching.space.identity import identity
from moaql.searching.space.plan import plan_search
from moaql.searching.space.survey import LISTED, Distinct, distinct, survey
from moaql.source import Source
from tests.searching.space.spaces import HEAD, search_of, space_of


def key_of(pipeline: str) -> str:
    graph, _ = build(check_source(Source(HEAD + pipeline)).topologies["main"])
    assert graph is not None
    return identity(graph)


SAME = [
    ("layer [qwen, llama] -> vote", "layer [llama, qwen] -> vote"),
    ("layer [qwen, llama]x2 -> agg mini", "layer [llama, qwen, llama, qwen] -> agg mini"),
    ("layer [qwen x2, llama] -> vote tie=first", "layer [llama, qwen, qwen] -> vote tie=first"),
    ("layer [qwen, llama] -> layer [mini, gpt4o] -> vote", "layer [llama, qwen] -> layer [gpt4o, mini] -> vote"),
    ("qwen -> agg mini", "(qwen) -> agg mini"),
]
DIFFERENT = [
    ("layer [qwen, llama] -> vote", "layer [qwen, mini] -> vote"),
    ("layer [qwen, llama]x2 -> vote", "layer [qwen x3, llama] -> vote"),
    ("layer [qwen, llama] -> vote tie=first", "layer [qwen, llama] -> vote tie=random"),
    # Without an aggregator the first candidate is the answer.
    ("layer [qwen, llama]", "layer [llama, qwen]"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_order_of_members_makes_no_other_topology(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_does_something_else_is_another_topology(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


def test_permuted_members_of_drawn_layers_are_one_topology() -> None:
    source = random.Random(3)
    for _ in range(40):
        members = [source.choice(["qwen", "llama", "mini", "gpt4o"]) for _ in range(source.randrange(2, 6))]
        shuffled = source.sample(members, len(members))
        behind = source.choice(
            ["vote by=number", "agg mistral", "rank mini top=1", "critic mini -> agg mistral", "cluster"]
        )
        assert key_of(f"layer [{', '.join(members)}] -> {behind}") == key_of(
            f"layer [{', '.join(shuffled)}] -> {behind}"
        )


def test_points_that_are_one_topology_are_counted_once() -> None:
    # [qwen] x2 and `qwen x2` are one, so are both orders; a quorum of 3 is never there for two answers.
    space = space_of("layer ?([qwen, llama] | [llama, qwen] | [qwen]x2) quorum=?(1..3) -> vote")
    assert distinct(space) == Distinct(points=9, topologies=4, invalid=3, exact=True, method=LISTED)


def test_a_large_space_is_estimated_and_says_so() -> None:
    space = space_of("layer ?(1..3 of [qwen, llama, mini]) x?(1..10) temperature=?(0..1) quorum=?(1..4)")
    found = distinct(space, limit=300)
    assert found.points == space.size == 7 * 10 * 6 * 4
    assert not found.exact
    assert "300 points drawn" in found.method
    wrong = sum(space.fill(point).problem is not None for point in space.points())
    assert found.invalid == pytest.approx(wrong, abs=0.03 * space.size)


def test_an_estimate_counts_what_is_drawn_twice() -> None:
    space = space_of("layer [qwen] temperature=?(0.1 | 0.1 | 0.1 | 0.1) x?(1..33) -> ?(vote | vote | vote | vote)")
    found = distinct(space, limit=400)
    assert found.points == 4 * 33 * 4
    assert not found.exact
    assert found.topologies == 33


def test_the_most_dollars_are_the_high_ends_of_all_plans() -> None:
    space = space_of("layer ?(1..2 of [qwen, llama]) x?(1..3) -> vote by=number")
    graphs = {identity(graph): graph for graph in (space.fill(point).graph for point in space.points())}
    expected = sum(plan(graph).cost.high for graph in graphs.values())
    found = survey(space, 50).most
    assert found.exact
    assert found.dollars == pytest.approx(50 * expected)
    estimate = survey(space, 50, limit=4).most
    assert not estimate.exact
    assert estimate.dollars is not None


def test_an_unknown_price_is_unknown_not_nothing() -> None:
    space = search_of("?(qwen | mine)", 'model mine = "local/mine"\n').space
    assert survey(space, 10).most.dollars is None
    assert survey(space, 10).most.unpriced == ("local/mine",)


def test_the_plan_of_a_search(tmp_path) -> None:
    (tmp_path / "tickets.jsonl").write_text(
        "".join(f'{{"input": "What is {n}?", "target": "{n}"}}\n' for n in range(7))
    )
    text = (
        HEAD
        + "search auto { topology layer ?(1..2 of [qwen, llama]) x?(1..3) -> ?(vote | agg ?(mini | gpt4o)) eval tickets maximize quality }"
    )
    path = tmp_path / "p.moaql"
    path.write_text(text)
    program = check_file(str(path))
    shown = plan_search(program, find_search(program))
    json.dumps(shown)
    assert {name: shown[name] for name in ("search", "points", "topologies", "invalid", "exact", "eval", "items")} == {
        "search": "auto",
        "points": 27,
        "topologies": 27,
        "invalid": 0,
        "exact": True,
        "eval": "tickets",
        "items": 7,
    }
    assert shown["dimensions"] == [
        {
            "name": "layer1.proposers",
            "kind": "subset",
            "values": ["qwen", "llama"],
            "low": 1,
            "high": 2,
            "condition": None,
        },
        {"name": "layer1.x", "kind": "number", "values": [1, 2, 3], "condition": None},
        {"name": "step2", "kind": "choice", "values": ["vote", "agg ?"], "condition": None},
        {"name": "step2.agg.model", "kind": "choice", "values": ["mini", "gpt4o"], "condition": [["step2", "agg ?"]]},
    ]
    assert shown["cost_high"] > 0
    (tmp_path / "tickets.jsonl").unlink()
    with pytest.raises(UsageError):
        plan_search(program, find_search(program))
