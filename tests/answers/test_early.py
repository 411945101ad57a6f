"""When a vote is decided before all have voted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moaql.answers.early import doubt, needed
from moaql.stages.vote import fewest_voters


@pytest.mark.parametrize(
    ("counts", "remaining", "confidence", "further"),
    [
        ([], [1] * 5, 1, 3),  # a majority of five
        ([2], [1] * 3, 1, 1),
        ([3], [1] * 2, 1, 0),
        ([2, 1], [1] * 2, 1, 1),  # two more could make it 2 to 3
        ([2, 2], [1], 1, 1),
        ([2], [1] * 2, 1, 1),  # two others could make a tie, and a tie may go to them
        ([2, 2], [], 1, 0),  # nobody is left to ask
        ([], [], 1, 0),
        ([], [1] * 40, 0.95, 4),  # 1 - 2^-5
        ([4], [1] * 36, 0.95, 0),
        ([4, 1], [1] * 35, 0.95, 2),  # P(Beta(7, 2) > 1/2) = 0.965 where P(Beta(6, 2) > 1/2) = 0.938
        ([3, 3], [1] * 34, 0.95, 6),
    ],
)
def test_how_many_more_must_be_heard(
    counts: list[float], remaining: list[float], confidence: float, further: int
) -> None:
    assert needed(counts, remaining, confidence, least=1, heard=int(sum(counts))) == further


def test_weights_decide_by_certainty_alone() -> None:
    assert needed([5.0], [1.0] * 4, 0.6, least=1, heard=1) == 0
    assert needed([2.5], [2.5, 0.5, 0.5], 0.6, least=1, heard=1) == 1
    assert needed([2.0], [1.0] * 9, 0.6, least=1, heard=1) == 4


def test_least_holds_back_what_is_only_likely() -> None:
    assert needed([1], [1] * 9, 0.75, least=1, heard=1) == 0
    assert needed([1], [1] * 9, 0.75, least=3, heard=1) == 2


def test_voters_without_an_answer_count_as_heard() -> None:
    assert needed([1], [1] * 9, 0.75, least=3, heard=3) == 0


@pytest.mark.parametrize(
    ("leader", "runner_up", "expected"), [(0, 0, 1 / 2), (3, 0, 1 / 16), (1, 1, 1 / 2), (2, 1, 5 / 16)]
)
def test_doubt_is_half_for_a_tie_and_halves_with_each_equal_answer(
    leader: int, runner_up: int, expected: float
) -> None:
    assert doubt(leader, runner_up) == expected


@given(st.integers(1, 60), st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99, 1.0]))
def test_from_the_start_it_is_the_least_number_of_the_stage(voters: int, confidence: float) -> None:
    least = fewest_voters(voters, confidence)
    assert needed([], [1.0] * voters, confidence, least, heard=0) == least


@given(st.lists(st.integers(0, 6), max_size=4), st.integers(0, 12), st.sampled_from([0.8, 0.95, 1.0]))
def test_it_is_never_more_than_are_left_and_one_more_vote_for_the_leader_never_asks_for_more(
    counts: list[int], left: int, confidence: float
) -> None:
    heard = sum(counts)
    now = needed(counts, [1.0] * left, confidence, 1, heard)
    assert 0 <= now <= left
    if left and counts:
        ahead = sorted(counts, reverse=True)
        after = needed([ahead[0] + 1, *ahead[1:]], [1.0] * (left - 1), confidence, 1, heard + 1)
        assert after == max(0, now - 1)
