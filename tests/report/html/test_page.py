"""The page of a search: what stands in it, what is safe, how large it is."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pytest
from report.html.made import HOSTILE, graph_of, hostile, large, small, trial
from report.html.read import Read

from moaql.report.html.page import SECTIONS, page
from moaql.report.html.style import DARK, LIGHT
from moaql.report.html.text import clean
from moaql.report.result import check_result


def read(**changes: Any) -> Read:
    """The page of the small result, with some keys changed."""
    return Read(page(check_result({**small(), **changes})))


def part(of: dict[str, Any], name: str) -> str:
    """The text of one section."""
    return Read(SECTIONS[name][1](check_result(of))).text()


MINIMAL = {"format": "moaql-search-1", "search": "auto", "headline": "Nothing was measured.", "trials": []}


def test_the_sections_stand_in_order_with_their_headings() -> None:
    found = read()
    assert [each["id"] for each in found.all("section")] == [
        "finding", "frontier", "holes", "curve", "picks", "confirmation", "winner", "trials", "disagreements", "method",
    ]  # fmt: skip
    assert [each.get("href") for each in found.all("a")] == [f"#{name}" for name in SECTIONS]
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch("h[1-6]", tag)]
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in found.tags}
    assert found.all("html") == [{"lang": "en"}]


def test_it_begins_with_whether_an_ensemble_won_and_that_it_is_simulated() -> None:
    found = read()
    assert found.text("title").startswith("Simulated: search auto")
    order = [
        found.text().index(each) for each in ("Simulated models", "An ensemble beat the best", "A vote of four answers")
    ]
    assert order == sorted(order)
    assert "No ensemble beat the best single model." in read(beaten=False).text()
    real = read(simulated=False).text()
    assert "imulated models:" not in real
    assert "simulated dollars" not in real


def test_the_figures_of_the_finding_are_those_of_the_report_split() -> None:
    text = part(small(), "finding")
    assert "0.920 (0.79 to 0.97)" in text
    assert "difference to qwen\n+0.040 (+0.01 to +0.08)" in text
    assert "nothing left is worth its price" in text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("frontier", "names no frontier"),
        ("holes", "does not say what the holes are worth"),
        ("curve", "does not say how the search went on"),
        ("picks", "names no picks"),
        ("confirmation", "Nothing was confirmed"),
        ("winner", "holds no program"),
        ("trials", "Nothing was measured"),
        ("disagreements", "names no item"),
        ("method", "Every score has an interval, at 95 %."),
    ],
)
def test_a_section_without_data_says_so(name: str, says: str) -> None:
    assert says in part(MINIMAL, name)
    assert Read(page(check_result(MINIMAL))).all("table") == []


def test_the_frontier_is_drawn_and_tabled() -> None:
    drawn = Read(SECTIONS["frontier"][1](check_result(small())))
    kinds = [each.get("class") for tag, each in drawn.tags if tag in ("circle", "path")]
    legend = {"front": 1, "baseline": 1, "tie": 1, "other": 1}
    assert {kind: kinds.count(kind) - legend[kind] for kind in legend} == {
        "front": 2,
        "baseline": 1,
        "tie": 1,
        "other": 1,
    }
    assert sum(1 for kind in kinds if kind and kind.startswith("ends")) == 3
    assert "qwen: 0.890 (0.83 to 0.93), $0.000310 an item" in drawn.text("title")
    values = [each["data-value"] for each in drawn.all("td") if each.get("data-value", "").startswith("0.000")]
    assert values == ["0.00093", "0.00031", "0.0002"]


def test_points_further_right_cost_more_and_higher_are_better() -> None:
    drawn = Read(SECTIONS["frontier"][1](check_result(small())))
    first, last = [each for each in drawn.all("circle") if each["class"] == "front"][:2]
    assert float(first["cx"]) > float(last["cx"])
    assert float(first["cy"]) < float(last["cy"])


@pytest.mark.parametrize("cost", [None, 0.0])
def test_without_a_price_there_is_no_chart_but_a_table(cost: float | None) -> None:
    found = {**small(), "trials": [trial(1, "qwen", 0.9, cost)], "frontier": ["k1"]}
    text = part(found, "frontier")
    assert "There is no chart" in text
    assert ("unpriced" if cost is None else "$0") in text


def test_extremes_are_drawn() -> None:
    found = {
        **small(),
        "trials": [trial(1, "a", 1.0, 5e-324), trial(2, "b", 0.0, 1e12), trial(3, "c", 0.5, 0.0, ci=None)],
        "frontier": ["k1", "k2", "k3", "gone"],
        "curve": [{"paid": 0, "quality": 0.5, "area": None, "trials": 3}],
        "space": {"points": 10**4000, "topologies": None},
    }
    assert not re.search(r"\b(nan|inf)\b", page(check_result(found)))
    assert "about 10^4000 points" in part(found, "method")
    assert "nothing was paid" in part(found, "curve")


def test_holes_are_ranked_and_their_values_shown() -> None:
    text = part(small(), "holes")
    assert text.index("layer1.x") < text.index("agg.temperature")
    assert "0.910\n0.87 to 0.95\n5" in text


def test_the_confirmation_names_items_only_where_some_are_missing() -> None:
    found = small()
    found["confirmed"][1]["report"]["items"] = 38
    text = part(found, "confirmation")
    assert (
        "winner\nlayer [qwen, llama]x2 -> vote number\n0.925\n0.80 to 0.97\n0.920\n0.79 to 0.97\n+0.040\n+0.01 to +0.08\n0.031\nqwen\n-0.010"
        in text
    )
    assert "0.75 to 0.95, 38 items" in text


def test_the_winner_has_its_text_graph_and_difference() -> None:
    drawn = Read(SECTIONS["winner"][1](check_result(small())))
    assert small()["program"].strip() in drawn.text("code")
    (picture,) = drawn.all("img")
    assert picture["alt"]
    svg = base64.b64decode(str(picture["src"]).removeprefix("data:image/svg+xml;base64,"))
    assert [each.text for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")].count("qwen") == 2
    assert [each["class"] for each in drawn.all("span")] == ["added", "removed"]


@pytest.mark.parametrize("spoil", ["links", "nodes", "model", "version"])
def test_a_graph_that_is_none_is_told(spoil: str) -> None:
    graph = graph_of()
    if spoil == "model":
        graph["nodes"][0]["model"] = {"name": 7}
    elif spoil == "version":
        graph["graph"]["moaql"] = 99
    else:
        graph[spoil] = [3]
    assert "It cannot be drawn" in part({**small(), "graph": graph}, "winner")


def test_a_disagreement_shows_every_candidate_closed_at_first() -> None:
    drawn = Read(SECTIONS["disagreements"][1](check_result(small())))
    assert "q7: 1 of 2 right · How many are 5 and 7?" in drawn.text()
    assert "5 + 7 = 12" in drawn.text("pre")
    assert "It is 13." in drawn.text("pre")
    assert [each for each in drawn.all("details") if "open" in each] == []
    assert drawn.text("span").count("✗ wrong") == 2


def test_small_splits_are_named() -> None:
    text = part(small(), "method")
    assert "Goals: maximize quality; minimize cost; within cost <= $0.05." in text
    assert "Small splits: select (40 items), report (40 items)" in text


def test_the_policy_allows_one_script_and_nothing_from_elsewhere() -> None:
    found = read()
    (policy,) = [each["content"] for each in found.all("meta") if each.get("http-equiv")]
    (script,) = [text for tag, text in found.texts if tag == "script"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("make", [small, large, hostile])
def test_nothing_is_loaded_and_nothing_runs(make: Any) -> None:
    found = Read(page(check_result(make())))
    assert len(found.all("script")) == 1
    assert {tag for tag, _ in found.tags} & {
        "link",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "foreignobject",
    } == set()
    for tag, attributes in found.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href"):
                assert str(value).startswith(("#", "data:image/svg+xml;base64,"))
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert "url(" not in found.text("style")
    assert "@import" not in found.text("style")


def test_hostile_text_is_shown_as_it_is() -> None:
    text = page(check_result(hostile()))
    found = Read(text)
    assert clean(HOSTILE).strip() in found.text()
    assert [each["alt"] for each in found.all("img")] == ["Graph of the winner; its stages follow as text."]
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\u202e]", text)
    ordinary = Read(page(check_result(small())))
    skip = ("span", "text", "line")
    assert {tag for tag, _ in found.tags} - set(skip) == {tag for tag, _ in ordinary.tags} - set(skip)
    (picture,) = found.all("img")
    svg = ET.fromstring(base64.b64decode(str(picture["src"]).partition(",")[2]))
    assert {each.tag.partition("}")[2] for each in svg.iter()} & {"script", "img", "image", "a"} == set()


def test_charts_and_what_scrolls_have_names() -> None:
    found = read()
    ids = {attributes.get("id") for _, attributes in found.tags}
    charts = [each for each in found.all("svg") if each.get("role") == "img"]
    assert len(charts) == 2
    for each in charts:
        assert set(str(each["aria-labelledby"]).split()) <= ids
    assert all("aria-hidden" in each for each in found.all("svg") if each not in charts)
    scrolling = [each for each in found.all("div") if "wide" in str(each.get("class"))]
    assert scrolling
    assert all(each["aria-label"] and each["tabindex"] == "0" for each in scrolling)
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(each["scope"] in ("col", "row") for each in found.all("th"))


def test_a_large_search_makes_a_small_page() -> None:
    text = page(check_result(large()))
    assert len(text.encode()) < 1_000_000
    found = Read(text)
    assert len([each for each in found.all("details") if each.get("class") == "item"]) == 50
    assert "more characters are in" in found.text()


def brightness(color: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        *[(ink, paper) for ink in ("ink", "muted", "accent", "base", "good", "bad") for paper in ("paper", "panel")],
        ("loud-ink", "loud"),
    ],
)
def test_text_can_be_read(colors: dict[str, str], ink: str, paper: str) -> None:
    low, high = sorted((brightness(colors[ink]), brightness(colors[paper])))
    assert (high + 0.05) / (low + 0.05) >= 4.5
