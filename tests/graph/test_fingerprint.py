"""One fingerprint for programs that do the same, and another for those that do not."""

import pytest

import moaql
from moaql.graph.fingerprint import fingerprint

MODELS = 'model a = "sim/a"\nmodel b = "sim/b"\nmodel c = "sim/c"\n'


def identity(text: str) -> str:
    program = moaql.parse(text if text.startswith("model") else MODELS + text)
    return fingerprint(moaql.build(program, list(program.topologies)[-1]))


BASE = "layer [a, b]x2 -> agg c"


@pytest.mark.parametrize(
    "same",
    [
        "layer proposers=[b, a]x2->agg   c # a comment",
        "layer [a x2, b x2] -> agg c",
        "layer [a, b, b, a] -> agg model=c",
        "topology other = layer [a, b]x2 -> agg c",
        "topology p = layer [a, b]x2\ntopology q = p -> agg c",
        'model x = "sim/a"\nmodel y = "sim/b"\nmodel z = "sim/c" price_in=9 price_out=9\nlayer [x, y]x2 -> agg z',
        "layer [a, b]x2 -> agg c temperature=none",
    ],
)
def test_names_order_layout_and_prices_take_no_part(same: str) -> None:
    assert identity(same) == identity(BASE)


@pytest.mark.parametrize(
    "other",
    [
        "layer [a, b]x3 -> agg c",
        "layer [a, b x3] -> agg c",
        "layer [a, b]x2 temperature=0.5 -> agg c",
        "layer [a, b]x2 -> agg c refs_in=user",
        "layer [a, b]x2 -> agg a",
        "layer [a, b]x2 -> agg c x2",
        "(layer [a, b]x2)x2 -> agg c",
        "layer [a, b]x2 -> vote tie=first",
        'prompt p { user "{question} {candidates}" }\nlayer [a, b]x2 -> agg c prompt=p',
        'model a = "sim/a"\nmodel b = "sim/b"\nmodel c = "sim/other"\nlayer [a, b]x2 -> agg c',
    ],
)
def test_what_is_asked_takes_part(other: str) -> None:
    assert identity(other) != identity(BASE)


def test_vote_parameters_take_part_and_weights_are_a_map() -> None:
    first = identity("layer [a, b] -> vote weights={a: 1, b: 2}")
    assert first == identity("layer [a, b] -> vote weights={b: 2, a: 1}")
    assert first != identity("layer [a, b] -> vote weights={a: 2, b: 1}")


def test_the_label_of_a_branch_takes_part() -> None:
    one = identity("route by=kind { case x { b } case y { c } else { a } }")
    assert one == identity("route by=kind { case y { c } case x { b } else { a } }")
    assert one != identity("route by=kind { case x { c } case y { b } else { a } }")
