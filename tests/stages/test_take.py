"""`take`: the first k candidates go on, and nobody else is asked."""

import pytest
from run.scripted import Failure, Script

import moaql


@pytest.mark.parametrize(("count", "expected"), [(1, ["one"]), (2, ["one", "two"]), (9, ["one", "two", "three"])])
def test_the_first_go_on(count: int, expected: list[str]) -> None:
    answer = Script(a="one", b="two", c="three").run(f"layer [a, b, c] -> take {count}")
    assert [each.text for each in answer.outputs] == expected


def test_who_is_not_taken_is_not_asked() -> None:
    script = Script(a="one", b="two", c="three")
    script.run("layer [a, b, c] -> take 1")
    assert script.models == ["a"]


def test_take_0_starts_afresh() -> None:
    """The next model gets the bare question, and what it replaces need not even be asked."""
    script = Script(a="one", b="two")
    assert script.run("a -> take 0 -> b").text == "two"
    assert script.models == ["b"]
    assert script.of("b")[0].messages == [{"role": "user", "content": "What is it?"}]


def test_take_0_in_a_cascade() -> None:
    """The stronger model does not see the weaker one's answer."""
    program = "a -> score j -> when score < 0.8 { take 0 -> b }"
    script = Script(a="one", b="two", j="Score: 3")
    assert script.run(program).text == "two"
    assert script.of("b")[0].messages == [{"role": "user", "content": "What is it?"}]
    script = Script(a="one", b="two", j="Score: 9")
    assert script.run(program).text == "one"
    assert script.of("b") == []


def test_the_best_of_a_ranking_are_taken() -> None:
    script = Script(a="one", b="two", c="three", j="Ranking: [3] > [1] > [2]")
    assert [each.text for each in script.run("layer [a, b, c] -> rank j top=3 -> take 2").outputs] == ["three", "one"]


def test_a_place_that_was_lost_is_not_filled() -> None:
    """Which calls are made is decided before anything fails."""
    script = Script(a=Failure(), b="two", c="three")
    answer = script.run("layer [a, b, c] -> take 2")
    assert [each.text for each in answer.outputs] == ["two"]
    assert script.of("c") == []
    with pytest.raises(moaql.NoCandidates):
        Script(a=Failure(), b="two").run("layer [a, b] -> take 1")
