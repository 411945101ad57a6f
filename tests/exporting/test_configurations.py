"""What is written for Archon, Together and llm-consortium, and what has no words there."""

import json

import pytest

import moaql
from moaql.errors import UsageError
from moaql.exporting import TARGETS

PROGRAM = """
model a = "together_ai/org/a" price_in=$1 price_out=$2
model b = "together_ai/org/b"
model c = "openai/gpt-4o" seed=4
topology panel = layer [a, b]x2 temperature=0.7 max_tokens=2048 -> agg a temperature=0.7 max_tokens=2048
topology judged = layer [a x3] -> critic b -> rank b top=2 -> verify b -> agg c
topology tested = layer [a x3] -> unit_tests b n=3 -> grade b -> best by=score
topology chosen = layer [a, b] -> best c
topology voted = layer [a, b, c] -> vote tie=first
topology branched = layer [a, b] -> when agreement > 0.5 { vote tie=first } else { agg c }
"""


def export(target: str, topology: str) -> tuple[dict[str, str], list[str]]:
    program = moaql.parse(PROGRAM)
    found = TARGETS.find(target)
    assert found is not None
    graph = moaql.build(program, topology)
    return dict(found.files(graph, program)), [each.what for each in found.losses(graph, program)]


def test_arguments_of_together() -> None:
    files, losses = export("together", "panel")
    (text,) = files.values()
    assert "--model=org/a" in text
    assert '--reference-models="org/a,org/a,org/b,org/b"' in text
    assert "--rounds=1" in text
    assert "--temperature=0.7" in text
    assert not any("temperature" in loss for loss in losses)


def test_archon_components_in_order() -> None:
    (text,) = export("archon", "judged")[0].values()
    layers = json.loads(text)["layers"]
    assert [layer[0]["type"] for layer in layers] == ["generator", "critic", "ranker", "verifier", "fuser"]
    assert (layers[0][0]["samples"], layers[2][0]["top_k"], layers[4][0]["model_type"]) == (3, 2, "OpenAI_API")
    (text,) = export("archon", "tested")[0].values()
    assert [layer[0]["type"] for layer in json.loads(text)["layers"]] == [
        "generator",
        "unit_test_generator",
        "unit_test_evaluator",
    ]


def test_archon_says_what_it_sends_besides() -> None:
    losses = export("archon", "judged")[1]
    assert any(loss.startswith("`temperature=0.7` is sent") for loss in losses)
    assert any(loss.startswith("`seed` cannot be stated") for loss in losses)


def test_a_consortium() -> None:
    (text,) = export("llm_consortium", "panel")[0].values()
    assert json.loads(text)["models"] == {"org/a": 2, "org/b": 2}
    assert json.loads(export("llm_consortium", "chosen")[0]["chosen.json"])["judging_method"] == "rank"


@pytest.mark.parametrize(
    ("target", "topology"),
    [("together", "judged"), ("archon", "voted"), ("archon", "branched"), ("llm_consortium", "tested")],
)
def test_what_a_target_has_no_words_for_is_refused(target: str, topology: str) -> None:
    with pytest.raises(UsageError, match=topology if target != "archon" else "Archon"):
        export(target, topology)
