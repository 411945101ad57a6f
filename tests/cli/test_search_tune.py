"""`search … tune=true`: one tuning before the search, one after it, inside the same budget."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import moaql as package

ADVICE = ("doubt", "majority", "check", "work", "steps", "plain_end", "answering")
MODELS = """
model a = "sim/gpt-4o-mini" file="world.json"
model b = "sim/qwen-2.5-72b" file="world.json"
model c = "sim/llama-3.1-70b" file="world.json"
prompt merge {
  system \"\"\"Here are {n} answers to the question. Write one answer.

{candidates:xml}\"\"\"
  user "{question}"
}
"""
SEARCH = """
# What is searched.
search auto {{
  topology layer ?(2..3 of [a, b, c]) temperature=0.7 -> {last}
  eval set
  maximize quality
  trials = 10
  tune = true
  budget = $40
}}
eval set = "set.jsonl" metric=number
"""


@pytest.fixture
def world(write: Callable[[str, str], Path], moaql: Any) -> Callable[[float, str], None]:
    """Writes a world in which one kind of instruction helps aggregators so much, and a search that ends so."""

    def made(helps: float, last: str) -> None:
        kinds = {**dict.fromkeys(ADVICE, 0), "check": helps, "steps": helps / 2, "most": 2 * helps}
        write("world.json", json.dumps({"name": "a test", "instructions": kinds}))
        write("set.jsonl", moaql("sim", "questions", "500", "--category", "math", "--seed", "5").out)
        write("p.moaql", MODELS + SEARCH.format(last=last))

    return made


def test_a_tuned_prompt_stands_in_the_space_beside_the_old_one(
    moaql: Any, world: Callable[[float, str], None], tmp_path: Path
) -> None:
    world(8, "agg ?(a | b) prompt=merge")
    document = json.loads(moaql("search", "p.moaql", "-o", "best.moaql", "--json").out)
    before = next(each for each in document["notes"] if each.startswith("Before the search"))
    assert "A better text for `merge` was found" in before
    prompts = {each["params"].get("agg.prompt") for each in document["trials"]} - {None}
    assert prompts == {"merge", "merge-tuned"}
    text = (tmp_path / "best.moaql").read_text(encoding="utf-8")
    assert "# What is searched." in text
    used = "prompt=merge-tuned" in document["best"]["program"]
    assert ("prompt merge-tuned {" in text) == ("# Tuned by gepa on " in text) == used
    assert text.count(f"({document['eval']['hash']})") == 1 + text.count("# Tuned by ")  # all of them name one eval set
    assert document["tuned"]["eval"]["hash"] == document["eval"]["hash"]
    assert package.load(tmp_path / "best.moaql").topologies["auto"].graph.nodes
    scores = {each["params"].get("agg.prompt"): [] for each in document["trials"]}
    for each in document["trials"]:
        scores[each["params"].get("agg.prompt")].append(each["score"])
    assert max(scores["merge-tuned"]) > max(scores["merge"])
    assert document["paid"] <= 40


def test_nothing_is_tuned_where_nothing_ends_with_an_aggregator(
    moaql: Any, world: Callable[[float, str], None], tmp_path: Path
) -> None:
    world(8, "vote by=number tie=?(first | random)")
    document = json.loads(moaql("search", "p.moaql", "-o", "best.moaql", "--json").out)
    told = [each for each in document["notes"] if each.startswith("tune=true")]
    assert told[0].startswith("tune=true: nothing in the space ends with an aggregator")
    assert document["best"]["score"] is not None


def test_workers_do_not_tune(moaql: Any, world: Callable[[float, str], None]) -> None:
    world(8, "agg b prompt=merge")
    done = moaql("search", "p.moaql", "--workers", "2")
    assert done.code == 2
    assert "`tune=true` takes one process" in done.err
