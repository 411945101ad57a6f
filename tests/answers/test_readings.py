"""Answers that a recording states are taken as they stand; texts beside them are read."""

import pytest

from moaql.answers.candidate import Candidate
from moaql.answers.readings import readings, same_answers

STATES_18 = Candidate("So it is eighteen, or 20.", stated=("18",))
STATES_NOTHING_READABLE = Candidate("The answer is 18.", stated=())
SAYS_18 = Candidate("The answer is 18.0.")


@pytest.mark.parametrize(
    ("candidates", "by", "read"),
    [
        ([STATES_18, STATES_NOTHING_READABLE], "number", ["18", None]),
        ([STATES_18, SAYS_18], "number", ["18", "18"]),
        # Where all are stated, they are compared character by character.
        ([Candidate("", stated=("Ab",)), Candidate("", stated=("ab",))], "exact", ["Ab", "ab"]),
        ([Candidate("", stated=("Ab",)), Candidate("ab")], "exact", ["ab", "ab"]),
        # An empty text is an answer, such as the empty string of a program's output.
        ([Candidate("It prints nothing.", stated=("",))], "literal", [""]),
    ],
)
def test_readings(candidates: list[Candidate], by: str, read: list[str | None]) -> None:
    assert readings(candidates, by) == read


def test_whole_texts_are_compared_as_texts() -> None:
    assert same_answers([STATES_18, STATES_18, SAYS_18], "similarity") == [[0, 1], [2]]
