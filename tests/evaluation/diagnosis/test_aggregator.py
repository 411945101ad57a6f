"""Whether an aggregator keeps a right answer of the minority, and whether answers grow longer."""

import math

import pytest
from evaluation.diagnosis.made import graph, heard, spoken

from moaql.evaluation.diagnosis.aggregator import aggregators_of, situation
from moaql.evaluation.diagnosis.heard import Heard
from moaql.evaluation.diagnosis.lengths import lengths_of

THREE = ("layer1/a", "layer1/b", "layer1/c")


def item(candidates: str, answer: str) -> Heard:
    """Three candidates and what the aggregator makes of them; the target is 1, `-` is no answer."""
    said = {node: spoken(None if each == "-" else each) for node, each in zip(THREE, candidates, strict=True)}
    return heard({**said, "agg/e": spoken(answer, shown=THREE)})


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ("112", "majority right"),
        ("111", "majority right"),
        ("122", "minority right"),
        ("123", "tie"),
        ("1--", "majority right"),
        ("234", "none right"),
    ],
)
def test_situations(candidates: str, expected: str) -> None:
    shown = [spoken(None if each == "-" else each) for each in candidates]
    assert situation(shown, readable=True) == expected


def test_where_answers_cannot_be_read_all_wrong_ones_are_one_side() -> None:
    shown = [spoken(each) for each in "123"]
    assert situation(shown, readable=False) == "minority right"
    assert situation(shown[:2], readable=False) == "tie"


def test_an_aggregator_by_what_its_candidates_say() -> None:
    items = [item("112", "1"), item("111", "2"), item("122", "1"), item("122", "2"), item("322", "7"), item("123", "1")]
    (found,) = aggregators_of(graph("layer [a, b, c] -> agg e"), items, readable=True)
    assert (found.node, found.model, found.items) == ("agg/e", "e", 6)
    assert {name: (each.value, each.count) for name, each in found.situations.items()} == {
        "majority right": (0.5, 2),
        "minority right": (0.5, 2),
        "tie": (1.0, 1),
        "none right": (0.0, 1),
    }
    # Five items have a majority. It is followed on the first and the fourth; the second and the fifth get answers that nobody gave.
    assert (found.follows.value, found.follows.count) == (0.4, 5)
    assert found.new.value == pytest.approx(2 / 6)
    assert (found.right.value, found.majority.value) == (0.5, pytest.approx(2 / 6))


def test_a_situation_that_never_came_up_is_none() -> None:
    (found,) = aggregators_of(graph("layer [a, b, c] -> agg e"), [item("111", "1")], readable=False)
    assert found.situations["minority right"] is None
    assert (found.follows, found.new) == (None, None)


def test_only_the_candidates_that_it_was_shown_count() -> None:
    """What a filter took away is no candidate."""
    said = {node: spoken(each) for node, each in zip(THREE, "122", strict=True)}
    filtered = heard({**said, "agg/e": spoken("1", shown=THREE[:1])})
    (found,) = aggregators_of(graph("layer [a, b, c] -> agg e"), [filtered], readable=True)
    assert found.situations["majority right"].count == 1


def test_the_last_aggregator_comes_first() -> None:
    found = aggregators_of(graph("(layer [a, b] -> agg e) x2"), [], readable=True)
    assert [each.node for each in found] == ["agg2/e", "agg/e"]
    assert found[0].right is None


def test_lengths_grow_through_the_layers() -> None:
    """Half as long, then twice as long: on the second depth the ratios of the two items cancel out."""
    topology = graph("layer [a, b] -> layer [c] -> agg e")
    items = [
        heard(
            {
                "layer1/a": spoken("1", tokens=80),
                "layer1/b": spoken("2", tokens=120),
                "layer2/c": spoken("1", tokens=second),
                "agg/e": spoken("1", tokens=400),
            }
        )
        for second in (50, 200)
    ]
    first, second, last = lengths_of(topology, items)
    assert [(each.name, each.depth, each.calls, each.answers) for each in (first, second, last)] == [
        ("layer1", 1, 2, 4),
        ("layer2", 2, 1, 2),
        ("agg", 3, 1, 2),
    ]
    assert (first.tokens, first.ratio) == (100, None)
    assert second.ratio.value == pytest.approx(1)
    assert second.ratio.low < 1 < second.ratio.high
    assert (last.ratio.value, last.ratio.low) == (pytest.approx(4), pytest.approx(4))
    # Among the answers to one item, the shorter is the right one each time.
    assert (first.with_right, first.within_items) == (pytest.approx(-1), pytest.approx(-1))
    assert last.with_right is None


def test_lengths_within_items_leave_their_difficulty_out() -> None:
    """Hard items have long answers and are wrong; of one item, the longer answer is the right one."""
    items = [
        heard({"layer1/a": spoken("1", tokens=100), "layer1/b": spoken("1", tokens=110)}),
        heard({"layer1/a": spoken("2", tokens=900), "layer1/b": spoken("1", tokens=950)}),
        heard({"layer1/a": spoken("2", tokens=980), "layer1/b": spoken("2", tokens=990)}),
    ]
    (found,) = lengths_of(graph("layer [a, b] -> vote"), items)
    assert found.with_right < -0.3
    assert found.within_items > 0.5


def test_the_ratio_of_one_item_has_no_interval() -> None:
    one = heard(
        {"layer1/a": spoken("1", tokens=100), "layer1/b": spoken("1", tokens=100), "agg/e": spoken("1", tokens=250)}
    )
    found = lengths_of(graph("layer [a, b] -> agg e"), [one])[1].ratio
    assert (found.value, found.low, found.items) == (pytest.approx(2.5), None, 1)
    assert not math.isnan(found.value)
