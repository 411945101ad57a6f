"""`weights=?` inside a search: weights that are fitted to the items of the search, and written into the winner.

Two clones err together, so that a plain vote of three is wrong where they are; `strong` is right nine times in ten, and a `hint`
that knows every fifth answer is right where nobody else is.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import moaql as package

ITEMS = 300
MODELS = "\n".join(
    f'model {name} = "recorded/{name}" file="runs.jsonl" price_in=$1 price_out=$1'
    for name in ("strong", "one", "two", "hint")
)
SEARCH = """
search auto {{
  topology {topology}
  eval set
  maximize quality
  trials = 20
}}
eval set = "runs.jsonl" metric=number
"""


@pytest.fixture
def clones(write: Callable[[str, str], Path]) -> Callable[[str], None]:
    """Writes the recording, and a program that searches this topology."""
    draw = random.Random(1)
    rows = []
    for item in range(ITEMS):
        right = item + 1000
        strong = right if draw.random() < 0.9 else 1
        clone = right if draw.random() < 0.6 else 2
        hint = f"The answer is {right}." if draw.random() < 0.2 else "I cannot tell."
        said = {name: f"The answer is {value}." for name, value in (("strong", strong), ("one", clone), ("two", clone))}
        texts = {**said, "hint": hint}
        responses = {name: [{"text": text, "usage": {"in": 10, "out": 10}}] for name, text in texts.items()}
        rows.append({"id": str(item), "question": f"What is {item}?", "target": str(right), "responses": responses})
    write("runs.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    def program(topology: str) -> None:
        write("p.moaql", MODELS + SEARCH.format(topology=topology))

    return program


PANEL = "layer [strong, ?(1..2 of [one, two])] -> vote by=number tie=first{}"


def test_weights_are_fitted_where_a_plain_vote_is_misled(
    moaql: Any, clones: Callable[[str], None], tmp_path: Path
) -> None:
    scores = {}
    for weights in ("", " weights=?"):
        clones(PANEL.format(weights))
        done = moaql("search", "p.moaql", "--json", "-o", "best.moaql")
        assert done.code == 0, done.err
        document = json.loads(done.out)
        both = next(each for each in document["trials"] if "one, two" in each["name"])
        scores[weights] = both["score"]
    assert scores[""] < 0.75
    assert scores[" weights=?"] > 0.8


def test_the_winner_states_the_weights(moaql: Any, clones: Callable[[str], None], tmp_path: Path) -> None:
    clones("layer [strong, hint] -> vote by=number tie=?(first | random) weights=?")
    done = moaql("search", "p.moaql", "--json", "-o", "best.moaql")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    text = (tmp_path / "best.moaql").read_text(encoding="utf-8")
    stated = document["weights"]["vote"]
    assert f"weights={{{', '.join(f'{name}: {weight:g}' for name, weight in stated.items())}}}" in text
    assert stated["hint"] > stated["strong"]  # who is silent or right outweighs who is right nine times in ten
    assert document["best"]["score"] > 0.9
    # What is written does what was measured.
    again = json.loads(moaql("eval", "best.moaql", "--data", "runs.jsonl", "--metric", "number", "--json").out)
    assert again["topologies"][0]["score"] == pytest.approx(0.92, abs=0.04)
    assert package.load(tmp_path / "best.moaql").topology().graph.nodes


@pytest.mark.parametrize(
    ("topology", "metric", "said"),
    [
        ("layer [strong, one] -> vote by=?(similarity | cluster) weights=?", "number", "which reads no answers"),
        ("layer [strong, one] -> vote tie=?(first | best) weights=?", "judge judge=strong", "metric `judge`"),
    ],
)
def test_weights_that_cannot_be_fitted_are_told(
    moaql: Any,
    clones: Callable[[str], None],
    write: Callable[[str, str], Path],
    topology: str,
    metric: str,
    said: str,
) -> None:
    clones(topology)
    text = (MODELS + SEARCH.format(topology=topology)).replace("metric=number", f"metric={metric}")
    write("p.moaql", text)
    done = moaql("search", "p.moaql", "-o", "best.moaql")
    assert done.code == 2
    assert said in done.err
