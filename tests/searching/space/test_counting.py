"""How many points there are, listing them, and drawing each as often as any other."""

import random
from collections import Counter

import pytest

from moaql.errors import UsageError
from moaql.searching.space.points import Point
from tests.searching.space.spaces import space_of

PANEL = "topology panel = layer [qwen, llama] x?(1..3)\ntopology deep = panel -> agg ?(gpt4o | mini)\n"

SIZES = {
    "qwen x?(1..4)": 4,
    "layer ?(1..2 of [qwen, llama, mini]) x?(1..4) -> vote": 6 * 4,
    "qwen -> ?(skip | critic ?(llama | mini)) -> agg ?(gpt4o | mini)": 3 * 2,
    "?(?(qwen | llama) | gpt4o)": 3,
    "?(panel | deep | mini) -> vote": 3 + 3 * 2 + 1,
    "layer [panel, mini] -> ?(vote | agg gpt4o) -> ?(skip | panel | deep)": 3 * 2 * (1 + 1 + 2),
    # Both steps may need the one hole of `panel`: (panel or mini) x (panel or mini) with three values wherever it is needed.
    "?(panel | mini) -> ?(panel | mini)": 3 + 3 + 3 + 1,
    "layer ?(1..2 of [qwen x?(1..2), llama, mini]) -> vote": 2 + 1 + 1 + 2 + 2 + 1,
    # Members that share a hole: panel, deep, both, and each with mini.
    "layer ?(1..2 of [panel, deep, mini]) -> vote": 3 + 6 + 1 + 6 + 3 + 6,
    "layer ?(1..2 of [panel, mini]) -> ?(vote | panel -> vote)": 2 * (3 + 3) + (1 + 3),
}


@pytest.mark.parametrize("pipeline", SIZES)
def test_the_size_is_what_listing_finds(pipeline: str) -> None:
    space = space_of(pipeline, PANEL)
    points = list(space.points())
    assert space.size == SIZES[pipeline] == len(points) == len(set(points))
    for point in points:
        space.check(point)


@pytest.mark.parametrize("pipeline", SIZES)
def test_each_point_is_drawn_as_often_as_any_other(pipeline: str) -> None:
    space, source = space_of(pipeline, PANEL), random.Random(1)
    draws = 300 * space.size
    counts = Counter(space.sample(source) for _ in range(draws))
    assert set(counts) == set(space.points())
    # Chi-square with n - 1 degrees of freedom: six standard deviations above its mean is beyond chance.
    spread = sum((count - 300) ** 2 / 300 for count in counts.values())
    assert spread < (space.size - 1) + 6 * (2 * (space.size - 1)) ** 0.5


def test_a_space_of_10_to_the_30_points_is_counted_and_sampled_at_once() -> None:
    models = ", ".join(["qwen", "llama", "mini", "gpt4o", "mistral"] * 6)
    space = space_of(f"layer ?(1..30 of [{models}]) x?(1..33) -> " * 3 + "agg gpt4o")
    assert space.size == ((2**30 - 1) * 33) ** 3 > 10**30
    point = space.sample(random.Random(0))
    space.check(point)
    assert len(list(space.points(5))) == 5


def test_a_subset_of_thirty_members_with_a_hole_in_each() -> None:
    entries = ", ".join(f"{model} x?(1..2) " for model in ["qwen", "llama", "mini"] * 10)
    space = space_of(f"layer ?(1..30 of [{entries}]) -> vote")
    assert space.size == 3**30 - 1  # each is left out, once or twice
    space.check(space.sample(random.Random(0)))


def test_too_many_members_that_share_a_hole_are_refused() -> None:
    many = "".join(f"topology t{number} = panel -> agg mini\n" for number in range(17))
    names = ", ".join(f"t{number}" for number in range(17))
    with pytest.raises(UsageError, match="draws from 17 entries that share holes; at most 16"):
        space_of(f"layer ?(1..3 of [{names}]) -> vote", PANEL + many)


def test_points_come_in_a_fixed_order_and_are_values() -> None:
    space = space_of("layer ?(1..2 of [qwen, llama]) x?(1..2) -> vote")
    points = list(space.points(3))
    assert points == list(space.points(3))
    assert dict(points[0]) == {"layer1.proposers": ("qwen",), "layer1.x": 1}
    assert points[0] == Point([("layer1.proposers", ("qwen",)), ("layer1.x", 1)])
    assert len({points[0], next(space.points(1))}) == 1


REFUSED = {
    "no value for `layer1.x`": {"layer1.proposers": ("qwen",), "step2": "vote"},
    "`step2` cannot be 'agg'": {"layer1.proposers": ("qwen",), "layer1.x": 1, "step2": "agg"},
    "no dimension `y`": {"y": 1},
    "`layer1.proposers` cannot be": {"layer1.proposers": ("llama", "qwen"), "layer1.x": 1, "step2": "vote"},
    "`step2.agg.model` is not active": {
        "layer1.proposers": ("qwen",),
        "layer1.x": 1,
        "step2": "vote",
        "step2.agg.model": "mini",
    },
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_no_point_is_refused(message: str) -> None:
    space = space_of("layer ?(1..2 of [qwen, llama]) x?(1..2) -> ?(vote | agg ?(mini | gpt4o))")
    with pytest.raises(UsageError, match=message):
        space.check(REFUSED[message])


def test_repair_finds_the_nearest_point() -> None:
    space = space_of(
        "layer ?(2..2 of [qwen, llama, mini]) x?(1..4) temperature=?(0.2..1.0) -> ?(vote | agg ?(mini | gpt4o))"
    )
    repaired = space.repair(
        {
            "layer1.proposers": ["mini"],
            "layer1.x": 9,
            "layer1.temperature": 0.7312,
            "step2.agg.model": "gpt4o",
            "old": 1,
        }
    )
    assert dict(repaired) == {
        "layer1.proposers": ("qwen", "mini"),
        "layer1.x": 4,
        "layer1.temperature": 0.7,
        "step2": "vote",
    }
    assert all(space.repair(point) == point for point in space.points(200))
