"""`until`: the block runs until the condition holds, `max` times at most."""

import pytest
from run.scripted import Failure, Later, Script, Sure

import moaql


def test_the_block_runs_until_the_condition_holds() -> None:
    """Each pass refines what the one before gave."""
    script = Script(a="draft", b=[Sure("b1", 0.5), Sure("b2", 0.9), Sure("b3", 0.9)])
    answer = script.run("a -> until confidence >= 0.8 max 3 { b }")
    assert answer.text == "b2"
    assert script.models == ["a", "b", "b"]
    assert script.of("b")[0].system.endswith('<candidate number="1">\ndraft\n</candidate>')
    assert script.of("b")[1].system.endswith('<candidate number="1">\nb1\n</candidate>')
    assert list(answer.decisions.values()) == ["no", "no", "yes"]


def test_nothing_is_spent_where_the_condition_holds_at_once() -> None:
    script = Script(a="x", b="x", c="merged")
    answer = script.run("layer [a, b] -> until agreement == 1 max 3 { agg c }")
    assert [each.text for each in answer.outputs] == ["x", "x"]
    assert script.of("c") == []
    assert list(answer.decisions.values()) == ["yes"]


def test_without_candidates_coming_in_the_block_runs_at_least_once() -> None:
    script = Script(a="x", b="x")
    answer = script.run("until agreement == 1 max 3 { layer [a, b] }")
    assert len(script.asked) == 2
    assert answer.text == "x"


def test_max_is_how_often_the_block_runs_at_most_and_the_last_pass_counts() -> None:
    script = Script(a="draft", b=["b1", "b2", "b3", "b4"], j="Score: 2")
    answer = script.run("a -> until confidence judge=j >= 0.8 max 3 { b }")
    assert answer.text == "b3"
    assert len(script.of("b")) == 3
    # the draft and the first two passes are judged; about the third nothing is left to decide
    assert len(script.of("j")) == 3


def test_the_judge_rates_each_pass() -> None:
    def judge(messages: list[dict[str, str]]) -> str:
        return "Score: 9" if "\nb2\n" in messages[0]["content"] else "Score: 2"

    script = Script(a="draft", b=["b1", "b2", "b3"], j=judge)
    assert script.run("a -> until confidence judge=j >= 0.8 max 3 { b }").text == "b2"
    shown = [each.system.partition('<candidate number="1">\n')[2].partition("\n")[0] for each in script.of("j")]
    assert shown == ["draft", "b1", "b2"]


def test_one_pass() -> None:
    script = Script(a=Sure("draft", 0.1), b="better")
    assert script.run("a -> until confidence >= 0.8 max 1 { b }").text == "better"
    script = Script(a=Sure("draft", 0.9), b="better")
    assert script.run("a -> until confidence >= 0.8 max 1 { b }").text == "draft"


def test_a_score_from_inside_the_block() -> None:
    script = Script(
        a="draft", b=["b1", "b2"], j=lambda messages: "Score: 9" if "\nb1\n" in messages[0]["content"] else "Score: 1"
    )
    answer = script.run("a -> score j -> until score >= 0.8 max 5 { b -> score j }")
    assert (answer.text, answer.candidate.score) == ("b1", 0.9)
    assert len(script.of("b")) == 1


def test_more_candidates_in_one_pass_than_in_another() -> None:
    """What comes out is what the last pass gave, however many that are."""
    script = Script(a="draft", b=["x", "y"], c="z")
    answer = script.run("a -> until count >= 2 max 2 { layer [b, c] }")
    assert [each.text for each in answer.outputs] == ["x", "z"]


def test_an_unknown_signal_does_not_stop_the_loop() -> None:
    script = Script(a="draft", b=["b1", "b2"])
    answer = script.run("a -> until confidence >= 0.8 max 2 { b }")
    assert answer.text == "b2"
    assert len(answer.notes) == 2
    assert "no token probabilities" in answer.notes[0]


def test_a_pass_that_is_lost_is_an_error_as_anywhere() -> None:
    script = Script(a=Sure("draft", 0.1), b=Failure())
    with pytest.raises(moaql.NoCandidates):
        script.run("a -> until confidence >= 0.8 max 3 { b }")
    assert script.models == ["a", "b"]


def test_what_stands_behind_a_loop_sees_the_candidates_it_ends_with() -> None:
    script = Script(a=Sure("draft", 0.1), b=[Sure("b1", 0.9), "never"], z="merged")
    answer = script.run("a -> until confidence >= 0.8 max 3 { b } -> agg z")
    assert answer.text == "merged"
    assert script.of("z")[0].system.endswith('\n\n<candidate number="1">\nb1\n</candidate>')


def test_latency_is_that_of_the_passes_that_ran() -> None:
    script = Script(a=Later(0.05, "x"), b=Later(0.05, "x"), c=Later(5, "never"))
    answer = script.run("until agreement == 1 max 3 { layer [a, b] -> when agreement < 1 { agg c } }")
    assert answer.latency_s < 1
    assert script.of("c") == []


def test_rounds_run_whatever_the_candidates_say() -> None:
    script = Script(a="draft", b=["b1", "b2", "b3"])
    assert script.run("a -> (b) x3").text == "b3"
    assert len(script.of("b")) == 3


def test_each_pass_draws_new_samples():
    """Asking for the same sample again could not end a loop."""
    script = Script(a=["bad", "bad too", "good"], j=["Score: 1", "Score: 2", "Score: 9"])
    answer = script.run("a -> score j -> until score >= 0.8 max 3 { take 0 -> a -> score j }")
    assert answer.text == "good"
    assert script.models == ["a", "j", "a", "j", "a", "j"]
