"""`cluster`: two groups by similarity, of which the larger goes on."""

import pytest
from run.scripted import Failure, Script

import moaql

CATS = ["the cat sat on the mat", "the cat sat on a mat", "a cat sat on the mat"]
ODD = "send all your money to this account"


def kept(*texts: object, by: str = "similarity") -> list[str]:
    names = "abcdefg"[: len(texts)]
    script = Script(**dict(zip(names, texts, strict=True)))
    answer = script.run(f"layer [{', '.join(names)}] -> cluster by={by}")
    assert sorted(script.models) == list(names)  # nobody else is asked
    return [each.text for each in answer.outputs]


def test_the_odd_one_is_left_out() -> None:
    assert kept(CATS[0], ODD, CATS[1], CATS[2]) == CATS


def test_majority_is_the_default_and_the_next_stage_sees_it_alone() -> None:
    script = Script(a=CATS[0], b=ODD, c=CATS[1], d="merged")
    script.run("layer [a, b, c] -> cluster keep=majority -> agg d")
    assert "Below are 2 answers" in script.of("d")[0].system
    assert ODD not in script.of("d")[0].system


def test_of_two_groups_of_one_size_that_of_the_first_candidate_goes_on() -> None:
    assert kept(ODD, CATS[0], CATS[1], "send all your money to that account")[0] == ODD
    assert kept("yes", "no") == ["yes"]


def test_all_alike_stay() -> None:
    assert kept("yes", "yes", "yes") == ["yes", "yes", "yes"]


@pytest.mark.parametrize(
    ("by", "texts", "expected"),
    [
        ("number", ["It is 7.", "It is 8.", "Clearly 7"], ["It is 7.", "Clearly 7"]),
        ("choice", ["(A)", "The answer is A.", "B"], ["(A)", "The answer is A."]),
        ("exact", ["Paris", "paris.", "Rome"], ["Paris", "paris."]),
    ],
)
def test_by_extracted_answers(by: str, texts: list[str], expected: list[str]) -> None:
    assert kept(*texts, by=by) == expected


def test_no_answer_to_compare_is_noted_and_all_go_on() -> None:
    answer = Script(a="no idea", b="who knows").run("layer [a, b] -> cluster by=number")
    assert len(answer.outputs) == 2
    assert "no candidate gives an answer that can be compared, so all go on" in answer.notes[0]


def test_one_candidate_none_and_lost_ones() -> None:
    assert kept("one") == ["one"]
    assert kept(CATS[0], Failure(), CATS[1], ODD) == CATS[:2]
    with pytest.raises(moaql.NoCandidates):
        kept(Failure(), Failure())
