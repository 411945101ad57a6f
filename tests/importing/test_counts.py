"""Counts are whole numbers of 1 or more; others are refused where they stand, and what is too large at once."""

import json
import time
from typing import Any

import pytest

from moaql.errors import UsageError
from moaql.importing import FORMATS, Imported


def read(name: str, document: dict[str, Any]) -> Imported:
    format = FORMATS.find(name)
    assert format is not None
    return format.read(json.dumps(document), "it.json")


def archon(*kinds: str, models: int = 1, **more: Any) -> dict[str, Any]:
    """One layer of each kind; the counts are those of the last."""
    layers = [[{"type": kind, "model": "a/b"}] for kind in kinds[:-1]]
    return {"layers": [*layers, [{"type": kinds[-1], "model": f"a/b{place}", **more} for place in range(models)]]}


def consortium(count: Any = 1, **more: Any) -> dict[str, Any]:
    return {"models": {"gpt-4o": count, "o3": 1}, "arbiter": "o3", **more}


@pytest.mark.parametrize("count", [0, -1, 2.5])
def test_a_broken_count_of_a_consortium_is_refused(count: float) -> None:
    with pytest.raises(UsageError, match=f"^{count} stands as the count of `gpt-4o`, where a whole number") as caught:
        read("llm_consortium", consortium(count))
    assert "leave out" in caught.value.next_step
    for key in ("max_iterations", "minimum_iterations"):
        with pytest.raises(UsageError, match=f"^{count} stands as `{key}`, where a whole number of 1 or more"):
            read("llm_consortium", consortium(**{key: count}))


@pytest.mark.parametrize("threshold", [-0.1, 101])
def test_a_threshold_of_a_consortium_is_a_share(threshold: float) -> None:
    with pytest.raises(UsageError, match=f"`confidence_threshold` is {threshold}"):
        read("llm_consortium", consortium(confidence_threshold=threshold))


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert "gpt-4o x2" in read("llm_consortium", consortium(2.0, max_iterations=1.0)).text
    assert "]x3" in read("archon", archon("generator", samples=3.0)).text


@pytest.mark.parametrize("count", [0, -1, 2.5])
@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("samples", ("generator",)),
        ("samples", ("generator", "fuser")),
        ("top_k", ("generator", "ranker")),
        ("unit_test_cap", ("generator", "unit_test_generator")),
    ],
)
def test_a_broken_count_of_archon_is_refused(key: str, kinds: tuple[str, ...], count: float) -> None:
    with pytest.raises(UsageError, match=f"^{count} stands as `{key}` of a {kinds[-1]} in layer {len(kinds)}, where"):
        read("archon", archon(*kinds, **{key: count}))


def test_more_tests_than_a_stage_writes_are_said() -> None:
    imported = read("archon", archon("generator", "unit_test_generator", unit_test_cap=150))
    assert "n=100" in imported.text
    assert "Of 150 tests at most 100 are asked for here." in imported.losses


def test_what_would_make_too_many_calls_is_refused_at_once() -> None:
    began = time.perf_counter()
    with pytest.raises(UsageError, match=r"too large \(E405\): it would make 20,000,000,000 calls .* at most 20,000"):
        read("archon", archon("generator", models=20_000, samples=1_000_000))
    assert time.perf_counter() - began < 5
    with pytest.raises(UsageError, match=r"too large \(E405\): it would make 20,002 calls"):
        read("llm_consortium", consortium(20_001))
    with pytest.raises(UsageError, match=r"too large \(E405\)"):
        read("llm_consortium", consortium(7_000, max_iterations=3))


def test_what_reads_too_much_is_refused_as_it_would_be_planned() -> None:
    layer = [{"type": "fuser", "model": "a/b", "samples": 1500}]
    with pytest.raises(UsageError, match=r"too large \(E405\)"):
        read("archon", {"layers": [[{"type": "generator", "model": "a/b", "samples": 1500}], layer, layer]})
