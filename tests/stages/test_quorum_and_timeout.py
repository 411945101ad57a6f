"""`quorum` and `timeout`: how many answers are enough, and how long they are waited for."""

import time

import pytest
from run.scripted import Failure, Later, Script

import moaql


def test_a_quorum_goes_on_with_the_first_that_are_there() -> None:
    script = Script(a=Later(5, "late"), b="two", c=Later(0.05, "three"), z="merged")
    started = time.perf_counter()
    script.run("layer [a, b, c] quorum=2 -> agg z")
    assert time.perf_counter() - started < 2
    assert script.of("z")[0].system.startswith("Below are 2 answers")
    assert script.of("z")[0].system.endswith(
        '<candidate number="1">\ntwo\n</candidate>\n<candidate number="2">\nthree\n</candidate>'
    )
    assert script.cancelled == ["a"]


def test_the_order_is_that_of_the_program_not_of_arrival() -> None:
    script = Script(a=Later(0.05, "one"), b="two", c=Later(5, "late"), z="merged")
    script.run("layer [a, b, c] quorum=2 -> agg z")
    shown = script.of("z")[0].system
    assert shown.index("\none\n") < shown.index("\ntwo\n")


def test_who_is_lost_does_not_count() -> None:
    script = Script(a=Failure(), b=Later(0.05, "two"), c="three", z="merged")
    answer = script.run("layer [a, b, c] quorum=2 -> agg z")
    assert answer.text == "merged"
    assert "\ntwo\n" in script.of("z")[0].system
    assert [each.node for each in answer.losses] == ["layer1/a"]


@pytest.mark.parametrize(("quorum", "lost"), [(3, 1), (2, 2), (1, 3)])
def test_a_quorum_that_is_missed_is_an_error_also_where_it_is_everybody(quorum: int, lost: int) -> None:
    says = {name: Failure() if number < lost else "here" for number, name in enumerate("abc")}
    script = Script(**says, z="merged")
    with pytest.raises(moaql.NoCandidates, match=f"a quorum of {quorum} answers is asked for, and {3 - lost} came"):
        script.run(f"layer [a, b, c] quorum={quorum} -> agg z")
    assert script.of("z") == []


def test_a_fallback_takes_the_place_of_a_quorum_that_is_missed() -> None:
    script = Script(a="one", b=Failure(), z="merged", d="instead")
    assert script.run("layer [a, b] quorum=2 -> agg z fallback=d").text == "instead"
    assert script.of("z") == []


def test_a_quorum_of_all_waits_for_all() -> None:
    script = Script(a=Later(0.05, "one"), b="two", z="merged")
    script.run("layer [a, b] quorum=2 -> agg z")
    assert script.of("z")[0].system.startswith("Below are 2 answers")


def test_a_quorum_counts_the_candidates_of_topologies() -> None:
    script = Script(a="one", b=Later(5, "late"), z="merged")
    script.run("topology pair = a x2\ntopology t = layer [pair, b] quorum=2 -> agg z")
    assert script.of("z")[0].system.startswith("Below are 2 answers")
    assert script.cancelled == ["b"]


def test_a_cancelled_topology_leaves_nothing_running() -> None:
    script = Script(a="one", b=Later(5, "late"), c="never", z="merged")
    script.run("topology slow = b x2 -> agg c\ntopology t = layer [a, slow] quorum=1 -> agg z")
    assert script.cancelled == ["b", "b"]
    assert script.of("c") == []


def test_a_timeout_loses_the_late_one_and_keeps_the_others() -> None:
    script = Script(a=Later(5, "late"), b="two", z="merged")
    answer = script.run("layer [a, b] timeout=100ms -> agg z")
    assert answer.text == "merged"
    (loss,) = answer.losses
    assert (loss.node, loss.reason) == ("layer1/a", "`a` did not answer within 0.1 s")
    assert script.of("z")[0].system.startswith("Below are 1 answers")


def test_a_timeout_of_a_model_is_its_own() -> None:
    script = Script(a=Later(0.2, "slow"), b=Later(0.2, "slow too"))
    answer = script.run("layer [a, b]", models={"a": "timeout=50ms"})
    assert [each.text for each in answer.outputs] == ["slow too"]


def test_a_timeout_and_a_quorum_together() -> None:
    script = Script(a="one", b=Later(5, "late"), c=Later(5, "late"), z="merged")
    with pytest.raises(moaql.NoCandidates) as failed:
        script.run("layer [a, b, c] quorum=2 timeout=50ms -> agg z")
    assert len(failed.value.losses) == 3  # two that were late, and the quorum


def test_a_judge_that_is_late_is_lost_as_any_other() -> None:
    script = Script(a="one", b="two", j=Later(5, "Ranking: [2] > [1]"))
    answer = script.run("layer [a, b] -> best j timeout=50ms")
    assert answer.text == "one"
    assert [each.node for each in answer.losses] == ["best/j"]
    assert "no ranking can be read" in answer.notes[0]
