"""The examples of docs/answers.md are what happens."""

import re
from pathlib import Path

import pytest

from moaql.answers.extract import extract

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "answers.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(exact|number|choice|literal)` \| `(.*)` \| (?:`(.*)`|nothing) \|$", PAGE, re.MULTILINE)


def test_the_page_has_examples_of_each_kind() -> None:
    assert {by for by, _, _ in ROWS} == {"exact", "number", "choice", "literal"}


@pytest.mark.parametrize(("by", "text", "expected"), ROWS)
def test_an_example_is_read_as_the_page_says(by: str, text: str, expected: str) -> None:
    assert (extract(text, by) or "") == expected
