"""How alike texts are, and the groups that follow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moaql.answers.groups import equal_answers, groups, two_groups
from moaql.answers.linkage import merges
from moaql.answers.similarity import medoid, similarities, similarity

TRAIN = (
    "The train leaves Bern at noon and arrives in Basel an hour later, so it runs at one hundred kilometres an hour."
)
TRAIN_TOO = (
    "At noon the train leaves Bern. It arrives in Basel an hour later, which makes one hundred kilometres an hour."
)
BREAD = "Knead the dough for ten minutes, let it rest under a cloth until it has doubled, then bake it in a hot oven."
LONG = " ".join(f"{TRAIN} Step {number} follows." for number in range(200))
LONG_TURNED = " ".join(f"{TRAIN_TOO} Step {number} follows." for number in reversed(range(200)))


def test_the_same_content_in_other_words_is_alike_and_other_content_is_not() -> None:
    assert similarity(TRAIN, TRAIN_TOO) > 0.6
    assert similarity(TRAIN, BREAD) < 0.2


def test_long_texts_are_as_alike_as_short_ones() -> None:
    assert similarity(LONG, LONG_TURNED) > 0.6


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 1),
        ("word", "", 0),
        ("Same Words", "same words", 1),
        ("+ - +", "+ - +", 1),
        ("a b", "c d", 0),
        ("你好", "你好", 1),
    ],
)
def test_the_ends_of_the_scale(one: str, other: str, expected: float) -> None:
    assert similarity(one, other) == pytest.approx(expected)


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert similarity("今天天气很好", "今天的天气很好") > 0.6


@given(st.text(max_size=60), st.text(max_size=60))
def test_it_is_symmetric_and_within_0_and_1(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) == 1


@given(st.lists(st.text(alphabet="abc ", max_size=12), max_size=6))
def test_the_matrix_holds_the_similarity_of_each_pair(texts: list[str]) -> None:
    assert similarities(texts) == [[similarity(one, other) for other in texts] for one in texts]


def test_a_medoid_is_in_the_middle_and_a_heavy_voice_draws_it_near() -> None:
    matrix = similarities(["a b c d", "a b c e", "a b x y"])
    assert medoid(matrix, [0, 1, 2]) == [0, 1]
    assert medoid(matrix, [0, 1, 2], [1, 1, 9]) == [2]


def test_equal_answers_are_grouped_in_order_and_no_answer_is_in_no_group() -> None:
    assert equal_answers(["b", None, "a", "b"]) == [[0, 3], [2]]
    assert groups(["so 4", "The answer is 4.0", "", "five", "5"], "number") == [[0, 1], [4]]


def test_groups_by_similarity_join_near_copies_and_by_cluster_what_says_the_same() -> None:
    texts = [TRAIN, BREAD, TRAIN_TOO, TRAIN + " Indeed.", "  "]
    assert groups(texts, "similarity") == [[0, 3], [1], [2]]
    assert groups(texts, "cluster") == [[0, 2, 3], [1]]


def test_two_groups_tell_the_one_that_differs_from_the_rest() -> None:
    assert two_groups([TRAIN, BREAD, TRAIN_TOO]) == ([0, 2], [1])


@pytest.mark.parametrize(
    ("texts", "expected"),
    [([], ([], [])), (["a"], ([0], [])), (["a", "a", "a"], ([0, 1, 2], [])), (["a", "b"], ([0], [1]))],
)
def test_two_groups_of_few_or_equal_texts(texts: list[str], expected: tuple[list[int], list[int]]) -> None:
    assert two_groups(texts) == expected


@given(st.lists(st.text(alphabet="abcd ", max_size=10), min_size=1, max_size=9))
def test_every_join_is_of_two_groups_that_exist_and_less_alike_than_those_before(texts: list[str]) -> None:
    found = merges(similarities(texts))
    assert len(found) == len(texts) - 1
    standing = {(position,) for position in range(len(texts))}
    for _, one, other in found:
        standing -= {one, other}
        standing.add(one + other)
    assert len(standing) == 1
    assert [round(join[0], 9) for join in found] == sorted((round(join[0], 9) for join in found), reverse=True)
