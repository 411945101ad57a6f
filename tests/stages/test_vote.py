"""`vote`: the answer that most candidates give."""

import pytest
from run.scripted import Failure, Script, Sure

import moaql


def won(program: str, *texts: object, **options: object) -> str:
    """Who wins where the models a, b, c, … say these texts."""
    script = Script(**dict(zip("abcdefgh", texts, strict=False)))
    return script.run(program, **options).candidate.model


@pytest.mark.parametrize(
    ("by", "texts", "winner"),
    [
        ("exact", ["Paris.", "Rome", "**paris**"], "a"),
        ("exact", ["Rome", "The answer is Paris.", "Answer: paris"], "b"),
        ("number", ["It is 7.", "So 1,000 in all.", "1000"], "b"),
        ("number", ["\\boxed{1/2}", "0.5", "2"], "a"),
        ("choice", ["(A)", "The answer is (C).", "C"], "b"),
        (
            "similarity",
            ["bananas are yellow", "the cat sat on the mat today", "the cat sat on the mat"],
            "b",
        ),
        (
            "cluster",
            ["bananas are yellow fruit", "the cat sat on the old mat", "the cat sat on the mat", "the cat on the mat"],
            "c",
        ),
    ],
)
def test_ways_to_read_answers(by: str, texts: list[str], winner: str) -> None:
    names = ", ".join("abcdefgh"[: len(texts)])
    assert won(f"layer [{names}] -> vote by={by} tie=first", *texts) == winner


def test_a_vote_asks_nobody_and_gives_one_candidate_as_it_was_written() -> None:
    script = Script(a="It is 5.", b="Surely 7!", c="7")
    answer = script.run("layer [a, b, c] -> vote by=number")
    assert sorted(script.models) == ["a", "b", "c"]
    assert [each.text for each in answer.outputs] == ["Surely 7!"]
    assert answer.notes == ()


# Ties


def test_a_tie_goes_to_the_first() -> None:
    assert won("layer [a, b, c, d] -> vote tie=first", "x", "y", "y", "x") == "a"


def test_a_tie_goes_to_the_best_score() -> None:
    script = Script(a="x", b="y", j=lambda messages: "Score: 9" if "\ny\n" in messages[0]["content"] else "Score: 4")
    assert script.run("layer [a, b] -> score j -> vote tie=best").text == "y"


def test_a_random_tie_is_drawn_from_the_seed() -> None:
    program = "layer [a, b, c, d] -> vote tie=random"
    drawn = [won(program, "w", "x", "y", "z", seed=seed) for seed in range(12)]
    assert drawn == [won(program, "w", "x", "y", "z", seed=seed) for seed in range(12)]
    assert len(set(drawn)) > 1


# Weights


@pytest.mark.parametrize(
    ("weights", "winner"),
    [
        ("{a: 3, b: 1}", "a"),
        ("{a: 1.5, c: 0.2}", "a"),
        ("{a: 0.5}", "b"),
        ("{b: 0, c: 0}", "a"),
    ],
)
def test_weights_are_of_models_and_1_where_none_is_given(weights: str, winner: str) -> None:
    assert won(f"layer [a, b, c] -> vote weights={weights}", "x", "y", "y") == winner


def test_every_sample_of_a_model_has_its_weight() -> None:
    assert won("layer [a x2, b] -> vote weights={b: 1.5}", "x", "y") == "a"
    assert won("layer [a x2, b] -> vote weights={b: 2.5}", "x", "y") == "b"


def test_a_derived_model_has_a_weight_of_its_own() -> None:
    script = Script(a="x", b="y", c="y")
    program = "model calm = a temperature=0.2\ntopology t = layer [calm, b, c] -> vote weights={calm: 3, a: 0}"
    assert script.run(program).text == "x"


def test_a_model_keeps_its_weight_when_its_alternative_answers() -> None:
    script = Script(a=Failure(), z="x", b="y", c="y")
    answer = script.run("model safe = a or z\ntopology t = layer [safe, b, c] -> vote weights={safe: 3}")
    assert (answer.text, answer.candidate.model, answer.candidate.model_id) == ("x", "safe", "openai/z")


def test_weights_that_are_decimal_fractions_tie() -> None:
    assert won("layer [a, b, c] -> vote tie=first weights={a: 0.3, b: 0.1, c: 0.2}", "x", "y", "y") == "a"


