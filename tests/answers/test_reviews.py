"""Texts of reviewers: critiques, tests, and which tests were passed."""

import pytest

from moaql.answers.reviews import read_critiques, read_passed, read_tests


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[1]\nStrengths: clear\nWeaknesses: none\n\n[2]\nStrengths: short",
            ("Strengths: clear\nWeaknesses: none", "Strengths: short"),
        ),
        ("Here they are.\n\n**[1]** good\n**[2]** bad", ("good", "bad")),
        ("### Answer 1:\ngood\n### Answer 2:\nbad", ("good", "bad")),
        ("**Candidate 1** - good\n**Candidate 2** - bad", ("good", "bad")),
        ("1. good\n2. bad", ("good", "bad")),
        ("［1］good\n［2］bad", ("good", "bad")),
        ("[2] bad", ("", "bad")),
        ("[1]\nIt says:\n1. this\n2. that\n[2] bad", ("It says:\n1. this\n2. that", "bad")),
        ("Answer 1 is the better one.\n[1] good, unlike [2]\n[2] bad", ("good, unlike [2]", "bad")),
        (
            "[1] good\n[1] still the first\n[2] bad\n[3] there is no third",
            ("good\n[1] still the first", "bad\n[3] there is no third"),
        ),
        ("All are fine.", ("", "")),
        ("", ("", "")),
    ],
)
def test_critiques(text: str, expected: tuple[str, ...]) -> None:
    assert read_critiques(text, 2) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. It names Bern.\n2) It is short.", ("It names Bern.", "It is short.")),
        ("Tests:\n\n- **It names Bern.**\n* It is short.", ("It names Bern.", "It is short.")),
        ("[1] It names Bern.", ("It names Bern.",)),
        ("**1.** It names Bern.", ("It names Bern.",)),
        ("It names Bern.", ()),
        ("", ()),
    ],
)
def test_tests(text: str, expected: tuple[str, ...]) -> None:
    assert read_tests(text) == expected


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("1. passed\n2. failed", 2, 1 / 2),
        ("1. **Passed**\n2. Passed - it could not fail", 2, 1),
        ("Test 1: pass\nTest 2: does not pass", 2, 1 / 2),
        ("- 1) It names Bern: passed\n- 2) It is short: not passed", 2, 1 / 2),
        ("[1] [Passed]\n[2] [Failed]\n[3] passed", 3, 2 / 3),
        ("1. passed\n2. passed", 4, 1 / 2),  # tests without a line count as failed
        ("1. passed", 4, None),  # most of them are missing
        ("1. passed\n9. passed", 1, 1),
        ("2. failed\n2. passed", 2, 1 / 2),  # said again, the last counts
        ("All passed", 2, None),
        ("1. passed", 0, None),
        ("", 2, None),
    ],
)
def test_passed(text: str, count: int, expected: float | None) -> None:
    assert read_passed(text, count) == expected
