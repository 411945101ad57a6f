"""Metrics are found by name, and mistakes in names and settings are said."""

import pytest
from metrics.examples import score, value

from moaql.errors import UsageError
from moaql.metrics import METRICS
from moaql.metrics.base import Judged, Score
from moaql.metrics.find import find_metric

SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def test_all_metrics_are_listed() -> None:
    assert METRICS.names() == (
        "choice", "code", "contains", "exact", "f1", "json", "judge", "literal", "number", "regex", "rouge",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("exakt", {}, r"no metric is called `exakt`\nDid you mean `exact`\?"),
        ("base", {}, "no metric is called `base`"),
        ("number", {"tolerence": 1}, r"has no setting `tolerence`\nDid you mean `tolerance`\?"),
        ("exact", {"case": True}, r"has no setting `case`\nIt has no settings."),
        ("number", {"tolerance": -1}, "`tolerance` of the metric `number` is -1"),
        ("number", {"tolerance": "little"}, "`tolerance` of the metric `number` is 'little'"),
        ("contains", {"case": "yes"}, "`case` of the metric `contains` is 'yes'"),
        ("rouge", {"beta": 0}, "It is a number above 0"),
        ("rouge", {"beta": float("nan")}, "It is a number above 0"),
        ("regex", {"pattern": "(a"}, "is no regular expression: missing"),
        ("judge", {"method": "listwise"}, "has no method `listwise`"),
        ("judge", {"rubric": " "}, "rubric .* is empty"),
        ("python:metric.py", {}, "names no function"),
        ("python:none.py:f", {}, "`none.py` does not exist"),
    ],
)
def test_a_wrong_name_or_setting_is_refused_before_anything_is_scored(name: str, settings: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_metric(name, ".", **settings)


BY_TARGET = ("exact", "number", "choice", "literal", "contains", "regex", "f1", "rouge", "json")
"""Metrics that compare with a target of any kind."""


@pytest.mark.parametrize("name", BY_TARGET)
def test_an_item_without_a_target_is_named(name: str) -> None:
    with pytest.raises(UsageError, match="item `7` has no target"):
        score(name, "42", None)


UNUSABLE = pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        *((name, None, "has no target") for name in BY_TARGET),
        *((name, [], "cannot use") for name in BY_TARGET if name not in ("literal", "json")),
        *((name, {"a": 1}, "cannot use") for name in BY_TARGET if name not in ("literal", "json")),
        *((name, [[1]], "cannot use") for name in ("exact", "number", "choice", "contains", "f1", "rouge")),
        ("exact", float("nan"), "cannot use"),
        ("exact", "  ", "empty target"),
        ("contains", ["Bern", ""], "empty target"),
        ("number", "many", "no number can be read"),
        ("number", True, "no number can be read"),
        ("choice", "Bern", "no letter A to J"),
        ("choice", 2, "no letter A to J"),
        ("regex", "a(", "item `7` has `a\\(`, which is no regular expression"),
        ("json", "{", "which is not JSON"),
        ("regex", ["a", "b("], "item `7` has `b\\(`, which is no regular expression"),
        ("json", {"$schema": SCHEMA, "type": "thing"}, "invalid schema"),
        ("json", {"$schema": SCHEMA, "properties": {"a": {"$ref": "#/$defs/none"}}}, "refers to /\\$defs/none"),
    ],
)


@UNUSABLE
def test_a_target_that_cannot_be_used_is_named(name: str, target: object, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        score(name, "{}", target)
    assert "item `7`" in str(raised.value)


def checked(name: str, target: object, fields: dict | None = None, **settings: object) -> None:
    find_metric(name, ".", **settings).check(Judged("Why?", target, fields or {}, id="7"))  # type: ignore[attr-defined]


@UNUSABLE
def test_the_same_is_said_before_there_is_an_answer(name: str, target: object, message: str) -> None:
    with pytest.raises(UsageError) as early:
        checked(name, target)
    with pytest.raises(UsageError) as late:
        score(name, "{}", target)
    assert str(early.value) == str(late.value)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("judge", {"method": "pairwise"}, "item `7` has no target to compare with"),
        ("code", {"allow_code": True}, "item `7` has no tests in the field `tests`"),
    ],
)
def test_so_are_a_missing_reference_and_missing_tests(name: str, settings: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        checked(name, None, **settings)


def test_tests_are_parsed_and_not_run() -> None:
    with pytest.raises(UsageError, match="item `7` has tests that are not Python"):
        checked("code", None, {"tests": "assert ="}, allow_code=True)
    checked("code", None, {"tests": "raise SystemExit('it was run')"}, allow_code=True)


@pytest.mark.parametrize(
    ("name", "target", "settings"),
    [
        ("exact", "Bern", {}),
        ("number", ["4", 5], {}),
        ("choice", "(b)", {}),
        ("literal", {"a": 1}, {}),
        ("contains", "Bern", {}),
        ("regex", "B.*", {}),
        ("regex", None, {"pattern": "B.*"}),
        ("f1", "", {}),
        ("rouge", "Bern", {}),
        ("json", {"a": [1]}, {}),
        ("json", {"$schema": SCHEMA, "$defs": {"n": {"type": "null"}}, "$ref": "#/$defs/n"}, {}),
        ("judge", None, {}),
        ("judge", {"a": 1}, {"method": "pairwise"}),
    ],
)
def test_a_target_that_can_be_used_passes(name: str, target: object, settings: dict) -> None:
    checked(name, target, **settings)


def test_metrics_of_an_extracted_answer_say_so() -> None:
    def reads(name: str) -> bool:
        settings = {"allow_code": True} if name == "code" else {}
        return getattr(find_metric(name, ".", **settings), "reads_answer", False)

    assert [name for name in METRICS.names() if reads(name)] == ["choice", "exact", "literal", "number"]


def test_an_item_without_an_id_is_named_by_its_question() -> None:
    assert Judged("What is\nthe capital?").place == 'the item "What is the capital?"'
    assert Judged("What?", fields={"id": 12}).place == "item `12`"


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_score_is_from_0_to_1(wrong: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        Score(wrong)


@pytest.mark.parametrize("name", BY_TARGET)
@pytest.mark.parametrize("answer", ["", " \n\t", "\x00", "\u200b"])
def test_an_empty_answer_is_wrong_and_no_error(name: str, answer: str) -> None:
    assert value(name, answer, "B" if name == "choice" else "42") == 0


def test_feedback_says_what_was_expected_and_what_was_read() -> None:
    assert score("number", "The answer is 41.", "42").feedback == "Expected `42`; `41` was read."
    assert score("number", "No idea.", ["42", 43]).feedback == "Expected `42` or `43`; no answer could be read."
    assert score("contains", "x" * 10_000, "Bern").feedback == "The answer does not contain `Bern`."
