"""`moaql diff PROGRAM BEST`: what each hole of a search was filled with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODELS = """
model a = "sim/llama-3.1-8b" price_in=$0.1 price_out=$0.1
model b = "sim/gpt-4o" price_in=$2.5 price_out=$10
eval set = "set.jsonl" metric=number
"""
SEARCH = "search auto {{ topology {} eval set maximize quality }}\n"


@pytest.mark.parametrize(
    ("holes", "found", "shown"),
    [
        (
            "layer ?(1..2 of [a, b]) x?(1..3) -> ?(vote tie=first | agg b)",
            "layer [b]x2 -> agg b",
            ["~ layer1.proposers: `?` is b", "~ layer1.x: `?` is 2", "~ step2: `?` is agg b"],
        ),
        (
            "layer [a, b] x?(1..3) -> vote tie=first weights=?",
            "layer [a, b]x2 -> vote tie=first weights={a: 0.2, b: 1}",
            ["~ layer1.x: `?` is 2"],
        ),
        (
            "a x?(1..3) -> vote tie=first",
            "b x7 -> vote tie=first",
            ["- auto: a x?(1..3) -> vote tie=first", "+ auto: b x7 -> vote tie=first"],
        ),
    ],
    ids=["all kinds of holes", "fitted weights", "no point of the space"],
)
def test_the_choice_is_shown(
    moaql: Any, write: Callable[[str, str], Path], holes: str, found: str, shown: list[str]
) -> None:
    write("p.moaql", MODELS + SEARCH.format(holes))
    write("best.moaql", f"{MODELS}topology auto = {found}\n")
    done = moaql("diff", "p.moaql", "best.moaql")
    assert done.code == 0
    assert done.out.splitlines() == shown
    assert json.loads(moaql("diff", "p.moaql::auto", "best.moaql::auto", "--json").out)["equal"] is False


def test_other_topologies_are_compared_as_ever(moaql: Any, write: Callable[[str, str], Path]) -> None:
    other = "topology own = a x{} -> vote tie=first\n"
    write("p.moaql", MODELS + other.format(2) + SEARCH.format("a x?(1..3) -> vote tie=first"))
    write("best.moaql", MODELS + other.format(3) + "topology auto = a x3 -> vote tie=first\n")
    chosen, own = moaql("diff", "p.moaql", "best.moaql").out.splitlines()
    assert chosen == "auto: ~ a.x: `?` is 3"
    assert own.startswith("own: ")
    assert own.endswith("(2 → 3)")
