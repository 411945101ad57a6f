"""A deceptive member: simulated, recorded, or a real model that is told to deceive; and other aggregators."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from evaluation.diagnosis.made import diagnosis, program, questions
from run.scripted import Script

import moaql
from moaql.evaluation.diagnosis.deception import DECEIVE

PANEL = "layer [a, b, c, d] -> agg f"


def test_an_attack_on_simulated_models_hurts_and_dropout_helps(tmp_path: Path) -> None:
    data = questions(tmp_path, 200)
    found = diagnosis(program(PANEL), data, attack=True).attack
    assert (found.member, found.kind, found.items) == ("a", "simulated", 200)
    assert found.member_right.value == 0
    plain, cluster, dropout = found.defences
    assert [each.name for each in found.defences] == ["none", "cluster", "dropout"]
    assert plain.damage.high < 0
    assert dropout.gain.low > 0
    assert dropout.gain.resolved
    assert plain.attacked.score.value < dropout.attacked.score.value
    # 15 subsets of four candidates, and the four; the deceptive member has the price of the honest one.
    assert (plain.clean.calls, cluster.clean.calls, dropout.clean.calls) == (5, 5, 19)
    assert dropout.clean.cost > 3 * plain.clean.cost
    assert (plain.gain, plain.price) == (None, None)


def test_who_is_attacked_can_be_chosen(tmp_path: Path) -> None:
    found = diagnosis(
        program("layer [a, b, c] -> vote number"), questions(tmp_path, 10), attack=True, attacker="c"
    ).attack
    assert found.member == "c"
    assert [each.name for each in found.defences] == ["none", "cluster"]
    assert found.notes == ("the defence `dropout` is left out: there is no aggregator that could be replaced",)


def test_a_world_without_a_deceptive_model_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps({"name": "w", "models": {"fox": {}, "owl": {}}}))
    text = f'model a = "sim/fox" file="{tmp_path}/w.json"\nmodel b = "sim/owl" file="{tmp_path}/w.json"\nlayer [a, b] -> agg a'
    found = diagnosis(moaql.parse(text), questions(tmp_path, 5), attack=True)
    assert found.attack is None
    assert any("has no deceptive model" in note for note in found.notes)


def test_a_real_model_is_told_to_deceive(tmp_path: Path) -> None:
    """It follows its system prompt, and the aggregator believes whoever speaks first."""

    def liar(messages: Any) -> str:
        return "The answer is 13." if "one wrong answer" in str(messages) else "The answer is 4."

    def first(messages: Any) -> str:
        return "The answer is 13." if "is 13" in str(messages) else "The answer is 4."

    script = Script(a=liar, b="The answer is 4.", c=first)
    data = tmp_path / "q.jsonl"
    data.write_text('{"question": "What is 2 + 2?", "target": "4"}\n')
    found = diagnosis(
        moaql.parse(script.text("layer [a, b] -> agg c")),
        str(data),
        session={"attempts": 1, "transport": httpx.MockTransport(script._handle)},
        attack=True,
        attacker="a",
    ).attack
    assert found.kind == "prompted"
    assert {each.system for each in script.of("a")} == {"", DECEIVE}
    assert found.member_right.value == 0
    assert [(each.name, each.clean.score.value, each.attacked.score.value) for each in found.defences] == [
        ("none", 1.0, 0.0),
        ("cluster", 1.0, 0.0),  # of two candidates, each is a group: the first stays
        ("dropout", 1.0, 0.0),
    ]


def recorded(folder: Path, rows: list[dict[str, str]]) -> str:
    """A recorded file of a, b, c and a bystander, who is no member."""
    path = folder / "runs.jsonl"
    lines = [
        {
            "id": f"q{number}",
            "question": f"Question {number}?",
            "target": "1",
            "responses": {
                name: [{"text": f"It is {each}.", "answer": each, "completion_tokens": 5}] for name, each in row.items()
            },
        }
        for number, row in enumerate(rows)
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return str(path)


def voters(path: str, pipeline: str) -> Any:
    models = [f'model {name} = "recorded/{name}" file="{path}" price_in=$1 price_out=$1' for name in "abc"]
    return moaql.parse("\n".join([*models, pipeline]))


def test_a_recorded_member_gives_the_commonest_wrong_answer_of_the_others(tmp_path: Path) -> None:
    """On the first item 7 is commoner than 8, on the second only the bystander is wrong, on the third nobody is."""
    rows = [
        {"a": "1", "b": "7", "c": "1", "x": "7", "y": "8"},
        {"a": "1", "b": "1", "c": "9", "x": "9"},
        {"a": "1", "b": "1", "c": "1", "x": "1"},
    ]
    path = recorded(tmp_path, rows)
    found = diagnosis(voters(path, "layer [a, b, c] -> vote number"), path, attack=True, attacker="a").attack
    plain = found.defences[0]
    assert plain.clean.scores == (1.0, 1.0, 1.0)
    assert plain.attacked.scores == (0.0, 0.0, 1.0)
    assert found.member_right.value == pytest.approx(1 / 3)
    assert any("on 1 of 3 items no other recorded model is wrong" in note for note in found.notes)


def test_each_model_is_tried_as_the_aggregator(tmp_path: Path) -> None:
    found = diagnosis(program("layer [a, b] -> agg f"), questions(tmp_path, 30), swap=True).swap
    assert [(each.model, each.current) for each in found.tried] == [("f", True), ("a", False), ("b", False)]
    current, *others = found.tried
    assert current.comparison is None
    for each in others:
        assert each.comparison.difference == pytest.approx(each.trial.score.value - current.trial.score.value)
        assert each.comparison.adjusted >= each.comparison.p


def test_a_vote_has_no_aggregator_to_swap(tmp_path: Path) -> None:
    found = diagnosis(program("layer [a, b] -> vote number"), questions(tmp_path, 3), swap=True)
    assert found.swap is None
    assert "no aggregator was swapped: the topology has no aggregator to swap" in found.notes
