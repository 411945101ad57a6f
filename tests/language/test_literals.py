"""Numbers with units, and strings."""

import pytest

from moaql.language.literals import bad_escape, quantity, quote, string_value
from moaql.language.nodes import Literal
from moaql.source import Span

HERE = Span(0, 0)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", "number", 3),
        ("0.7", "number", 0.7),
        ("-1.5", "number", -1.5),
        ("2/3", "number", 2 / 3),
        ("80%", "percent", 0.8),
        ("$0.01", "money", 0.01),
        ("$25", "money", 25.0),
        ("250ms", "duration", 0.25),
        ("8s", "duration", 8.0),
        ("2m", "duration", 120.0),
        ("1h", "duration", 3600.0),
        ("4k", "size", 4000),
        ("1.5k", "size", 1500),
        ("1M", "size", 1_000_000),
        ("1.001k", "size", 1001),
        ("4.1M", "size", 4_100_000),
        ("9ms", "duration", 0.009),
        ("0.7%", "percent", 0.007),
    ],
)
def test_a_quantity(text: str, kind: str, value: float) -> None:
    found = quantity(text, HERE)
    assert isinstance(found, Literal)
    assert (found.kind, found.value, type(found.value)) == (kind, value, type(value))


@pytest.mark.parametrize("text", ["1/0", "$5s", "$1/2", "1/2s", "0.0001k", "9" * 400, "1/" + "1" * 5000])
def test_what_is_no_quantity(text: str) -> None:
    assert isinstance(quantity(text, HERE), str)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ('"plain"', "plain"),
        (r'"a\n\t\"\\\u00e9"', 'a\n\t"\\é'),
        ('"""one line"""', "one line"),
        ('"""first\n    second\n      third"""', "first\nsecond\n  third"),
        ('"""\n  one\n    two\n  """', "one\n  two\n"),
        ('"""\n  one\n\n  two"""', "one\n\ntwo"),
        ('"""\r\n  one\r\n  two\r\n  """', "one\ntwo\n"),
        ('""', ""),
    ],
)
def test_a_string(raw: str, value: str) -> None:
    assert string_value(raw) == value


def test_a_line_break_that_is_escaped_is_left_out_whatever_ends_the_line() -> None:
    for text in ('"""a\\\nb"""', '"""a\\\r\nb"""'):
        assert bad_escape(text) is None
        assert string_value(text) == "ab"


@pytest.mark.parametrize(
    ("raw", "found"),
    [(r'"\q"', (1, r"\q")), (r'"ok \n"', None), (r'"\ud800"', (1, r"\ud800")), (r'"\u12"', (1, r"\u"))],
)
def test_an_escape_that_means_nothing(raw: str, found: tuple[int, str] | None) -> None:
    assert bad_escape(raw) == found


@pytest.mark.parametrize(
    "text", ["", "plain", 'quote " and \\ back', "line\nbreak", "tab\t", "é漢字", "\x00\x1b", "🜁", "{question}"]
)
def test_quoting_is_undone_by_reading(text: str) -> None:
    assert string_value(quote(text)) == text
