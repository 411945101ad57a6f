"""The examples of docs/metrics.md are what happens, and it lists every metric with its settings."""

import contextlib
import inspect
import io
import re
from pathlib import Path

import pytest
from metrics.examples import value

from moaql.metrics import METRICS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_is_listed_with_its_settings(name: str) -> None:
    row = re.search(rf"^\| `{name}` \|.*\| ?(.*)\|$", PAGE, re.MULTILINE)
    assert row
    metric = METRICS.find(name)
    assert metric
    assert re.findall(r"`(\w+)", row[1]) == list(inspect.signature(metric).parameters)


def test_the_example_prints_what_is_shown() -> None:
    match = re.search(r"```python\n(.*?)```\s+```text\n(.*?)```", PAGE, re.DOTALL)
    assert match
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(match[1], {})
    assert printed.getvalue() == match[2]


@pytest.mark.parametrize(
    ("name", "answer", "target", "expected"),
    [
        ("exact", "The answer is **Bern**.", "bern", 1),
        ("exact", "It is Bern.", "Bern", 0),
        ("number", "\\boxed{\\frac{3}{4}}", "0.75", 1),
        ("number", "0.33", "1/3", 0),
        ("choice", "Answer: b", "(B)", 1),
        ("literal", "{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}", 1),
        ("literal", "'Ab'", "'ab'", 0),
        ("contains", "It is in New York.", "new york", 1),
        ("contains", "There are 110", "10", 1),
        ("regex", "Order 4711 is sent.", r"order \d{4}", 1),
        ("f1", "the city of Bern", "Bern", 0.5),
        ("rouge", "police kill the gunman", "police killed the gunman", 0.75),
        ("json", '{"name": "Bern"}', {"name": "Bern", "people": 134}, 0.5),
    ],
)
def test_an_example_scores_as_it_says(name: str, answer: str, target: object, expected: float) -> None:
    assert value(name, answer, target) == expected
