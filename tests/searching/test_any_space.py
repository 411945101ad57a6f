"""Searches of spaces that nobody wrote by hand: they keep their budget, and end with a program that does what was chosen."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import moaql
from moaql.errors import BudgetReached, UsageError
from moaql.searching.space.chosen import chosen
from moaql.searching.space.find import find_search
from moaql.simulation.questions import write_questions

REAL = {"a": "llama-3.1-8b", "b": "qwen2-72b", "c": "gpt-4o-mini", "d": "gpt-4o"}
MODELS = "".join(f'model {name} = "sim/{id}" price_in=$1 price_out=$2 max_tokens=300\n' for name, id in REAL.items())
PROGRAM = MODELS + (
    'prompt careful {{ user "Take your time. {{question}} {{candidates}}" }}\n'
    "topology panel = layer ?(1..2 of [a, b]) -> ?(vote by=number tie=first | agg c)\n"
    "search auto {{ topology {pipeline} eval set maximize quality {goal} }}\n"
    'eval set = "set.jsonl" metric=number\n'
)
MODEL = st.sampled_from(["a", "b", "c x?(1..2)", "?(c | d)", "panel", "?(b | panel x2)"])
LAYER = st.one_of(
    st.lists(MODEL, min_size=1, max_size=3).map(lambda each: f"layer [{', '.join(each)}] x?(1..2)"),
    st.just("layer ?(1..3 of [a, b, c]) temperature=?(0.2..1.0)"),
)
END = st.sampled_from(
    [
        "vote by=?(number | exact) tie=first",
        "vote by=number tie=first weights=?",
        "agg ?(d | b) prompt=?(careful | default)",
        "rank d top=?(1..3) -> agg b",
        "when agreement by=number >= ?(0.5 | 2/3) { vote by=number tie=first } else { agg ?(b | d) }",
        "?(skip | critic ?(b | a)) -> ?(vote by=number tie=first | agg d)",
    ]
)
GOAL = st.sampled_from(["", "minimize cost", "minimize latency", "minimize cost where cost <= $0.002, latency <= 6s"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With 40 questions that the simulated models answer."""
    made = tmp_path_factory.mktemp("any")
    rows = write_questions(40, ("arithmetic",), 1)
    (made / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return made


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(LAYER, END, GOAL, st.sampled_from([0.02, 0.3]))
def test_any_space_can_be_searched(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, layer: str, end: str, goal: str, budget: float
) -> None:
    path = folder / "p.moaql"
    path.write_text(PROGRAM.format(pipeline=f"{layer} -> {end}", goal=goal), encoding="utf-8")
    program = moaql.load(path)
    assert not program.failed, program.diagnostics
    study = str(tmp_path_factory.mktemp("study"))
    refused = ""
    try:
        found = moaql.search(program, trials=4, budget=budget, bank="none", study=study)
    except (UsageError, BudgetReached) as error:
        refused = error.message
    if refused:
        assert "leaves only `weights=?` open" in refused or "below one screen" in refused
        return
    assert found.document["paid"] <= budget + 1e-9
    assert found.document["measured"] <= 4
    assert found.document["best"]["score"] is not None or budget < 0.1  # too little to confirm anything
    best = folder / "best.moaql"
    assert found.text is not None
    best.write_text(found.text, encoding="utf-8")
    written = moaql.load(best)
    assert not written.failed, written.diagnostics
    topology = written.topologies["auto"]
    if found.document["diff"]:
        point = chosen(find_search(program).space, topology)
        assert point is not None
