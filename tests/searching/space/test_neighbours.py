"""One step from a point: what changes, and what comes with it."""

import random
from collections import Counter

import pytest

from moaql.errors import UsageError
from moaql.searching.space.space import Space
from tests.searching.space.spaces import program_of, space_of


def changes(pipeline: str, values: dict[str, object], name: str, draws: int = 2000) -> Counter[object]:
    """What a dimension becomes in neighbours that change it."""
    space, source = space_of(pipeline), random.Random(5)
    point = space.repair(values)
    found = Counter(space.neighbours(point, source).get(name) for _ in range(draws))
    del found[point[name]]
    return found


def test_a_number_goes_mostly_to_a_near_value() -> None:
    found = changes("layer [qwen]x?(1..20) -> ?(vote | agg mini)", {"layer1.x": 10}, "layer1.x")
    assert set(found) == {*range(1, 21)} - {10}
    assert found[9] + found[11] > 0.7 * found.total()


def test_a_subset_gains_loses_or_exchanges_one_member() -> None:
    pipeline = "layer ?(1..3 of [qwen, llama, mini, gpt4o]) -> vote"
    assert set(changes(pipeline, {"layer1.proposers": ("qwen", "mini")}, "layer1.proposers")) == {
        ("qwen",),
        ("mini",),
        ("qwen", "llama", "mini"),
        ("qwen", "mini", "gpt4o"),
        ("llama", "mini"),
        ("qwen", "llama"),
        ("mini", "gpt4o"),
        ("qwen", "gpt4o"),
    }


def test_another_alternative_comes_with_what_is_inside_it_drawn() -> None:
    space, source = space_of("qwen x3 -> ?(vote | agg ?(mini | gpt4o | mistral))"), random.Random(5)
    point = space.repair({"step2": "vote"})
    found = Counter(space.neighbours(point, source)["step2.agg.model"] for _ in range(300))
    assert set(found) == {"mini", "gpt4o", "mistral"}
    assert min(found.values()) > 60


def test_one_point_has_no_neighbours() -> None:
    program = program_of("qwen x?(3..3)")
    space = Space("auto", program.searches["auto"].topologies[0], program.unit)
    with pytest.raises(UsageError, match="one point only, and no neighbours"):
        space.neighbours(next(space.points()), random.Random(0))
