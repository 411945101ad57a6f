"""Orders that judges give, and orders by what is attached."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operations.examples import apply, names, said, voices

ABC = voices("1", "2", "3")


def ranked(
    method: str, *verdicts: tuple[str, str] | None, candidates: tuple = ABC, top: int | None = None
) -> tuple[str, list[str]]:
    kept, notes = apply("rank", {"candidates": candidates, "verdict": said(*verdicts)}, method=method, top=top)
    return names(kept), notes


@pytest.mark.parametrize(
    ("shown", "text", "expected"),
    [
        ("abc", "Ranking: [2] > [3] > [1]", "bca"),
        ("cab", "Ranking: [1] > [2] > [3]", "cab"),  # numbers mean what the judge was shown
    ],
)
def test_a_list_is_read_by_the_numbers_that_the_judge_saw(shown: str, text: str, expected: str) -> None:
    assert ranked("listwise", (shown, text)) == (expected, [])


@pytest.mark.parametrize(
    ("shown", "text", "expected"),
    [
        ("abc", "Ranking: [3]", "cab"),
        ("abx", "Ranking: [3] > [2]", "bac"),  # one that was lost meanwhile
    ],
)
def test_those_that_a_list_leaves_out_follow_in_their_order_and_it_is_said(
    shown: str, text: str, expected: str
) -> None:
    assert ranked("listwise", (shown, text)) == (
        expected,
        ["the ranking leaves 2 candidates of 3 out, which stand last"],
    )


@pytest.mark.parametrize("verdict", [("abc", "They are all good."), ("", "Ranking: [2] > [1]"), None])
def test_without_a_readable_list_the_order_stays_and_it_is_said(verdict: tuple[str, str] | None) -> None:
    order, notes = ranked("listwise", verdict)
    assert order == "abc"
    assert notes == ["no ranking can be read, so the candidates keep their order"]


def test_pairs_are_counted_in_both_orders_and_ties_count_half() -> None:
    verdicts = [
        ("ab", "Better: 2"),
        ("ba", "Better: 1"),
        ("ac", "Better: tie"),
        ("ca", "Better: 1"),
        ("bc", "Better: 1"),
        ("cb", "Better: 2"),
    ]
    assert ranked("pairwise", *verdicts) == ("bca", [])


def test_a_comparison_that_cannot_be_read_favours_neither_and_it_is_said() -> None:
    order, notes = ranked("pairwise", ("ab", "Better: 2"), ("ba", "Hard to say."), ("ac", "Better: tie"), None)
    assert order == "bca"
    assert notes == ["1 comparison of 4 cannot be read and count for neither side"]


def test_scores_order_and_those_without_one_stand_last() -> None:
    order, notes = ranked("score", ("a", "Score: 3"), ("b", "none"), ("c", "Score: 9"))
    assert order == "cab"
    assert notes == ["1 candidate of 3 got no score that can be read, and stand last"]


@pytest.mark.parametrize("method", ["listwise", "pairwise", "score"])
def test_few_candidates_need_no_verdict(method: str) -> None:
    assert ranked(method, candidates=()) == ("", [])
    assert ranked(method, candidates=voices(None, "2", None)) == ("b", [])


def test_top_keeps_the_best() -> None:
    assert ranked("listwise", ("abc", "Ranking: [3] > [2] > [1]"), top=2)[0] == "cb"
    assert ranked("listwise", ("abc", "Ranking: [3] > [2] > [1]"), top=9)[0] == "cba"
    assert ranked("score", ("a", "Score: 1"), ("b", "Score: 2"), candidates=voices("1", "2", None), top=1)[0] == "b"


@given(st.text(alphabet="[]>123 \n:Ranking", max_size=40), st.integers(1, 4))
def test_whatever_is_said_the_result_is_the_beginning_of_an_order_of_all(text: str, top: int) -> None:
    order, _ = ranked("listwise", ("abc", text), top=top)
    assert len(order) == min(top, 3)
    assert set(order) <= set("abc")
    assert len(set(order)) == len(order)


@pytest.mark.parametrize(
    ("by", "values", "expected", "said"),
    [
        ("score", [0.2, None, 0.9], "cab", ""),
        ("score", [0.5, 0.5, 0.9], "cab", ""),
        ("score", [0, None, None], "abc", ""),
        ("confidence", [0.2, 0.8, None], "bac", ""),
        ("confidence", [None, None, None], "abc", "let a model judge"),
        ("score", [None, None, None], "abc", "look at the judge's texts"),
    ],
)
def test_select_orders_by_what_is_attached(by: str, values: list[float | None], expected: str, said: str) -> None:
    kept, notes = apply("select", {"candidates": voices("1", "2", "3", **{by: values})}, by=by, top=3)
    assert names(kept) == expected
    assert [said in note for note in notes] == ([True] if said else [])


def test_select_keeps_top_and_leaves_out_the_lost() -> None:
    assert (
        names(apply("select", {"candidates": voices("1", None, "3", score=[0.1, 0, 0.9])}, by="score", top=1)[0]) == "c"
    )
    assert apply("select", {"candidates": ()}, by="score", top=1) == ((), [])
