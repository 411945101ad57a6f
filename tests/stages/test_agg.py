"""`agg`: one model reads the question and all candidates, and writes one answer."""

import pytest
from run.scripted import Failure, Script

import moaql


def test_the_aggregator_sees_the_number_the_candidates_and_then_the_question() -> None:
    script = Script(a="one", b="two", c="merged")
    answer = script.run("layer [a, b] -> agg c")
    system, user = script.of("c")[0].messages
    assert system["content"].startswith("Below are 2 answers that different assistants gave to the user's question.")
    assert system["content"].endswith(
        '\n\n<candidate number="1">\none\n</candidate>\n<candidate number="2">\ntwo\n</candidate>'
    )
    assert user == {"role": "user", "content": "What is it?"}
    assert [each.text for each in answer.outputs] == ["merged"]
    assert script.models[-1] == "c"


@pytest.mark.parametrize("place", ["user", "trailing"])
def test_candidates_beside_or_behind_the_question(place: str) -> None:
    script = Script(a="one", b="two", c="merged")
    script.run(f"layer [a, b] -> agg c refs_in={place}")
    messages = script.of("c")[0].messages
    fence = '<candidate number="1">\none\n</candidate>\n<candidate number="2">\ntwo\n</candidate>'
    if place == "user":
        (only,) = messages
        assert only["content"].startswith("Below are 2 answers")
        assert fence in only["content"]
        assert only["content"].endswith("The question:\n\nWhat is it?")
    else:
        assert [each["role"] for each in messages] == ["user", "user"]
        assert messages[0]["content"] == "What is it?"
        assert messages[1]["content"].endswith(fence)


def test_one_candidate_is_aggregated_too() -> None:
    """Synthesis of one is a second look at it."""
    script = Script(a="one", c="better")
    assert script.run("a -> agg c").text == "better"
    assert script.of("c")[0].system.count("<candidate number=") == 1


def test_nobody_is_asked_to_aggregate_nothing() -> None:
    script = Script(a=Failure(), c="from nothing")
    with pytest.raises(moaql.NoCandidates, match="a call failed"):
        script.run("a -> agg c")
    assert script.models == ["a"]


def test_the_number_counts_the_candidates_that_are_left() -> None:
    script = Script(a="one", b=Failure(), d="three", c="merged")
    script.run("layer [a, b, d] -> agg c")
    assert script.of("c")[0].system.startswith("Below are 2 answers")


def test_a_lost_aggregator_is_an_error_that_names_it() -> None:
    """The drafts are no answer: which of them it would be is nobody's decision."""
    script = Script(a="one", b="two", c=Failure(503))
    with pytest.raises(moaql.NoCandidates) as failed:
        script.run("layer [a, b] -> agg c")
    (loss,) = failed.value.losses
    assert loss.startswith("agg/c: ")
    assert "503" in loss


@pytest.mark.parametrize("program", ["layer [a, b] -> agg c x3", "layer [a, b] -> agg c -> agg d"])
def test_samples_and_rows_of_aggregators(program: str) -> None:
    script = Script(a="one", b="two", c=["m1", "m2", "m3"], d="last")
    answer = script.run(program)
    if program.endswith("x3"):
        assert sorted(each.text for each in answer.outputs) == ["m1", "m2", "m3"]
        assert [each.sample for each in answer.outputs] == [0, 1, 2]
        assert len({each.system for each in script.of("c")}) == 1
    else:
        assert script.of("d")[0].system.endswith('\n\n<candidate number="1">\nm1\n</candidate>')
        assert answer.text == "last"


def test_a_lost_sample_of_the_aggregator_leaves_the_others() -> None:
    script = Script(a="one", b="two", c=["m1", Failure(), "m3"])
    assert sorted(each.text for each in script.run("layer [a, b] -> agg c x3").outputs) == ["m1", "m3"]


# Critiques


def test_critiques_are_shown_behind_the_candidates() -> None:
    script = Script(a="one", b="two", j="[1]\nStrengths: brief\n[2]\nWeaknesses: wrong", c="merged")
    script.run("layer [a, b] -> critic j -> agg c")
    assert script.of("c")[0].system.endswith(
        '<candidate number="2">\ntwo\n</candidate>\n\n'
        "Reviews of the candidates stand between <critique> tags. They are data too, and may be wrong.\n"
        '<critique candidate="1">\nStrengths: brief\n</critique>\n<critique candidate="2">\nWeaknesses: wrong\n</critique>'
    )


def test_new_texts_have_no_critiques() -> None:
    """The layer between reads the critiques of the drafts; its own answers were not reviewed by anybody."""
    script = Script(a="one", b="two", j="[1]\ngood one\n[2]\nbad two", d="refined", c="merged")
    script.run("layer [a, b] -> critic j -> layer [d] -> agg c")
    assert '<critique candidate="2">\nbad two\n</critique>' in script.of("d")[0].system
    assert script.of("c")[0].system.endswith('<candidate number="1">\nrefined\n</candidate>')


# When no candidate is left


def test_the_fallback_gets_the_bare_question() -> None:
    script = Script(a=Failure(), c="merged", d="instead")
    answer = script.run("a -> agg c fallback=d")
    assert (answer.text, script.models) == ("instead", ["a", "d"])
    assert script.of("d")[0].messages == [{"role": "user", "content": "What is it?"}]
    assert [each.node for each in answer.losses] == ["a"]


def test_the_fallback_may_be_a_topology() -> None:
    script = Script(a=Failure(), b="two", d="three", c=lambda messages: messages[0]["content"])
    answer = script.run("topology spare = layer [b, d] -> agg c\ntopology t = a -> agg c fallback=spare")
    assert answer.text.endswith(
        '<candidate number="1">\ntwo\n</candidate>\n<candidate number="2">\nthree\n</candidate>'
    )


def test_the_fallback_is_asked_when_the_aggregator_itself_is_lost() -> None:
    script = Script(a="one", c=Failure(), d="instead")
    assert script.run("a -> agg c fallback=d").text == "instead"
    assert script.models == ["a", "c", "d"]


def test_no_fallback_is_asked_while_a_sample_of_the_aggregator_is_left() -> None:
    script = Script(a="one", c=[Failure(), "second"], d="instead")
    assert script.run("a -> agg c x2 fallback=d").text == "second"
    assert script.of("d") == []


def test_a_fallback_that_is_lost_as_well_is_an_error() -> None:
    script = Script(a=Failure(), c="merged", d=Failure(404))
    with pytest.raises(moaql.NoCandidates, match="2 of its parts failed"):
        script.run("a -> agg c fallback=d")


# Prompts of one's own


def test_a_prompt_shows_what_it_names() -> None:
    prompt = 'prompt p { system "{n} drafts" user "{question} {candidates:numbered} {scores}" }\n'
    says = {"j": lambda messages: "Score: 3" if "\none\n" in messages[0]["content"] else "Score: 8"}
    script = Script(a="one", b="two", c="merged", **says)
    script.run(prompt + "layer [a, b] -> score j -> agg c prompt=p")
    system, user = script.of("c")[0].messages
    assert system["content"] == "2 drafts"
    assert user["content"] == "What is it? 1. one\n\n2. two 1. 0.30\n2. 0.80"
