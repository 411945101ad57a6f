"""`verify`: the candidates that a model finds correct go on; all of them, and it is said, where none is."""

import pytest
from run.scripted import Failure, Script

import moaql


def verdict(*correct: str):
    """A judge who finds these texts correct."""

    def says(messages: list[dict[str, str]]) -> str:
        found = any(f"\n{text}\n</candidate>" in messages[0]["content"] for text in correct)
        return f"Let me think.\n\nVerdict: {'correct' if found else 'incorrect'}"

    return says


def passed(judge: object, **says: object) -> moaql.Answer:
    script = Script(**({"a": "one", "b": "two", "c": "three"} | says), j=judge)
    return script.run("layer [a, b, c] -> verify j")


def test_each_candidate_is_checked_alone_and_the_correct_go_on_in_their_order() -> None:
    script = Script(a="one", b="two", c="three", j=verdict("one", "three"))
    answer = script.run("layer [a, b, c] -> verify j")
    assert sorted(each.system.partition("\n\n<candidate")[2] for each in script.of("j")) == [
        f' number="1">\n{text}\n</candidate>' for text in ("one", "three", "two")
    ]
    assert all(each.user == "What is it?" for each in script.of("j"))
    assert [each.text for each in answer.outputs] == ["one", "three"]
    assert answer.notes == ()


def test_all_go_on_where_none_passes_and_it_is_said() -> None:
    answer = passed(verdict())
    assert [each.text for each in answer.outputs] == ["one", "two", "three"]
    (note,) = answer.notes
    assert note.endswith("no candidate passed, so all go on")


def test_a_verdict_that_cannot_be_read_passes_nobody_and_is_noted() -> None:
    answer = passed(
        lambda messages: "Verdict: correct" if "\ntwo\n" in messages[0]["content"] else "It may well be correct."
    )
    assert [each.text for each in answer.outputs] == ["two"]
    (note,) = answer.notes
    assert "2 candidates of 3 got no verdict that can be read" in note


def test_a_lost_judge_passes_nobody_and_is_noted() -> None:
    answer = passed(Failure())
    assert [each.text for each in answer.outputs] == ["one", "two", "three"]
    unread, all_go_on = answer.notes
    assert "3 candidates of 3 got no verdict" in unread
    assert "all go on" in all_go_on
    assert [each.node for each in answer.losses] == ["verify/j[1]", "verify/j[2]", "verify/j[3]"]


def test_a_lost_candidate_is_not_checked() -> None:
    script = Script(a="one", b=Failure(), c="three", j=verdict("three"))
    answer = script.run("layer [a, b, c] -> verify j")
    assert len(script.of("j")) == 2
    assert [each.text for each in answer.outputs] == ["three"]


def test_one_candidate_that_fails_goes_on_all_the_same() -> None:
    script = Script(a="one", j="Verdict: incorrect")
    answer = script.run("a -> verify j")
    assert answer.text == "one"
    assert "no candidate passed" in answer.notes[0]


def test_without_candidates_nobody_is_asked() -> None:
    script = Script(a=Failure(), j="Verdict: correct")
    with pytest.raises(moaql.NoCandidates):
        script.run("a -> verify j")
    assert script.of("j") == []


def test_what_passed_is_what_the_next_stage_sees() -> None:
    script = Script(a="one", b="two", c="three", j=verdict("three", "one"), m="merged", r="Ranking: [2] > [1]")
    script.run("layer [a, b, c] -> verify j -> rank r top=1 -> agg m")
    assert "lists all 2 numbers" in script.of("r")[0].system
    assert script.of("m")[0].system.endswith('<candidate number="1">\nthree\n</candidate>')


def test_a_pairwise_ranking_compares_only_what_passed() -> None:
    script = Script(a="one", b="two", c="three", j=verdict("three", "one"), r="Better: 1")
    answer = script.run("layer [a, b, c] -> verify j -> rank r top=1 method=pairwise")
    assert len(script.of("r")) == 2
    assert all("\ntwo\n" not in each.system for each in script.of("r"))
    assert answer.text == "one"
