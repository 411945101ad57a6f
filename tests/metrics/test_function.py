"""A user's own function as the metric."""

import asyncio
from pathlib import Path

import pytest
from metrics.examples import score

from moaql.errors import UsageError
from moaql.metrics.base import Judged, MetricFailed
from moaql.metrics.find import find_metric

FILE = """
import asyncio
from dataclasses import dataclass

@dataclass
class Held:
    text: str

def number(answer, target, item): return len(answer) / 10
def flag(answer, target, item): return answer == target
def pair(answer, target, item): return 0.5, f"{item.question} {item.fields['level']}"
async def late(answer, target, item):
    await asyncio.sleep(0)
    return 1
def fails(answer, target, item):
    return {}[answer]
def text(answer, target, item): return "0.5"
def nan(answer, target, item): return float("nan")
def high(answer, target, item): return 7
def nothing(answer, target, item): return None
def none_of(answer, target, item): return 1 / len(answer)
class Tensor:
    def __float__(self): raise RuntimeError("too many values")
def tensor(answer, target, item): return Tensor()
constant = 5
"""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "own.py").write_text(FILE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("x = 1\nx = = 2\n", encoding="utf-8")
    (tmp_path / "raises.py").write_text("x = 1\nraise RuntimeError('no data')\n", encoding="utf-8")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("function", "expected", "feedback"),
    [("number", 0.4, ""), ("flag", 1, ""), ("pair", 0.5, "Why? hard"), ("late", 1, "")],
)
def test_what_a_function_may_return(folder: str, function: str, expected: float, feedback: str) -> None:
    found = score(f"python:own.py:{function}", "Bern", "Bern", fields={"level": "hard"}, folder=folder)
    assert (found.value, found.feedback) == (expected, feedback)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("fails", r"`own.py:fails` failed on item `7`: KeyError: 'Bern' \(line 16\)"),
        ("text", "`own.py:text` returned '0.5' on item `7`"),
        ("nan", "`own.py:nan` returned nan on item `7`"),
        ("high", "`own.py:high` returned 7 on item `7`"),
        ("nothing", "`own.py:nothing` returned None on item `7`"),
        ("tensor", "`own.py:tensor` returned .*Tensor.* on item `7`"),
    ],
)
def test_a_function_that_fails_on_an_item_names_it_and_says_what_to_do(
    folder: str, function: str, message: str
) -> None:
    with pytest.raises(MetricFailed, match=message) as raised:
        score(f"python:own.py:{function}", "Bern", "Bern", folder=folder)
    assert raised.value.next_step
    # An unusable item or setting ends an eval; this is one item that failed.
    assert not isinstance(raised.value, UsageError)


def test_one_failed_item_leaves_the_others_their_scores(folder: str) -> None:
    metric = find_metric("python:own.py:none_of", folder)

    async def scored() -> list[object]:
        answers = ["Bern", "", "B"]
        scores = (metric.score(answer, Judged("Why?", id=str(place))) for place, answer in enumerate(answers))
        return await asyncio.gather(*scores, return_exceptions=True)

    first, failed, last = asyncio.run(scored())
    assert (first.value, last.value) == (0.25, 1)  # type: ignore[attr-defined]
    assert str(failed).startswith("`own.py:none_of` failed on item `1`: ZeroDivisionError: division by zero (line ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own.py:none", "`own.py` has no function `none`"),
        ("own.py:constant", "`own.py` has no function `constant`"),
        ("broken.py:f", r"`broken.py` cannot be loaded: invalid syntax \(line 2\)"),
        ("raises.py:f", r"`raises.py` cannot be loaded: RuntimeError: no data \(line 2\)"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(folder: str, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        score(f"python:{name}", "Bern", "Bern", folder=folder)
