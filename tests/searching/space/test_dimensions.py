"""Pipelines with holes beside the dimensions that a search sees."""

import pytest

from moaql.errors import UsageError
from moaql.searching.space.grid import numbers
from tests.searching.space.spaces import space_of

A_LAYER = "layer ?(1..2 of [qwen, llama, mini]) x?(1..4) temperature=?(0.2..1.0) -> vote by=number"

NAMES = {
    A_LAYER: ["layer1.proposers", "layer1.x", "layer1.temperature"],
    "qwen x?(1..3) -> vote by=number": ["qwen.x"],
    "layer [qwen x?(1..3), llama x2] -> vote": ["layer1.proposers.qwen.x"],
    "layer [?(qwen | llama), mini] -> vote": ["layer1.proposers.1"],
    "layer [qwen] -> layer [llama] max_tokens=?(1k..2k by 500) -> agg gpt4o": ["layer2.max_tokens"],
    "layer [qwen, llama] -> agg gpt4o prompt=?(careful | default)": ["agg.prompt"],
    "qwen -> ?(skip | critic ?(llama | mini)) -> agg gpt4o": ["step2", "step2.critic.model"],
    "qwen -> ?(agg ?(gpt4o | mini) | critic qwen -> agg ?(mini | mistral))": [
        "step2",
        "step2.agg.model",
        "step2.agg2.model",
    ],
    "(layer [qwen, llama]) x?(1..2) -> agg gpt4o": ["group.x"],
    "qwen x3 -> when agreement >= ?(50%..80% by 10%) { vote } else { agg ?(gpt4o | mini) }": [
        "when.agreement",
        "when.else.agg.model",
    ],
    "route qwen { case easy { ?(mini | llama) } else { gpt4o x?(1..2) -> vote } }": [
        "route.easy.step1",
        "route.else.gpt4o.x",
    ],
    "until agreement >= 0.6 max ?(1..3) { layer [qwen]x2 } -> vote": ["until.max"],
    "?(?(qwen | llama) | gpt4o)": ["step1", "step1.step1"],
    "layer ?(1..2 of [qwen x?(1..2), llama]) -> vote": ["layer1.proposers", "layer1.proposers.qwen.x"],
}


@pytest.mark.parametrize("pipeline", NAMES)
def test_names_say_where_a_hole_stands(pipeline: str) -> None:
    assert [each.name for each in space_of(pipeline).dimensions] == NAMES[pipeline]


def test_a_subset_a_whole_number_and_a_number() -> None:
    proposers, samples, temperature = space_of(A_LAYER).dimensions
    assert (proposers.kind, proposers.members, proposers.sizes) == ("subset", ("qwen", "llama", "mini"), range(1, 3))
    assert (samples.kind, samples.values, samples.integer) == ("number", (1, 2, 3, 4), True)
    assert temperature.values == (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert not temperature.integer


def test_a_choice_shows_the_text_of_its_alternatives_and_a_question_mark_for_what_is_open_in_them() -> None:
    step, model = space_of("qwen x2 -> ?(vote by=number | agg ?(gpt4o | mini) prompt=careful)").dimensions
    assert step.values == ("vote by=number", "agg ? prompt=careful")
    assert model.values == ("gpt4o", "mini")
    assert model.condition == (("step2", "agg ? prompt=careful"),)


def test_values_are_dollars_seconds_shares_and_tokens() -> None:
    timeout, longest, shown = space_of(
        "layer [qwen] timeout=?(500ms | 2m) max_tokens=?(1k | 300) anonymous=?(true | false) -> agg gpt4o"
    ).dimensions
    assert timeout.values == (0.5, 120.0)
    assert longest.values == (1000, 300)
    assert shown.values == (True, False)


def test_an_alternative_that_is_nothing_but_a_hole_is_shown_in_full() -> None:
    assert space_of("layer ?(?(1..2 of [qwen, llama]) | mini)").dimensions[0].values == (
        "?(1..2 of [qwen, llama])",
        "mini",
    )


def test_equal_alternatives_are_told_apart() -> None:
    assert space_of("?(qwen | llama | qwen)").dimensions[0].values == ("qwen", "llama", "qwen#2")


def test_a_named_topology_used_twice_is_one_dimension() -> None:
    space = space_of("layer [panel, mini] -> ?(agg gpt4o | panel -> agg mini)", "topology panel = ?(qwen | llama)\n")
    assert [(each.name, each.condition) for each in space.dimensions] == [("panel.step1", None), ("step2", None)]
    assert space.size == 4


def test_a_hole_that_two_alternatives_reach_is_active_with_either() -> None:
    space = space_of("?(panel | panel -> agg gpt4o | mini)", "topology panel = layer [qwen, llama] x?(1..3)\n")
    hole = space["panel.layer1.x"]
    assert hole.condition == (("step1", "panel"), ("step1", "panel -> agg gpt4o"))
    assert space.size == 3 + 3 + 1


def test_weights_are_fitted_not_searched() -> None:
    space = space_of("layer [qwen, llama, mini] x?(1..2) -> vote by=number weights=?")
    assert [each.name for each in space.dimensions] == ["layer1.x"]
    assert all(space.fill(point).problem is None for point in space.points())


# Ranges

GRIDS = [
    (0.2, 1.0, False, False, None, (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
    (0, 2, False, False, None, (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)),
    (0.15, 0.9, False, False, None, (0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)),
    (0.5, 0.5, False, False, None, (0.5,)),
    (0.001, 1, False, True, None, (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)),
    (1e-8, 1e8, False, True, None, (1e-8, 1e-6, 1e-4, 0.01, 1.0, 100.0, 1e4, 1e6, 1e8)),
    (1, 6, True, False, None, (1, 2, 3, 4, 5, 6)),
    (128, 1024, True, False, 128, (128, 256, 384, 512, 640, 768, 896, 1024)),
    (1, 8, True, False, 3, (1, 4, 7)),
    (0.1, 0.5, False, False, 0.2, (0.1, 0.3, 0.5)),
    (1, 1000, True, True, None, (1, 3, 10, 30, 100, 300, 1000)),
    (1, 4, True, True, None, (1, 2, 3, 4)),
]


@pytest.mark.parametrize(("low", "high", "integer", "log", "step", "values"), GRIDS)
def test_ranges_are_searched_on_round_values(low, high, integer, log, step, values) -> None:
    assert numbers(low, high, integer=integer, log=log, step=step) == values


def test_a_long_range_of_whole_numbers_becomes_at_most_33_of_them() -> None:
    found = numbers(1, 1_000_000, integer=True)
    assert len(found) <= 33
    assert (found[0], found[-1]) == (1, 1_000_000)
    assert all(isinstance(each, int) for each in found)
    assert numbers(1, 33, integer=True) == tuple(range(1, 34))


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(UsageError, match=r"1,000,001 values.*\n.*wider step"):
        space_of("qwen temperature=?(0..1 by 0.000001)")
