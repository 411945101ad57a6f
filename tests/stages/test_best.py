"""`best`: best of N, by a judge or by what is attached."""

import pytest
from run.scripted import Failure, Script, Sure

import moaql


def test_best_is_the_first_of_a_ranking() -> None:
    script = Script(a=["one", "two", "three"], j="Ranking: [2] > [3] > [1]")
    answer = script.run("a x3 -> best j")
    seen = script.of("j")[0].system.partition('<candidate number="2">\n')[2].partition("\n</candidate>")[0]
    assert [each.text for each in answer.outputs] == [seen]
    assert script.models == ["a", "a", "a", "j"]


@pytest.mark.parametrize(("method", "calls"), [("listwise", 1), ("pairwise", 6), ("score", 3)])
def test_ways_to_judge(method: str, calls: int) -> None:
    def says(messages: list[dict[str, str]]) -> str:
        system = messages[0]["content"]
        if method == "score":
            return "Score: 9" if "\ntwo\n" in system else "Score: 2"
        number = 1 if system.find("\ntwo\n") < system.find("</candidate>") else 2
        return f"Better: {number if 'two' in system.partition('<candidate number')[2] else 'tie'}"

    script = Script(a="one", b="two", c="three", j="Ranking: [2]" if method == "listwise" else says)
    assert script.run(f"layer [a, b, c] -> best j method={method}").text == "two"
    assert len(script.of("j")) == calls


def test_an_unreadable_verdict_is_noted_and_the_first_stays() -> None:
    script = Script(a="one", b="two", j="Both have merits.")
    answer = script.run("layer [a, b] -> best j")
    assert answer.text == "one"
    (note,) = answer.notes
    assert "no ranking can be read" in note


def test_a_lost_judge_leaves_the_first() -> None:
    script = Script(a="one", b="two", j=Failure())
    answer = script.run("layer [a, b] -> best j")
    assert answer.text == "one"
    assert len(answer.losses) == len(answer.notes) == 1


# By confidence


def test_by_confidence_asks_for_probabilities_and_no_judge() -> None:
    script = Script(a=Sure("one", 0.5), b=Sure("two", 0.9), c=Sure("three", 0.7))
    answer = script.run("layer [a, b, c] -> best by=confidence")
    assert [each.text for each in answer.outputs] == ["two"]
    assert answer.candidate.confidence == pytest.approx(0.9)
    assert all(each.body["logprobs"] is True for each in script.asked)
    assert answer.notes == ()


def test_only_those_that_are_compared_are_asked_for_probabilities() -> None:
    script = Script(a=Sure("one", 0.5), b=Sure("two", 0.9), c=Sure("merged", 0.7))
    script.run("layer [a, b] -> agg c x2 -> best by=confidence")
    assert ["logprobs" in each.body for each in script.asked] == [False, False, True, True]


def test_probabilities_are_asked_for_also_where_a_judge_stands_between() -> None:
    script = Script(a=Sure("one", 0.5), b=Sure("two", 0.9), j="Verdict: correct")
    assert script.run("layer [a, b] -> verify j -> shuffle -> best by=confidence").text == "two"
    assert ["logprobs" in each.body for each in script.asked] == [True, True, False, False]


def test_a_fallback_that_may_be_compared_is_asked_for_probabilities() -> None:
    script = Script(a=Failure(), c="merged", d=Sure("instead", 0.9))
    answer = script.run("a -> agg c fallback=d -> when confidence > 0.5 { take 1 } else { agg c }")
    assert answer.text == "instead"
    assert script.of("d")[0].body["logprobs"] is True


def test_a_candidate_without_probabilities_stands_behind_those_with() -> None:
    script = Script(a="one", b=Sure("two", 0.1))
    assert script.run("layer [a, b] -> best by=confidence").text == "two"


def test_no_probabilities_at_all_is_noted() -> None:
    script = Script(a="one", b="two")
    answer = script.run("layer [a, b] -> best by=confidence")
    assert answer.text == "one"
    assert "no candidate has a confidence" in answer.notes[0]


def test_equal_confidence_keeps_the_first() -> None:
    script = Script(a=Sure("one", 0.5), b=Sure("two", 0.5))
    assert script.run("layer [a, b] -> best by=confidence").text == "one"


# By score


def test_by_score_takes_the_best_that_is_attached() -> None:
    script = Script(
        a="one", b="two", j=lambda messages: "Score: 3" if "\none\n" in messages[0]["content"] else "Score: 6"
    )
    answer = script.run("layer [a, b] -> score j -> best by=score")
    assert (answer.text, answer.candidate.score) == ("two", 0.6)


def test_no_score_that_can_be_read_is_noted_twice_and_the_first_stays() -> None:
    """Once where it was to be attached, once where it was to be used."""
    script = Script(a="one", b="two", j="They are fine.")
    answer = script.run("layer [a, b] -> score j -> best by=score")
    assert answer.text == "one"
    attached, used = answer.notes
    assert "2 candidates of 2 got no score that can be read" in attached
    assert "no candidate has a score" in used


# Few candidates


def test_one_candidate_is_the_best_and_none_is_an_error() -> None:
    script = Script(a="one", b=Failure(), j="Ranking: [1]")
    assert script.run("layer [a, b] -> best j").text == "one"
    assert script.of("j") == []
    with pytest.raises(moaql.NoCandidates):
        Script(b=Failure(), j="Ranking: [1]").run("layer [b, b] -> best by=confidence")
