"""`result.json` as it is read: whole, of another version, cut off, edited by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from report.html.made import small

from moaql.errors import UsageError
from moaql.report.result import check_result, read_result


def refused(text: str | bytes, folder: Path) -> UsageError:
    """The error of a file with this text."""
    path = folder / "result.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as caught:
        read_result(str(path))
    assert str(path) in caught.value.message
    assert caught.value.next_step
    return caught.value


def test_a_result_is_read_with_every_key(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps({**small(), "colour": "unknown keys are left out"}), encoding="utf-8")
    found = read_result(str(path))
    assert found["trials"][0]["ci"] == (pytest.approx(0.87), pytest.approx(0.97))
    assert found["trials"][0]["params"] == {"layer1.x": 2, "layer1.proposers": ["qwen", "llama"]}
    assert found["confirmed"][1]["select"] is None
    assert "colour" not in found


def test_what_is_missing_is_empty() -> None:
    found = check_result(
        {"format": "moaql-search-1", "search": "s", "headline": "h", "trials": [{"key": "k", "name": "n"}]}
    )
    assert (found["frontier"], found["graph"], found["program"], found["beaten"], found["paid"]) == (
        [],
        None,
        "",
        None,
        None,
    )
    assert (found["trials"][0]["score"], found["trials"][0]["state"]) == (None, "")


@pytest.mark.parametrize("end", [1, 100, 1000, -2])
def test_a_file_that_was_cut_off_is_told_with_its_place(end: int, tmp_path: Path) -> None:
    assert "it is not whole JSON" in refused(json.dumps(small())[:end], tmp_path).message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is not whole JSON"),
        (b"\xff\xfe\x00", "it is not UTF-8 text"),
        ("[" * 100_000, "it cannot be read as JSON"),
        ("9" * 5_000, "it cannot be read as JSON"),
        ("[]", "it has no `format`"),
        ('{"score": 1}', "it has no `format`"),
        ('{"format": "promptfoo"}', "it has no `format`"),
        ('{"format": "moaql-search-2"}', "has the format `moaql-search-2`, and moaql-search-1 is understood"),
        ('{"format": "moaql-search-1"}', "`search` is missing"),
    ],
)
def test_what_is_no_result_is_told(text: str | bytes, says: str, tmp_path: Path) -> None:
    assert says in refused(text, tmp_path).message


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"trials": {}}, "`trials` is no list"),
        ({"trials": [None]}, "`trials[0]` is null"),
        ({"trials": [{"key": "k"}]}, "`trials[0].name` is missing"),
        ({"trials": [{"key": "k", "name": "n", "score": "high"}]}, "`trials[0].score` is no number"),
        ({"trials": [{"key": "k", "name": "n", "score": True}]}, "`trials[0].score` is no number"),
        ({"trials": [{"key": "k", "name": "n", "ci": [0.1]}]}, "`trials[0].ci` is no interval of two numbers"),
        ({"trials": [{"key": "k", "name": "n", "cost": -1}]}, "`trials[0].cost` is negative"),
        ({"trials": [{"key": "k", "name": "n", "items": 1.5}]}, "`trials[0].items` is no count"),
        ({"paid": 1e300}, "`paid` is too large a number"),
        ({"paid": float("inf")}, "`paid` is too large a number"),
        ({"simulated": "yes"}, "`simulated` is neither true nor false"),
        ({"headline": 3}, "`headline` is no text"),
        ({"eval": []}, "`eval` is no object"),
        ({"goals": {"maximize": "quality"}}, "`goals.maximize` is no list"),
        (
            {"confirmed": [{"key": "k", "name": "n", "report": {"score": []}}]},
            "`confirmed[0].report.score` is no number",
        ),
        (
            {"disagreements": [{"id": 1, "answers": [{"candidates": [{"text": 1}]}]}]},
            "`disagreements[0].answers[0].candidates[0].text` is no text",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_place(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    assert says in refused(json.dumps({**small(), **changes}), tmp_path).message


def test_not_a_number_is_nothing_known() -> None:
    assert check_result({**small(), "paid": float("nan")})["paid"] is None


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or directory"):
        read_result(str(tmp_path / "none.json"))
