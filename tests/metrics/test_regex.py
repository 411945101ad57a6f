"""Regular expressions, also those that would never end."""

import time

import pytest
from metrics.examples import score, value

from moaql.errors import UsageError
from moaql.metrics.regex import is_quick


@pytest.mark.parametrize(
    ("answer", "target", "settings", "expected"),
    [
        ("Order 4711 is sent.", r"\border \d{4}\b", {}, 1),
        ("Order 4711 is sent.", r"order", {"case": True}, 0),
        ("Yes, it is.", "yes|no", {"whole": True}, 0),
        (" Yes\n", "yes|no", {"whole": True}, 1),
        ("First\nyes\n", "^yes$", {}, 1),
        ("It is (a+b) = d", r"(\w+\+?)+ = d", {}, 0),
        ("aab = d", r"(\w+\+?)+ = d", {}, 1),
        ("Bern", ["Geneva", "Ber."], {}, 1),
        ("Bern", "not used", {"pattern": "^B"}, 1),
    ],
)
def test_regex(answer: str, target: object, settings: dict, expected: float) -> None:
    assert value("regex", answer, target, **settings) == expected


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)*$", r"(a*)*b", "a?" * 40 + "a" * 40])
def test_a_pattern_of_exponential_time_is_ended_and_named(pattern: str) -> None:
    begun = time.monotonic()
    with pytest.raises(UsageError, match=r"item `7`: the pattern .* took more than 0\.1 s"):
        score("regex", "a" * 39 + "!", pattern, seconds=0.1, whole=pattern.startswith("a?"))
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("pattern", "quick"),
    [
        ("yes|no", True),
        (r"order \d+", True),
        (r"1\+1\*2\?", True),
        ("(?:yes) it is", True),
        (r"\d+ of \d+", False),
        ("(a|aa)+", False),
        (r"(.)\1+", False),
    ],
)
def test_which_patterns_are_matched_in_this_process(pattern: str, quick: bool) -> None:
    assert is_quick(pattern) == quick
