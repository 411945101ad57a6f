"""Texts of judges, and what is read in them. None where nothing can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moaql.answers.verdicts import read_better, read_label, read_ranking, read_score, read_verdict


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ranking: [2] > [1] > [3]", (2, 1, 3)),
        ("The second is best.\n\n**Ranking:** [2] > [1]", (2, 1)),
        ("Final ranking (best to worst): **[3]** > [1] = [2].", (3, 1, 2)),
        ("RANKING: 2 > 1 > 3", (2, 1, 3)),
        ("Ranking: 2, 1, 3", (2, 1, 3)),
        ("Ranking: Answer 2 > Answer 1", (2, 1)),
        ("Ranking: 2", (2,)),
        ("Ranking:\n[2] > [1]", (2, 1)),
        ("Ranking：［2］＞［1］", (2, 1)),
        ("`Ranking: [2] > [1]`", (2, 1)),
        ("Ranking: [1] > [2]\nOn reflection:\nRanking: [2] > [1]", (2, 1)),
        ("So [2] > [1] > [3] it is.", (2, 1, 3)),
        ("2 > 1 > 3", (2, 1, 3)),
        ("Ranking: [2] > [9] > [2] > [0] > [1]", (2, 1)),  # unknown ones dropped, repeated ones once
        ("Since 3 > 2 we know that the first is right.", None),
        ("Ranking: 2 answers are good", None),
        ("Ranking: [7]", None),
        ("Ranking: none", None),
        ("The second one.", None),
        ("", None),
    ],
)
def test_rankings(text: str, expected: tuple[int, ...] | None) -> None:
    assert read_ranking(text, 3) == expected


@given(st.permutations(range(1, 8)), st.sampled_from(["Ranking: [{}]", "**Ranking**: [{}]", "[{}]"]))
def test_every_order_is_read_as_it_is_written(order: list[int], form: str) -> None:
    assert read_ranking(form.format("] > [".join(map(str, order))), 7) == tuple(order)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Better: 1", 1),
        ("Both are fine.\n**Better:** 2.", 2),
        ("better answer: [2]", 2),
        ("Better: Answer 1", 1),
        ("Better: tie", 0),
        ("Better: Neither", 0),
        ("Better is 2", 2),
        ("Better: 1\nNo. Better: 2", 2),
        ("Better: 1 or 2", None),
        ("Better: 3", None),
        ("Better: 12", None),
        ("The first is better.", None),
        ("", None),
    ],
)
def test_comparisons(text: str, expected: int | None) -> None:
    assert read_better(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Score: 7", 0.7),
        ("It is sound.\n\n**Score:** 8/10", 0.8),
        ("Score: 8.5", 0.85),
        ("Score: 8,5", 0.85),
        ("Score (0-10): 10", 1),
        ("Overall score: 0", 0),
        ("Rating: 4 out of 5", 0.8),
        ("Score: [[6]]", None),
        ("Score: [6]", 0.6),
        ("Score: 80%", 0.8),
        ("Score: 0.7", 0.7),
        ("Score: 1.0", 1),
        ("Score: 1", 0.1),
        ("7", 0.7),
        ("8/10.", 0.8),
        ("Clarity score: 2\nScore: 9", 0.9),
        ("Score: 11", None),
        ("Score: -1", None),
        ("Score: 12/10", None),
        ("Score: 7-8", None),
        ("Score: high", None),
        ("I like 7 things about it.", None),
        ("", None),
    ],
)
def test_scores_are_from_0_to_1(text: str, expected: float | None) -> None:
    assert read_score(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Verdict: correct", True),
        ("The sum is 4.\n**Verdict: Incorrect.**", False),
        ("Verdict: [Correct]", True),
        ("Verdict: not correct", False),
        ("Verdict: the answer is wrong", False),
        ("[Incorrect]", False),
        ("【Correct】", True),
        ("Correct.", True),
        ("Verdict: correct\nOh no.\nVerdict: incorrect", False),
        ("Verdict: partially correct", None),
        ("It seems correct to me.", None),
        ("", None),
    ],
)
def test_verdicts(text: str, expected: bool | None) -> None:
    assert read_verdict(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maths", "Maths"),
        ('**"Maths".**', "Maths"),
        ("This is about maths.", "Maths"),
        ("not-safe", "not-safe"),
        ("It is not-safe", "not-safe"),
        ("It could be maths or law.\nLaw", "law"),
        ("maths or law", None),
        ("mathsy", None),
        ("", None),
    ],
)
def test_labels(text: str, expected: str | None) -> None:
    assert read_label(text, ["Maths", "law", "safe", "not-safe"]) == expected


@pytest.mark.parametrize(
    "unit", ["ranking ", "1 > ", "[1] > ", "1", " ", "score: ", "score (", "verdict ", "better is ", "not ", "\n"]
)
def test_texts_without_end_are_read_too(unit: str) -> None:
    text = unit * (40_000 // len(unit))
    assert read_ranking(text, 3) in (None, (1,))
    assert (read_better(text), read_score(text), read_verdict(text), read_label(text, ["a"])) == (None,) * 4
