"""Votes of subsets, their correlations with quality and diversity, and an honest figure for the best of many."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from moaql.evaluation.agreement import leave_one_out
from moaql.evaluation.diagnosis.figures import correlation, share
from moaql.evaluation.diagnosis.leave_out import leave_out_each
from moaql.evaluation.diagnosis.subsets import CAP, subsets_of
from moaql.evaluation.votes import Answers, encode, vote_accuracy


def coins(members: int, items: int, accuracy: float, seed: int = 0) -> Answers:
    """Members whose answers are thrown: right with this probability, else one of two wrong ones."""
    rng = np.random.default_rng(seed)
    codes = np.where(rng.random((members, items)) < accuracy, 0, rng.integers(1, 3, (members, items)))
    return Answers(tuple(f"m{each}" for each in range(members)), codes)


def test_every_subset_of_two_three_four_and_five_is_there_once() -> None:
    answers = coins(6, 30, 0.7)
    found = subsets_of(answers)
    assert [(each.size, each.count, each.of) for each in found.sizes] == [
        (size, comb(6, size), 6) for size in (2, 3, 4, 5)
    ]
    listed = found.best(1000)
    assert {each.members for each in listed} == {
        tuple(f"m{one}" for one in chosen) for size in (2, 3, 4, 5) for chosen in combinations(range(6), size)
    }
    for each in listed:
        alone = answers.only([int(name[1:]) for name in each.members])
        assert each.vote == pytest.approx(vote_accuracy(alone))
        assert each.quality == pytest.approx(np.mean(alone.accuracy))
        assert each.ceiling == pytest.approx(alone.right.any(axis=0).mean())
    assert [each.vote for each in listed] == sorted((each.vote for each in listed), reverse=True)


def test_the_best_is_the_smaller_one_where_two_are_level() -> None:
    answers = encode({"a": ["1", "1"], "b": ["1", "1"], "c": ["1", "1"]}, ["1", "1"])
    assert subsets_of(answers).best(1)[0].members == ("a", "b")
    assert subsets_of(answers).sizes[0].with_quality is None


def test_the_correlations_are_pearsons() -> None:
    found = subsets_of(coins(8, 60, 0.6, seed=3))
    for each, block in zip(found.sizes, found.votes, strict=True):
        assert each.with_quality == pytest.approx(np.corrcoef(block.accuracy, block.quality)[0, 1])
        assert each.with_disagreement == pytest.approx(np.corrcoef(block.accuracy, block.disagreement)[0, 1])


def test_too_many_subsets_are_of_the_most_accurate_members() -> None:
    answers = coins(40, 4, 0.6)
    found = subsets_of(answers)
    assert [each.size for each in found.sizes] == [2, 3, 5]
    assert found.count <= CAP
    last = found.sizes[-1]
    assert (last.of, last.count) == (31, comb(31, 5))
    used = set(found.votes[-1].members.ravel().tolist())
    least = min(answers.accuracy[member] for member in used)
    assert all(answers.accuracy[member] <= least for member in range(40) if member not in used)


def test_the_best_of_many_equal_ones_is_luck_and_cross_validation_shows_it() -> None:
    """All members are equally good and err apart: who is best on 60 items is chance."""
    found = subsets_of(coins(12, 60, 0.5, seed=5))
    best = found.best(1)[0].vote
    assert found.validated.repeats == 20
    assert found.validated.subset < best - 0.1
    assert found.validated.single < found.best_single_accuracy
    assert subsets_of(coins(12, 60, 0.5, seed=5)).validated == found.validated


def test_a_choice_that_is_clear_is_as_good_on_the_other_half() -> None:
    said = {"a": ["1"] * 20, "b": ["2"] * 20, "c": ["3"] * 20}
    found = subsets_of(encode(said, ["1"] * 20))
    assert (found.best_single, found.best_single_accuracy, found.validated.single) == ("a", 1.0, 1.0)
    assert found.validated.subset == 1.0


def test_one_item_and_one_member() -> None:
    assert subsets_of(encode({"a": ["1"], "b": ["2"]}, ["1"])).validated is None
    assert subsets_of(encode({"a": ["1"]}, ["1"])) is None
    assert leave_out_each(encode({"a": ["1"]}, ["1"])) == ()


def test_leaving_out_is_what_the_vote_loses_with_an_interval() -> None:
    answers = coins(5, 80, 0.7, seed=2)
    found = leave_out_each(answers)
    assert [each.comparison.difference for each in found] == pytest.approx(list(leave_one_out(answers)))
    for each in found:
        assert each.vote - each.without == pytest.approx(each.comparison.difference)
        assert each.comparison.low <= each.comparison.difference <= each.comparison.high
        assert each.comparison.adjusted >= each.comparison.p


def test_figures_of_nothing() -> None:
    assert share([]) is None
    assert correlation([1, 2], [2, 1]) is None
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
