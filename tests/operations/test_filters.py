"""Operations that let some candidates through, or change their order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operations.examples import apply, names, said, voices

from moaql.operations import OPERATIONS

TRAIN = (
    "The train leaves Bern at noon and arrives in Basel an hour later, so it runs at one hundred kilometres an hour."
)
TRAIN_TOO = "Leaving Bern at noon, the train arrives in Basel an hour later; it runs at one hundred kilometres an hour."
BREAD = "Knead the dough for ten minutes, let it rest under a cloth until it has doubled, then bake it in a hot oven."


def test_these_operations_exist() -> None:
    assert OPERATIONS.built_in == ("attach", "cluster", "distinct", "pass", "rank", "select", "shuffle", "vote")


@pytest.mark.parametrize("operation", OPERATIONS.built_in)
def test_none_in_none_out(operation: str) -> None:
    for candidates in ((), voices(None, None)):
        assert apply(
            operation, {"candidates": candidates}, what="scores", by="score" if operation == "select" else "exact"
        ) == ((), [])


@pytest.mark.parametrize(
    ("verdicts", "expected", "expected_notes"),
    [
        ([("a", "Verdict: correct"), ("b", "Verdict: incorrect"), ("c", "[Correct]")], "ac", []),
        ([("c", "Verdict: correct"), ("b", "Hm."), None], "c", ["2 candidates of 3 got no verdict that can be read"]),
        (
            [("a", "[Incorrect]"), ("b", "[Incorrect]"), ("c", "[Incorrect]")],
            "abc",
            ["no candidate passed, so all go on"],
        ),
        (
            [("a", "[Incorrect]"), None, None],
            "abc",
            ["2 candidates of 3 got no verdict that can be read", "no candidate passed, so all go on"],
        ),
    ],
)
def test_the_correct_ones_pass_and_all_where_none_does(
    verdicts: list, expected: str, expected_notes: list[str]
) -> None:
    kept, notes = apply("pass", {"candidates": voices("1", "2", "3"), "verdict": said(*verdicts)})
    assert names(kept) == expected
    assert notes == expected_notes


def test_verdicts_about_the_lost_pass_nobody_else() -> None:
    inputs = {"candidates": voices(None, "2"), "verdict": said(("a", "Verdict: correct"), ("b", "Verdict: correct"))}
    assert names(apply("pass", inputs)[0]) == "b"


@pytest.mark.parametrize(
    ("by", "texts", "expected"),
    [
        ("similarity", [TRAIN, BREAD, TRAIN_TOO], "ac"),
        ("similarity", [BREAD, None, TRAIN, TRAIN_TOO], "cd"),
        ("similarity", [TRAIN, BREAD], "a"),  # level: the group of the first
        ("similarity", [TRAIN, TRAIN, TRAIN], "abc"),  # one group
        ("similarity", [TRAIN], "a"),
        ("number", ["4", "5", "4", "so 4"], "acd"),
        ("number", ["4", "5", "6", "4", "7"], "abd"),  # half of them stay, the rarest go
        ("number", ["none", "4", "5"], "bc"),  # who gives no answer goes first
        ("choice", ["A", "B"], "a"),
    ],
)
def test_the_larger_group_stays(by: str, texts: list[str | None], expected: str) -> None:
    kept, notes = apply("cluster", {"candidates": voices(*texts)}, by=by, keep="majority", groups=2)
    assert (names(kept), notes) == (expected, [])


def test_without_answers_to_compare_all_stay_and_it_is_said() -> None:
    kept, notes = apply("cluster", {"candidates": voices("x", "y")}, by="number")
    assert names(kept) == "ab"
    assert notes == ["no candidate gives an answer that can be compared, so all go on"]


@given(
    st.lists(st.sampled_from(["4", "5", "6", "7", "none"]), min_size=1, max_size=8),
    st.sampled_from(["number", "similarity"]),
)
def test_at_least_half_stay_in_a_cluster(texts: list[str], by: str) -> None:
    kept, _ = apply("cluster", {"candidates": voices(*texts)}, by=by)
    assert 2 * len(kept) >= len(texts)
    assert list(names(kept)) == sorted(names(kept))


@pytest.mark.parametrize(
    ("by", "texts", "expected"),
    [
        ("exact", ["Bern", "bern.", "Basel"], "ac"),
        ("number", ["4", "none", "4.0", "no number"], "abd"),  # two without an answer are not the same answer
        ("similarity", [TRAIN, BREAD, TRAIN + " Indeed."], "ab"),
        ("exact", [None, "Bern", "Bern"], "b"),
    ],
)
def test_of_equal_answers_the_first_stays(by: str, texts: list[str | None], expected: str) -> None:
    assert names(apply("distinct", {"candidates": voices(*texts)}, by=by)[0]) == expected


def test_a_shuffle_is_the_same_for_the_same_seed_and_question_and_loses_nobody() -> None:
    inputs = {"candidates": voices(*"12345678")}
    orders = [
        names(apply("shuffle", inputs, seed=seed, question=question)[0]) for seed in range(3) for question in "xy"
    ]
    assert orders == [
        names(apply("shuffle", inputs, seed=seed, question=question)[0]) for seed in range(3) for question in "xy"
    ]
    assert len(set(orders)) == 6
    assert {"".join(sorted(order)) for order in orders} == {"abcdefgh"}


def test_a_shuffle_with_a_seed_of_its_own_does_not_heed_the_seed_of_the_run() -> None:
    own = [apply("shuffle", {"candidates": voices(*"12345678")}, seed=run)[0] for run in (1, 2)]
    from moaql.operations.base import Given

    operation = OPERATIONS.find("shuffle")
    assert operation is not None
    fixed = [operation(Given({"candidates": voices(*"12345678")}, {"seed": 7}, "?", run)) for run in (1, 2)]
    assert own[0] != own[1]
    assert fixed[0] == fixed[1]


def test_a_lost_candidate_changes_the_order_of_no_other() -> None:
    whole = names(apply("shuffle", {"candidates": voices(*"12345678")})[0])
    without = names(apply("shuffle", {"candidates": voices("1", "2", None, *"45678")})[0])
    assert without == whole.replace("c", "")
