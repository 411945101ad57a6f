"""Long texts are filtered in a time that grows as they do, whatever stands in them."""

import time

import pytest

from moaql.answers.reasoning import ReasoningFilter


def seconds(text: str) -> float:
    """How long it takes to filter a text in pieces of four characters."""
    filter, started = ReasoningFilter(), time.perf_counter()
    shown = [filter.feed(text[at : at + 4]) for at in range(0, len(text), 4)]
    shown.append(filter.end())
    elapsed = time.perf_counter() - started
    assert "".join(shown) == text
    return elapsed


@pytest.mark.parametrize("part", ["x", "`", "a < b "])
def test_sixteen_times_the_text_takes_no_more_than_some_sixteen_times_as_long(part: str) -> None:
    """Where each piece is searched with the whole line before it, it takes more than sixty times as long."""
    few, many = (part * (length // len(part)) for length in (60_000, 960_000))
    assert seconds(many) < 40 * min(seconds(few) for _ in range(3))
