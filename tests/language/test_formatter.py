"""The formatter by example: `NAME.before.moaql` beside `NAME.after.moaql`."""

import os
from pathlib import Path

import pytest

from moaql.errors import MoaqlError
from moaql.language import formatter
from moaql.language.formatter import format_source
from moaql.source import Source

HERE = Path(__file__).parent / "format"


@pytest.mark.parametrize("before", sorted(HERE.glob("*.before.moaql")), ids=lambda path: path.name.split(".")[0])
def test_before_and_after(before: Path) -> None:
    after = before.with_name(before.name.replace(".before.", ".after."))
    formatted = format_source(Source(before.read_text(encoding="utf-8")))
    if os.environ.get("MOAQL_REWRITE"):
        after.write_text(formatted, encoding="utf-8")
    assert formatted == after.read_text(encoding="utf-8")
    assert format_source(Source(formatted)) == formatted
    assert max(len(line) for line in formatted.splitlines()) <= 100


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("", ""),
        ("\n\n", ""),
        ("# alone", "# alone\n"),
        ("a", "a\n"),
        ("a\r\n->  vote\r\n", "a -> vote\r\n"),
        ('prompt p { user """\r\n  x\r\n  """ }\r\n', 'prompt p {\r\n  user """\r\n  x\r\n  """\r\n}\r\n'),
    ],
)
def test_small_texts(text: str, formatted: str) -> None:
    assert format_source(Source(text)) == formatted


def test_a_formatter_that_would_lose_something_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    good = formatter._format
    monkeypatch.setattr(formatter, "_format", lambda source: good(source).replace("# kept", ""))
    with pytest.raises(MoaqlError, match="would damage"):
        format_source(Source("a # kept\n"))
