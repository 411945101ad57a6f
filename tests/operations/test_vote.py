"""Who wins a vote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operations.examples import apply, names, voices

from moaql.answers.extract import extract
from moaql.check.program import Model

TRAIN = (
    "The train leaves Bern at noon and arrives in Basel an hour later, so it runs at one hundred kilometres an hour."
)
TRAIN_TOO = "Leaving Bern at noon, the train arrives in Basel an hour later; it runs at one hundred kilometres an hour."
BREAD = "Knead the dough for ten minutes, let it rest under a cloth until it has doubled, then bake it in a hot oven."


def winner(*texts: str | None, **parameters: object) -> str:
    """The name of the candidate that wins."""
    return names(apply("vote", {"candidates": voices(*texts)}, **parameters)[0])


@pytest.mark.parametrize(
    ("by", "texts", "expected"),
    [
        ("exact", ["Bern", "Basel", "**basel**."], "b"),
        ("number", ["so 5", "The answer is 1,000", "1000.0"], "b"),
        ("choice", ["(A)", "The answer is (B).", "B"], "b"),
        ("similarity", [BREAD, TRAIN, TRAIN + " Bread is good.", TRAIN_TOO], "b"),  # most alike all the others
        ("cluster", [BREAD, TRAIN, TRAIN_TOO], "b"),
        ("exact", [None, "Basel", None], "b"),
        ("number", ["I do not know", "no idea", "4"], "c"),  # who gives no answer has no vote
        ("similarity", ["", " ", TRAIN], "c"),
        ("exact", ["Bern"], "a"),
        ("exact", [], ""),
        ("exact", [None, None], ""),
    ],
)
def test_the_first_of_the_largest_group_wins(by: str, texts: list[str | None], expected: str) -> None:
    assert winner(*texts, by=by) == expected


@pytest.mark.parametrize("by", ["number", "similarity", "cluster"])
def test_where_nobody_can_vote_the_first_goes_on_and_it_is_said(by: str) -> None:
    kept, notes = apply("vote", {"candidates": voices("", " ")}, by=by)
    assert names(kept) == "a"
    assert len(notes) == 1
    assert "nobody votes" in notes[0]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (None, "a"),
        ({"c": 3}, "c"),
        ({"c": 2}, "a"),  # level
        ((("c", 2.5),), "c"),
        (((Model("c", "sim/c"), 3.0),), "c"),
        ({"a": 0, "b": 0}, "c"),
        ({"a": 0.1, "b": 0.2, "c": 0.3}, "a"),  # level, whatever floats say
    ],
)
def test_weights_count_for_models_and_1_for_those_without(weights: object, expected: str) -> None:
    assert winner("4", "4", "5", by="number", weights=weights) == expected


def test_a_heavy_voice_draws_open_text_to_itself() -> None:
    assert winner(TRAIN, TRAIN_TOO, BREAD, by="similarity", weights={"c": 5}) == "c"
    assert winner(TRAIN, TRAIN_TOO, BREAD, by="cluster", weights={"c": 5}) == "c"


def test_a_tie_goes_to_the_first_or_to_the_best() -> None:
    assert winner("5", "4") == "a"
    scored = voices("5", "4", "3", score=[0.2, 0.9, None])
    assert names(apply("vote", {"candidates": scored}, tie="best")[0]) == "b"
    sure = voices("5", "4", "3", score=[0.5, 0.5, None], confidence=[0.4, 0.6, 1.0])
    assert names(apply("vote", {"candidates": sure}, tie="best")[0]) == "b"
    assert winner("5", "4", tie="best") == "a"


def test_a_tie_by_chance_is_the_same_for_the_same_seed_and_question() -> None:
    ties = {"candidates": voices("5", "4", "3")}
    drawn = [names(apply("vote", ties, tie="random", seed=seed, question=q)[0]) for seed in range(8) for q in "xyz"]
    again = [names(apply("vote", ties, tie="random", seed=seed, question=q)[0]) for seed in range(8) for q in "xyz"]
    assert drawn == again
    assert set(drawn) == {"a", "b", "c"}


@given(st.lists(st.sampled_from(["4", "5", "6", "none"]), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_equal_voters_may_speak_in_any_order(texts: list[str], random: object) -> None:
    votes = [text for text in texts if text != "none"]
    most = max((votes.count(text) for text in votes), default=0)
    leaders = {text for text in votes if votes.count(text) == most}
    shuffled = list(texts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    (kept,), _ = apply("vote", {"candidates": voices(*shuffled)}, by="number")
    assert extract(kept.text, "number") in leaders if leaders else kept.text == "none"