def test_weights_by_cluster_and_similarity() -> None:
    texts = ["bananas are yellow", "the cat sat on the mat", "the cat sat on a mat"]
    for by in ("similarity", "cluster"):
        assert won(f"layer [a, b, c] -> vote by={by} weights={{a: 9}}", *texts) == "a"


def test_an_early_vote_reckons_with_the_heavy_voter_that_is_still_to_come() -> None:
    """Also where that voter stands behind a stage, so that its weight is not known before it spoke."""
    heavy = "topology panel = a -> when tokens > 1 { agg g } else { agg g x2 -> vote tie=first }\n"
    program = f"{heavy}topology t = layer [b, c, panel] -> vote early=true confidence=1 weights={{g: 9}}"
    script = Script(a="draft", b="y", c="y", g="x")
    assert script.run(program).text == "x"


# Early


def test_an_early_vote_asks_on_where_voters_are_lost_or_give_no_answer() -> None:
    script = Script(a=[Failure(), "no idea", "7", "7", "7", "7", "7", "7"])
    answer = script.run("a x20 -> vote by=number early=true tie=first")
    assert answer.text == "7"
    assert 4 < len(script.asked) < 20


def test_an_early_vote_that_is_never_decided_asks_everybody() -> None:
    script = Script(a="x", b="y", c="x", d="y")
    answer = script.run("layer [a, b, c, d] -> vote early=true tie=first")
    assert (answer.text, len(script.asked)) == ("x", 4)


def test_an_early_vote_behind_a_stage_that_lets_fewer_through() -> None:
    def judge(messages: list[dict[str, str]]) -> str:
        return "Verdict: incorrect" if "\nx\n" in messages[0]["content"] else "Verdict: correct"

    script = Script(a="x", b="x", c="y", j=judge)
    assert script.run("layer [a, b, c] -> verify j -> vote early=true").text == "y"


def test_a_heavy_voter_decides_early_and_alone() -> None:
    script = Script(a="x", b="y", c="y")
    answer = script.run("layer [a, b, c] -> vote early=true confidence=1 weights={a: 9}")
    assert (answer.text, script.models) == ("x", ["a"])


# Few candidates, none, and texts without an answer


def test_one_candidate_wins_and_none_is_an_error() -> None:
    assert won("layer [a] -> vote", "x") == "a"
    assert won("layer [a, b, c] -> vote", Failure(), "y", Failure()) == "b"
    with pytest.raises(moaql.NoCandidates):
        won("layer [a, b] -> vote tie=first", Failure(), Failure())


def test_a_text_without_an_answer_has_no_vote() -> None:
    assert won("layer [a, b, c] -> vote by=number", "no idea", "who knows", "7") == "c"


def test_nobody_votes_is_noted_and_the_first_goes_on() -> None:
    script = Script(a="no idea", b="who knows", c="hm")
    answer = script.run("layer [a, b, c] -> vote by=number")
    assert answer.text == "no idea"
    assert answer.notes == ("`vote`: no candidate gives a number, so nobody votes, and the first one goes on",)


def test_a_lost_voter_has_no_vote() -> None:
    assert won("layer [a, b, c, d] -> vote tie=first", "x", Failure(), "y", "y") == "c"


def test_reasoning_is_no_answer() -> None:
    assert won("layer [a, b, c] -> vote by=number", "<think>7 or 8?</think>9", "9", "7") == "a"


def test_tokens_probabilities_are_not_asked_for() -> None:
    script = Script(a=Sure("x", 0.9), b="x")
    script.run("layer [a, b] -> vote tie=first")
    assert all("logprobs" not in each.body for each in script.asked)


def test_a_weight_holds_under_another_name_of_the_same_model():
    """Equal calls are one call, under the name that was met first."""
    script = Script(a="x", b="y", c="y")
    program = "model al = a\ntopology t = layer [a, b, c] -> when count > 2 { take 0 -> layer [al, b, c] -> vote weights={al: 3} }"
    assert script.run(program).text == "x"


def test_a_tie_that_nothing_decides_is_said():
    answer = Script(a="x", b="y").run("layer [a, b] -> vote tie=best")
    assert answer.text == "x"
    assert "no candidate has a score or a confidence" in answer.notes[0]
