"""`shuffle`: another order of the candidates, the same for the same seed and question."""

import re

import pytest
from run.scripted import Failure, Script

import moaql

EIGHT = "layer [a, b, c, d, e, f, g, h]"


def order(program: str, question: str = "What is it?", lost: str = "", **options: object) -> str:
    says = {name: Failure() if name in lost else name for name in "abcdefgh"}
    return "".join(each.text for each in Script(**says).run(program, question, **options).outputs)


def test_all_stay_in_another_order() -> None:
    shuffled = order(f"{EIGHT} -> shuffle")
    assert sorted(shuffled) == list("abcdefgh")
    assert shuffled != "abcdefgh"


def test_the_order_is_drawn_from_the_seed_of_the_run_and_the_question() -> None:
    assert order(f"{EIGHT} -> shuffle", seed=1) == order(f"{EIGHT} -> shuffle", seed=1)
    assert order(f"{EIGHT} -> shuffle", seed=1) != order(f"{EIGHT} -> shuffle", seed=2)
    assert order(f"{EIGHT} -> shuffle", "Why?") != order(f"{EIGHT} -> shuffle", "How?")


def test_a_seed_of_its_own_does_not_depend_on_the_run() -> None:
    assert order(f"{EIGHT} -> shuffle seed=7", seed=1) == order(f"{EIGHT} -> shuffle seed=7", seed=2)
    assert order(f"{EIGHT} -> shuffle seed=7") != order(f"{EIGHT} -> shuffle seed=8")


def test_a_lost_candidate_changes_the_order_of_no_other() -> None:
    assert order(f"{EIGHT} -> shuffle", lost="ce") == order(f"{EIGHT} -> shuffle").replace("c", "").replace("e", "")


def test_the_next_stage_sees_the_new_order() -> None:
    script = Script(a="a", b="b", c="c", d="d", z="done")
    script.run("layer [a, b, c, d] -> shuffle seed=3 -> agg z")
    shown = re.findall(r">\n(.*)\n</candidate>", script.of("z")[0].system)
    assert "".join(shown) == order("layer [a, b, c, d] -> shuffle seed=3")


def test_one_candidate_and_none() -> None:
    assert order("layer [a] -> shuffle") == "a"
    with pytest.raises(moaql.NoCandidates):
        order("layer [a, b] -> shuffle", lost="ab")
