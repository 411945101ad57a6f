"""Members: who they are, how good and how dear they are, and which of them can be compared."""

import pytest
from evaluation.diagnosis.made import graph, heard, panel, spoken

from moaql.evaluation.agreement import diversity
from moaql.evaluation.diagnosis.members import Member, figures_by_model, figures_of, members_of, panel_of

A, B, C = (Member(name, name, name, f"sim/{name}") for name in "abc")


def test_members_are_the_calls_that_read_no_other_answer() -> None:
    found = members_of(graph("layer [a, b]x2 -> layer [c, d] -> agg e"))
    assert [(each.name, each.node) for each in found] == [
        ("a#1", "layer1/a"),
        ("a#2", "layer1/a#2"),
        ("b#1", "layer1/b"),
        ("b#2", "layer1/b#2"),
    ]
    assert {each.model_id for each in found} == {"sim/llama-3-70b-chat", "sim/qwen1.5-72b-chat"}


def test_neither_judges_nor_spare_calls_are_members() -> None:
    found = members_of(graph("layer [a, b, c] -> rank d top=2 -> agg e fallback=f"))
    assert [each.name for each in found] == ["a", "b", "c"]


def test_what_failed_counts_as_wrong_and_what_was_never_asked_does_not_count() -> None:
    items = panel(a="11x2", b="11  ")
    one, other = figures_of((A, B), items)
    assert (one.asked, one.lost, one.right.value) == (4, 1, 0.5)
    assert (other.asked, other.lost, other.right.value) == (2, 0, 1.0)
    assert one.right.low < 0.5 < one.right.high


def test_price_and_length_are_of_an_answer() -> None:
    items = [
        heard({"a": spoken("1", tokens=100, cost=0.25)}),
        heard({"a": spoken("2", tokens=300, cost=0.75)}),
        heard({}, ["a"]),
    ]
    (found,) = figures_of((A,), items)
    assert (found.cost, found.tokens, found.asked) == (0.5, 200, 3)
    (unpriced,) = figures_of((A,), [*items, heard({"a": spoken("1", cost=None)})])
    assert unpriced.cost is None


def test_samples_of_a_model_are_summed_up_item_by_item() -> None:
    one, two = Member("a#1", "a", "a", "sim/a"), Member("a#2", "a#2", "a", "sim/a")
    (found,) = figures_by_model((one, two), panel(**{"a": "11", "a#2": "12"}))
    assert (found.name, found.samples, found.asked, found.right.value, found.right.count) == ("a", 2, 4, 0.75, 2)


def test_graded_answers_are_right_from_one_half_on() -> None:
    graded = [spoken("1").__class__(spoken("1").candidate, score) for score in (0.5, 0.49, 1.0, None)]
    (found,) = figures_of((A,), [heard({"a": each}) for each in graded])
    assert found.asked == 3
    assert found.right.value == pytest.approx(2 / 3)
    assert found.score == pytest.approx((0.5 + 0.49 + 1) / 3)


def test_members_are_compared_on_the_items_that_all_were_asked() -> None:
    found = panel_of((A, B, C), panel(a="1122", b="112 ", c="1   "), readable=True)
    assert [each.name for each in found.members] == ["a", "b"]
    assert found.seldom == ("c",)
    assert found.items == (0, 1, 2)
    assert found.answers.codes.tolist() == [[0, 0, 1], [0, 0, 1]]


def test_a_failed_call_is_wrong_but_agrees_with_nobody() -> None:
    found = panel_of((A, B), panel(a="1x", b="1x"), readable=True)
    errs = diversity(found.answers)
    assert (errs.agreement[0][1], errs.same_wrong[0][1], errs.all_wrong) == (0.5, 0.0, 0.5)


def test_where_answers_cannot_be_read_no_two_wrong_ones_are_the_same() -> None:
    items = panel(a="122", b="122")
    assert diversity(panel_of((A, B), items, readable=True).answers).same_wrong[0][1] == 1.0
    assert diversity(panel_of((A, B), items, readable=False).answers).same_wrong[0][1] == 0.0


def test_at_most_forty_members_are_compared() -> None:
    names = [f"m{number}" for number in range(42)]
    members = [Member(name, name, name, "sim/a") for name in names]
    found = panel_of(members, panel(**dict.fromkeys(names, "12")), readable=True)
    assert (len(found.members), found.beyond) == (40, ("m40", "m41"))
