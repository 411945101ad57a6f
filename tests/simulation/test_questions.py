"""The simulation's own questions: written, recognised and solved by their text."""

import json
from pathlib import Path

import pytest

from moaql.errors import UsageError
from moaql.simulation.questions import CATEGORIES, FAMILIES, recognise, write_questions
from moaql.simulation.truth import find_truth

SOLVED = [
    ("What is 17 * 23?", "391"),
    ("Please compute 1,200 - 345.", "855"),
    ("Solve for x: 3x + 7 = 34", "9"),
    ("What is the remainder when 2^10 is divided by 7?", "2"),
    ("How many positive divisors does 36 have?", "9"),
    ("Which of these numbers is prime?\nA) 91\nB) 97\nC) 99", "B"),
    ("Which of these fractions is the largest?\n(A) 1/2\n(B) 2/3\n(C) 3/5", "B"),
    ("What is the capital of Australia?\nA) Cairo\nB) Lima\nC) Canberra", "C"),
    ("Ada is taller than Ben. Chen is taller than Ada. Who is the shortest?", "Ben"),
    ("Which day of the week is 10 days before a Monday?", "Friday"),
    ("In a year that is no leap year, how many days lie from 20 January to 22 June?", "153"),
    ("It is 23:40. What time is it 35 minutes later?", "0:15"),
    ("In Python, what is `sum(range(3, 6))`?", "12"),
    ("In Python, what is `sorted([5, 1, 4])[0:2]`?", "[1, 4]"),
    ("In Python, what is `'garden'[1:4][::-1]`?", "'dra'"),
]


@pytest.mark.parametrize(("question", "answer"), SOLVED)
def test_a_question_is_solved(question: str, answer: str) -> None:
    found = recognise(question)
    assert found is not None
    assert found.solved.answer == answer
    assert answer not in found.solved.wrong


def test_every_family_solves_what_it_writes() -> None:
    from random import Random

    for family in FAMILIES:
        for seed in range(30):
            match = family.pattern.search(family.write(Random(seed)))
            assert match is not None
            # A few drawn texts have no single answer, and are drawn again.
            family.solve(match)


def test_all_questions_of_the_gallery_are_solved() -> None:
    lines = Path("programs/evals/arithmetic.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows
    for row in rows:
        found = recognise(row["input"])
        assert found is not None, row
        assert found.solved.answer == row["target"]


def test_questions_are_all_different_and_the_same_for_the_same_seed() -> None:
    rows = list(write_questions(500, seed=4))
    assert len({row["question"] for row in rows}) == len({row["id"] for row in rows}) == 500
    assert {row["category"] for row in rows} == set(CATEGORIES)
    assert rows == list(write_questions(500, seed=4))
    assert rows != list(write_questions(500, seed=5))


def test_wrong_answers_are_never_the_right_one() -> None:
    for row in write_questions(300, seed=8):
        truth = find_truth(row["question"])
        assert truth.answer == row["target"]
        assert truth.wrong
        assert truth.answer not in truth.wrong
        assert len(set(truth.wrong)) == len(truth.wrong)


@pytest.mark.parametrize(
    "target", ["42", "-3.5", "$1,200", "45%", "Paris", "friction", "[(1, 2), (3, 4)]", "yes", "{'a': 1}", "x"]
)
def test_wrong_answers_look_like_the_right_one(target: str) -> None:
    truth = find_truth("What is it?", {"target": target})
    assert truth.answer == target
    assert truth.wrong
    assert target not in truth.wrong


def test_a_question_without_a_target_is_open() -> None:
    assert find_truth("How should I plan my week?").open
    assert find_truth("How?", {"target": "A long answer that nobody can compare. " * 5}).open
    assert not find_truth("How many?", {"target": 7}).open


def test_an_unknown_category_is_told_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="no category is called `maths`") as caught:
        list(write_questions(1, ["maths"]))
    assert "math" in caught.value.next_step


@pytest.mark.parametrize(
    "piece", ["9", "a", "Ada is taller than Ben. ", "1,", "What is 1", "[1]\n", "Strengths: ", "The answer is "]
)
def test_a_very_long_text_is_read_in_no_time(piece: str) -> None:
    import time

    from simulation.asking import ask

    start = time.perf_counter()
    ask("weak", piece * (50_000 // len(piece)))
    assert time.perf_counter() - start < 2
