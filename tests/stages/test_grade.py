"""`grade`: each candidate's score is the share of the unit tests that it is judged to pass."""

import pytest
from run.scripted import Failure, Script

import moaql

TESTS = "1. It names a city.\n2. It is in France."
PROGRAM = "layer [a, b] -> unit_tests t n=2 -> grade j"


def graded(judge: object, tests: object = TESTS, program: str = PROGRAM) -> moaql.Answer:
    return Script(a="Rome", b="Paris", t=tests, j=judge).run(program)


def by_city(messages: list[dict[str, str]]) -> str:
    return "1. passed\n2. passed" if "\nParis\n" in messages[0]["content"] else "1. passed\n2. failed"


def test_each_candidate_is_judged_alone_by_all_tests() -> None:
    script = Script(a="Rome", b="Paris", t=TESTS, j=by_city)
    answer = script.run(PROGRAM)
    assert sorted(each.system.partition("Tests:\n")[2] for each in script.of("j")) == [
        f'{TESTS}\n\n<candidate number="1">\nParis\n</candidate>',
        f'{TESTS}\n\n<candidate number="1">\nRome\n</candidate>',
    ]
    assert all(each.user == "What is it?" for each in script.of("j"))
    assert [(each.text, each.score) for each in answer.outputs] == [("Rome", 0.5), ("Paris", 1.0)]
    assert answer.notes == ()


def test_the_best_by_tests() -> None:
    """Archon's unit test pipeline."""
    answer = graded(by_city, program=f"{PROGRAM} -> best by=score")
    assert answer.text == "Paris"


def test_a_test_without_a_line_is_failed() -> None:
    assert graded("1. passed").outputs[0].score == 0.5


@pytest.mark.parametrize("said", ["All good!", "3. passed", Failure()])
def test_no_share_is_guessed(said: object) -> None:
    answer = graded(said)
    assert [each.score for each in answer.outputs] == [None, None]
    (note,) = answer.notes
    assert "2 candidates of 2 got no score that can be read" in note


def test_a_judgement_by_no_tests_is_no_score() -> None:
    """The tests were lost, so the judge was shown none: what it makes up about them counts for nothing."""
    answer = graded("1. passed\n2. passed", tests=Failure())
    assert [each.score for each in answer.outputs] == [None, None]
    assert len(answer.notes) == 2


def test_a_lost_candidate_is_not_graded() -> None:
    script = Script(a=Failure(), b="Paris", t=TESTS, j=by_city)
    answer = script.run(f"{PROGRAM} -> best by=score")
    assert len(script.of("j")) == 1
    assert answer.text == "Paris"


def test_a_grade_is_a_score_for_when() -> None:
    program = "b -> unit_tests t n=2 -> grade j -> when score < 1 { agg c }"
    script = Script(b="Rome", t=TESTS, j="1. passed\n2. failed", c="Paris")
    assert script.run(program).text == "Paris"
    script = Script(b="Lyon", t=TESTS, j="1. passed\n2. passed", c="Paris")
    assert script.run(program).text == "Lyon"
    assert script.of("c") == []
