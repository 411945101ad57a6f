"""`unit_tests`: a model writes statements that a good answer must satisfy."""

import pytest
from run.scripted import Failure, Later, Script

import moaql

TESTS = "1. It names a city.\n2. It is in France."


def test_one_call_sees_the_question_alone_and_every_candidate_gets_the_tests() -> None:
    script = Script(a="Paris", b="Rome", j=TESTS)
    answer = script.run("layer [a, b] -> unit_tests j n=2")
    (asked,) = script.of("j")
    assert "Write exactly 2 tests" in asked.system
    assert "Paris" not in asked.system + asked.user
    assert asked.user == "What is it?"
    assert [(each.text, each.tests) for each in answer.outputs] == [("Paris", TESTS), ("Rome", TESTS)]


def test_five_is_the_default() -> None:
    script = Script(a="Paris", j=TESTS)
    script.run("a -> unit_tests j")
    assert "Write exactly 5 tests" in script.of("j")[0].system


def test_tests_are_written_while_the_candidates_are() -> None:
    script = Script(a=Later(0.1, "Paris"), j=TESTS)
    answer = script.run("a -> unit_tests j")
    assert sorted(script.models) == ["a", "j"]
    assert answer.latency_s < 0.2


@pytest.mark.parametrize("said", ["I would rather not.", Failure()])
def test_no_tests_are_noted(said: object) -> None:
    answer = Script(a="Paris", j=said).run("a -> unit_tests j")
    assert answer.text == "Paris"
    assert answer.candidate.tests == ""
    assert "no tests can be read, so none are attached" in answer.notes[0]


def test_text_around_the_list_is_left_out_and_numbers_are_made_even() -> None:
    answer = Script(a="Paris", j="Here they are:\n\n- **It names a city.**\n- It is in France.\n").run(
        "a -> unit_tests j"
    )
    assert answer.candidate.tests == TESTS


def test_without_candidates_there_is_no_answer() -> None:
    with pytest.raises(moaql.NoCandidates):
        Script(a=Failure(), j=TESTS).run("a -> unit_tests j")
