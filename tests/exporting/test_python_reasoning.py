"""Reasoning in a whole text: an exported file takes it out as moaql does."""

import pytest
from answers.test_reasoning import EXAMPLES, TEXTS
from hypothesis import given, settings

from moaql.answers.reasoning import split_reasoning
from moaql.exporting.standalone.reasoning import without_reasoning


@pytest.mark.parametrize("text", [text for text, _, _ in EXAMPLES])
def test_the_answer_is_that_of_moaql(text: str) -> None:
    assert without_reasoning(text) == split_reasoning(text)[0]


@settings(max_examples=300)
@given(TEXTS)
def test_whatever_the_text(text: str) -> None:
    assert without_reasoning(text) == split_reasoning(text)[0]
