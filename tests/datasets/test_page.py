"""The examples of docs/datasets.md are what happens."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from moaql.check.checker import check_source
from moaql.datasets import ALSO, FORMATS
from moaql.source import Source

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
FILES = re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_has_examples() -> None:
    assert [name for name, _ in FILES] == [
        "tickets.jsonl", "sums.jsonl", "exam.jsonl", "promptfooconfig.yaml", "capitals.csv",
    ]  # fmt: skip
    assert len(EXAMPLES) == PAGE.count("```python") == len(FILES)


@pytest.mark.parametrize(("code", "shown"), EXAMPLES, ids=[name for name, _ in FILES])
def test_an_example_prints_what_the_page_shows(
    code: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in FILES:
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == shown


def test_the_eval_statements_of_the_page_are_right() -> None:
    program = PAGE.split("```\n", 2)[1]
    assert [each for each in check_source(Source(program)).diagnostics if each.severity == "error"] == []


def test_the_page_names_every_ending() -> None:
    for ending in {*FORMATS.built_in, *ALSO} - {"promptfoo", "huggingface"}:
        assert f"`.{ending}`" in PAGE
