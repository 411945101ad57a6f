"""`moaql report` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report.html.made import small


@pytest.fixture
def study(write: Callable[[str, str], Path]) -> Path:
    """A study called `auto`, in the folder where studies are kept."""
    return write(".moaql/studies/auto/result.json", json.dumps(small()))


@pytest.mark.parametrize(
    "named", ["auto", ".moaql/studies/auto", ".moaql/studies/auto/", ".moaql/studies/auto/result.json"]
)
def test_a_study_is_named_by_its_name_its_folder_or_its_file(
    moaql: Any, study: Path, tmp_path: Path, named: str
) -> None:
    done = moaql("report", named, "-o", "out.html")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("wrote out.html, ")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "A vote of four answers beat the best single model" in page


def test_it_is_called_report_html_where_nothing_else_is_said(moaql: Any, study: Path, tmp_path: Path) -> None:
    assert moaql("report", "auto", "--quiet").err == ""
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_json_says_where_it_is(moaql: Any, study: Path, tmp_path: Path) -> None:
    found = json.loads(moaql("report", "auto", "--json").out)
    size = (tmp_path / "report.html").stat().st_size
    assert found == {
        "file": "report.html",
        "study": ".moaql/studies/auto/result.json",
        "search": "auto",
        "simulated": True,
        "bytes": size,
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["autp"], "Did you mean `auto`?"),
        (["other"], "In `.moaql/studies` there are auto."),
        (["empty"], "`empty` holds no `result.json`"),
        (["torn"], "it is not whole JSON"),
        (["auto", "-o", "none/out.html"], "cannot write `none/out.html`: no such file or directory"),
        (["auto", "-o", ".moaql/studies/auto/result.json"], "is the result itself, and would be lost"),
        ([], "Missing argument 'STUDY'"),
    ],
)
def test_wrong_usage_is_told(
    moaql: Any, study: Path, write: Callable[[str, str], Path], arguments: list[str], says: str
) -> None:
    write("empty/notes.txt", "")
    write("torn/result.json", '{"format": "moaql-search-1", ')
    done = moaql("report", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_without_any_study_it_says_how_to_get_one(moaql: Any) -> None:
    assert "run `moaql search` first" in moaql("report", "auto").err


def test_the_help_has_an_example(moaql: Any) -> None:
    assert "Example: moaql report quickstart -o report.html" in moaql("report", "--help").out
