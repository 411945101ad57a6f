"""`distinct`: of candidates that give the same answer, the first goes on."""

import pytest
from run.scripted import Failure, Script

import moaql


def kept(by: str, *texts: object) -> list[str]:
    names = "abcdefg"[: len(texts)]
    answer = Script(**dict(zip(names, texts, strict=True))).run(f"layer [{', '.join(names)}] -> distinct {by}")
    return [each.text for each in answer.outputs]


@pytest.mark.parametrize(
    ("by", "texts", "expected"),
    [
        ("", ["Paris", "Rome", "paris.", "rome"], ["Paris", "Rome"]),
        ("by=exact", ["Paris", "**Paris**"], ["Paris"]),
        ("number", ["It is 7.", "8", "So 7.0"], ["It is 7.", "8"]),
        ("choice", ["(A)", "The answer is A.", "B"], ["(A)", "B"]),
        (
            "similarity",
            ["the cat sat on the mat", "the cat sat on the mat!", "bananas"],
            ["the cat sat on the mat", "bananas"],
        ),
    ],
)
def test_the_first_of_each_answer_goes_on(by: str, texts: list[str], expected: list[str]) -> None:
    assert kept(by, *texts) == expected


def test_candidates_without_an_answer_equal_nobody() -> None:
    assert kept("number", "no idea", "7", "who knows") == ["no idea", "7", "who knows"]


def test_the_aggregator_sees_each_answer_once() -> None:
    script = Script(a="x", b="x", c="y", z="done")
    script.run("layer [a, b, c] -> distinct -> agg z")
    assert script.of("z")[0].system.startswith("Below are 2 answers")


def test_count_is_that_of_distinct_answers() -> None:
    program = "layer [a, b, c] -> distinct -> when count > 1 { agg z }"
    script = Script(a="x", b="x", c="x", z="done")
    assert script.run(program).text == "x"
    assert script.of("z") == []


def test_one_candidate_none_and_lost_ones() -> None:
    assert kept("", "one") == ["one"]
    assert kept("", Failure(), "one", "one") == ["one"]
    with pytest.raises(moaql.NoCandidates):
        kept("", Failure())
