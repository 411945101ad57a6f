"""JSON in answers: field by field, and by schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.examples import score, value

from moaql.errors import UsageError

CITY = {"name": "Bern", "people": 134.5, "rivers": ["Aare"], "capital": True}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
}


@pytest.mark.parametrize(
    ("answer", "target", "settings", "expected"),
    [
        ('{"capital": true, "rivers": ["Aare"], "people": 134.50, "name": "Bern"}', CITY, {}, 1),
        ('Here:\n```json\n{"name": "Bern", "people": 134.5, "rivers": ["Aare"], "capital": true}\n```', CITY, {}, 1),
        ('It is {"name": "Bern", "people": 134.5, "rivers": [], "capital": 1}, I think.', CITY, {}, 0.4),
        ('{"name": "Bern"}', CITY, {}, 0.25),
        ('{"a": 1, "b": 2}', '{"a": 1}', {}, 0.5),
        ('{"a": 1, "b": 2}', '{"a": 1}', {"extra": True}, 1),
        ("[2, 1]", [1, 2], {}, 0),
        ("[2, 1]", [1, 2], {"ordered": False}, 1),
        ('[{"b": [1, 2]}, {"a": 1}]', [{"a": 1}, {"b": [2, 1]}], {"ordered": False}, 1),
        ("0.30000000000000004", 0.3, {}, 0),
        ("1e2", 100, {}, 1),
        ("12345678901234567890", "12345678901234567891", {}, 0),
        ("true", 1, {}, 0),
        ("null", "null", {}, 1),
        ('{"a.b": 1}', {"a": {"b": 1}}, {}, 0),
        ("{}", {}, {}, 1),
        ("NaN", {"a": 1}, {}, 0),
        ("no JSON", {"a": 1}, {}, 0),
        ("[" * 100_000, {"a": 1}, {}, 0),
        ("[" + "9" * 10_000 + "]", [1], {}, 0),
    ],
)
def test_fields(answer: str, target: object, settings: dict, expected: float) -> None:
    assert value("json", answer, target, **settings) == pytest.approx(expected)


def test_feedback_names_the_fields() -> None:
    said = score("json", '{"name": "Basel", "canton": "BS"}', {"name": "Bern", "people": 1}).feedback
    assert '`name` is "Basel", expected "Bern"' in said
    assert "`people` is missing, expected 1" in said
    assert "`canton` is not expected" in said


@pytest.mark.parametrize(
    ("answer", "expected", "feedback"),
    [
        ('{"name": "Bern", "people": 3}', 1, "Right: it fits the schema."),
        ('{"people": -1}', 0, "'name' is a required property"),
        ('{"name": "Bern", "people": 1.5}', 0, "$.people: 1.5 is not of type 'integer'"),
    ],
)
def test_schema(answer: str, expected: float, feedback: str) -> None:
    found = score("json", answer, SCHEMA)
    assert found.value == expected
    assert feedback in found.feedback


def test_a_schema_fetches_nothing() -> None:
    with pytest.raises(UsageError, match=r"refers to http://127\.0\.0\.1:9/other\.json"):
        score("json", "{}", {"$schema": SCHEMA["$schema"], "$ref": "http://127.0.0.1:9/other.json"})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES.filter(lambda each: isinstance(each, dict | list)), VALUES, st.booleans())
def test_a_value_is_itself_and_scores_are_in_range(one: object, other: object, ordered: bool) -> None:
    import json

    assert value("json", json.dumps(one), json.dumps(one), ordered=ordered) == 1
    assert 0 <= value("json", json.dumps(other), json.dumps(one), ordered=ordered) <= 1
