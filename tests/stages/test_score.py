"""`score`: a score from 0 to 1 is attached to each candidate."""

import pytest
from run.scripted import Failure, Later, Script

import moaql


def gives(**scores: str):
    """A judge who says this about the candidate of that text."""

    def says(messages: list[dict[str, str]]) -> object:
        return next(said for text, said in scores.items() if f"\n{text}\n</candidate>" in messages[0]["content"])

    return says


def scores(answer: moaql.Answer) -> dict[str, float | None]:
    return {each.text: each.score for each in answer.outputs}


def test_each_candidate_is_rated_alone_and_all_go_on_in_their_order() -> None:
    script = Script(a="one", b="two", j=gives(one="Meh.\nScore: 3", two="Good.\nScore: 8"))
    answer = script.run("layer [a, b] -> score j")
    assert [each.text for each in answer.outputs] == ["one", "two"]
    assert scores(answer) == {"one": 0.3, "two": 0.8}
    assert sorted(each.system.rpartition("\n\n")[2] for each in script.of("j")) == [
        '<candidate number="1">\none\n</candidate>',
        '<candidate number="1">\ntwo\n</candidate>',
    ]
    assert all("whole number from 0 (wrong or useless) to 10" in each.system for each in script.of("j"))
    assert all(each.user == "What is it?" for each in script.of("j"))


@pytest.mark.parametrize(
    ("said", "score"),
    [("Score: 10", 1), ("Score: 0", 0), ("**Score:** 8/10", 0.8), ("Score: 80%", 0.8), ("7", 0.7)],
)
def test_ways_to_write_a_score(said: str, score: float) -> None:
    answer = Script(a="one", j=said).run("a -> score j")
    assert answer.candidate.score == pytest.approx(score)
    assert answer.notes == ()


@pytest.mark.parametrize("said", ["Quite good.", "Score: 11", "Score: -1", "Score: 7-8", Failure()])
def test_no_score_is_guessed(said: object) -> None:
    answer = Script(a="one", j=said).run("a -> score j")
    assert answer.candidate.score is None
    assert len(answer.notes) == 1
    assert "1 candidate of 1 got no score that can be read" in answer.notes[0]


def test_an_unreadable_score_leaves_the_others() -> None:
    answer = Script(a="one", b="two", j=gives(one="?", two="Score: 2")).run("layer [a, b] -> score j -> best by=score")
    assert answer.text == "two"


def test_a_later_score_replaces_an_earlier_one() -> None:
    script = Script(a="one", b="two", j="Score: 2", k=gives(one="Score: 9", two="no idea"))
    answer = script.run("layer [a, b] -> score j -> score k")
    assert answer.outputs[0].score == 0.9
    assert answer.outputs[1].score is None


def test_scores_are_seen_by_when() -> None:
    program = "a -> score j -> when score >= 0.8 { take 1 } else { agg c }"
    script = Script(a="one", j="Score: 9", c="better")
    assert script.run(program).text == "one"
    assert script.of("c") == []
    script = Script(a="one", j="Score: 4", c="better")
    assert script.run(program).text == "better"


def test_new_texts_have_no_score() -> None:
    answer = Script(a="one", b="two", j="Score: 9", c="merged").run(
        "layer [a, b] -> score j -> rank by=score top=1 -> agg c"
    )
    assert answer.candidate.score is None


def test_a_score_that_nobody_reads_is_not_paid_for() -> None:
    """The aggregator's prompt does not show scores."""
    script = Script(a="one", b="two", j="Score: 9", c="merged")
    script.run("layer [a, b] -> score j -> agg c")
    assert script.of("j") == []


def test_candidates_are_rated_as_they_come() -> None:
    script = Script(a="one", b=Later(0.2, "two"), j="Score: 9")
    script.run("layer [a, b] -> score j")
    assert script.models == ["a", "b", "j", "j"]
    assert "\none\n" in script.of("j")[0].system


def test_a_lost_candidate_is_not_rated() -> None:
    script = Script(a=Failure(), b="two", j="Score: 9")
    answer = script.run("layer [a, b] -> score j")
    assert scores(answer) == {"two": 0.9}
    assert len(script.of("j")) == 1
    with pytest.raises(moaql.NoCandidates):
        Script(a=Failure(), j="Score: 9").run("a -> score j")


def test_places_are_kept_where_a_candidate_is_lost():
    script = Script(a=Failure(500), b="y", j="Score: 7", c="done")
    assert script.run("layer [a, b] -> score j -> agg c").text == "done"
    with pytest.raises(moaql.NoCandidates):
        script.run("layer [a, b] -> score j -> take 1 -> agg c")
