"""Router files: what is written is read again, and every mistake is named by its place."""

import json
from pathlib import Path
from typing import Any

import pytest
from routers.examples import asking, near

from moaql.check.checker import check_file
from moaql.errors import UsageError
from moaql.routers.features import PLACES, SIZE, features
from moaql.routers.file import read_router, router_text
from moaql.routers.router import cheapest_within


@pytest.mark.parametrize("router", [asking(), near()], ids=["logistic", "nearest"])
def test_what_is_written_is_read_again(router: Any, tmp_path: Path) -> None:
    path = tmp_path / "router.json"
    path.write_text(router_text(router), encoding="utf-8")
    again = read_router(str(path))
    assert (again.labels, again.within, again.trained, again.costs) == (
        router.labels,
        router.within,
        router.trained,
        router.costs,
    )
    assert router_text(again) == router_text(router)
    assert len(again.hash) == 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "moaql-router-2"}, "its format is `moaql-router-2`, and `moaql-router-1` is understood"),
        ({"format": None}, "`format` is no text"),
        ({"kind": "forest"}, "its `kind` is `forest`"),
        ({"labels": []}, "`labels` is no list of texts"),
        ({"labels": ["weak", "weak"]}, "`labels` names a label twice"),
        ({"labels": ["weak", "strong", "third"]}, "`costs.third` is not there"),
        ({"within": 2}, "`within` is 2, which is not from 0 to 1"),
        ({"within": "much"}, "`within` is no number"),
        ({"costs": {"weak": -1, "strong": 1}}, "`costs.weak` is -1"),
        ({"trained": []}, "`trained` is no object"),
        ({"features": "words-9"}, "its `features` are `words-9`"),
        ({"models": {"weak": {"intercept": 0, "weights": [[SIZE, 1]]}}}, "`models.weak.weights` holds what is no"),
        ({"models": {"weak": {"intercept": True, "weights": []}}}, "`models.weak.intercept` is no number"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "router.json"
    path.write_text(json.dumps(json.loads(router_text(asking())) | change), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_router(str(path))
    assert caught.value.message.startswith(f"`{path}` is no router: ")
    assert said in caught.value.message
    assert "--fit router" in caught.value.next_step


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"neighbours": 0}, "`neighbours` is no whole number from 1"),
        ({"vectors": [[1.0], [1.0, 2.0]]}, "`vectors` holds vectors of different lengths"),
        ({"scores": {"weak": [1], "strong": [1, 1, 1, 1]}}, "`scores.weak` has 1 numbers for 4 vectors"),
        ({"embedding": {"model": "m"}}, "`embedding.base_url` is not there"),
    ],
)
def test_a_field_of_a_nearest_router_that_is_wrong_is_named(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "router.json"
    path.write_text(json.dumps(json.loads(router_text(near())) | change), encoding="utf-8")
    with pytest.raises(UsageError, match="is no router") as caught:
        read_router(str(path))
    assert said in caught.value.message


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "\x00"])
def test_what_is_no_json_object_is_no_router(text: str, tmp_path: Path) -> None:
    path = tmp_path / "router.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="is no router"):
        read_router(str(path))


def test_no_key_is_in_a_router_file_only_the_name_of_its_variable() -> None:
    stated = json.loads(router_text(near()))["embedding"]
    assert set(stated) == {"model", "base_url", "api_key_env", "price"}


# Features and the dial


def test_features_are_the_same_on_every_machine() -> None:
    found = features("What is 12 plus 7?")
    assert found[PLACES + 5] == 1.0
    assert sum(value * value for place, value in found.items() if place < PLACES) == pytest.approx(1.0)
    assert features("What is 98 plus 3?").keys() == found.keys()  # numbers count by their length
    # Hashes that a file of today must find again tomorrow.
    assert sorted(place for place in features("easy") if place < PLACES) == [2711]


def test_features_of_odd_texts() -> None:
    for text in ("", " ", "\ud800", "?" * 100_000, "日本語"):
        assert all(0 <= place < SIZE for place in features(text))


@pytest.mark.parametrize(
    ("within", "chosen"),
    [(0.0, "strong"), (0.05, "strong"), (0.1, "middle"), (0.3, "weak"), (1.0, "weak")],
)
def test_the_dial_takes_the_cheapest_that_is_likely_enough(within: float, chosen: str) -> None:
    chances = {"weak": 0.65, "middle": 0.8, "strong": 0.9}
    assert cheapest_within(chances, {"weak": 1, "middle": 2, "strong": 3}, within) == chosen


def test_of_equally_cheap_cases_the_likelier_is_taken() -> None:
    assert cheapest_within({"a": 0.6, "b": 0.7}, {"a": 1, "b": 1}, 0.5) == "b"


# What the checker says


MODELS = 'model a = "sim/a"\nmodel b = "sim/b"\n'


@pytest.mark.parametrize(
    ("route", "codes"),
    [
        ("case weak { a } case strong { b } else { a x3 -> vote tie=first }", set()),
        ("case weak { a } else { b }", set()),
        ("case weak { a } case hard { b } else { a }", {"E321"}),
        ("case weak { a } case strong { b } case hard { b } else { a }", {"E321"}),
    ],
)
def test_cases_that_a_router_does_not_know_are_reported(route: str, codes: set[str], tmp_path: Path) -> None:
    (tmp_path / "router.json").write_text(router_text(asking()), encoding="utf-8")
    path = tmp_path / "p.moaql"
    path.write_text(f'{MODELS}route with="router.json" {{ {route} }}\n', encoding="utf-8")
    assert {each.code for each in check_file(str(path)).diagnostics} == codes


def test_a_label_without_a_case_needs_an_else(tmp_path: Path) -> None:
    (tmp_path / "router.json").write_text(router_text(asking()), encoding="utf-8")
    path = tmp_path / "p.moaql"
    path.write_text(f'{MODELS}a -> route with="router.json" {{ case weak {{ agg b }} }}\n', encoding="utf-8")
    (found,) = check_file(str(path)).diagnostics
    assert found.code == "E321"
    assert "may choose `strong`, and there is no such case" in found.message


def test_a_router_file_of_another_format_is_reported_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "router.json").write_text('{"format": "moaql-router-9"}', encoding="utf-8")
    path = tmp_path / "p.moaql"
    path.write_text(f'{MODELS}route with="router.json" {{ case weak {{ a }} else {{ b }} }}\n', encoding="utf-8")
    (found,) = check_file(str(path)).diagnostics
    assert (found.code, found.source.text[found.span.start : found.span.end]) == ("E320", '"router.json"')
    assert "moaql-router-9" in found.message
