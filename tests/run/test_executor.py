"""What runs when, what is cancelled, and what a run does when parts of it fail."""

import asyncio
import re
import time

import pytest
from run.scripted import Failure, Later, Script

import moaql
from moaql.run.question import Question


def test_a_whole_program() -> None:
    script = Script(a="one", b="two", c="three")
    answer = script.run("layer [a, b] -> agg c")
    assert answer.text == "three"
    assert [each.text for each in answer.candidates] == ["one", "two", "three"]
    assert sorted(script.models[:2]) == ["a", "b"]
    assert script.models[2:] == ["c"]
    # 100 tokens in at $1 and 10 out at $2 a million, three times
    assert answer.cost == pytest.approx(3 * 120e-6)
    assert answer.paid == pytest.approx(answer.cost)
    assert (answer.prompt_tokens, answer.completion_tokens) == (300, 30)


def test_no_barrier_between_branches() -> None:
    """`b` refines as soon as `a` is there, while the slow member of the other branch is still thinking."""
    script = Script(a="one", b="two", slow=Later(0.3, "late"), c="done")
    answer = script.run("topology quick = a -> b\ntopology t = layer [quick, slow] -> agg c")
    assert script.models.index("b") < 3
    assert answer.text == "done"


def test_proposers_run_side_by_side() -> None:
    script = Script(a=Later(0.2, "one"), b=Later(0.2, "two"), c="done")
    started = time.perf_counter()
    script.run("layer [a, b]x3 -> agg c")
    assert time.perf_counter() - started < 0.6


def test_the_order_of_candidates_is_that_of_the_program_not_of_completion() -> None:
    script = Script(a=Later(0.1, "slow one"), b="quick one", c="done")
    script.run("layer [a, b] -> agg c")
    shown = script.of("c")[0].system
    assert shown.index("slow one") < shown.index("quick one")


def test_a_lost_proposer_is_left_out_and_named() -> None:
    script = Script(a="one", b=Failure(500), c=lambda messages: messages[0]["content"])
    answer = script.run("layer [a, b] -> agg c")
    assert 'number="1"' in answer.text
    assert 'number="2"' not in answer.text
    assert [each.node for each in answer.losses] == ["layer1/b"]
    assert "500" in answer.losses[0].reason


def test_all_proposers_lost_is_an_error_and_no_silent_single_call() -> None:
    script = Script(a=Failure(500), b=Failure(401), c="I never saw a candidate")
    with pytest.raises(moaql.NoCandidates) as failed:
        script.run("layer [a, b] -> agg c")
    assert script.of("c") == []
    assert len(failed.value.losses) == 2
    assert failed.value.exit_code == 3


def test_a_fallback_is_asked_only_when_no_candidate_is_left() -> None:
    script = Script(a=Failure(500), c="merged", d="instead")
    assert script.run("layer [a] -> agg c fallback=d").text == "instead"
    script = Script(a="one", c="merged", d="instead")
    assert script.run("layer [a] -> agg c fallback=d").text == "merged"
    assert script.of("d") == []


def test_a_model_falls_back_to_the_next() -> None:
    script = Script(a=Failure(503), b=Failure(404), c="third")
    answer = script.run("model any = a or b or c\ntopology t = any")
    assert (answer.text, script.models) == ("third", ["a", "b", "c"])
    assert answer.candidate.model_id == "openai/c"


def test_a_late_model_is_lost_after_its_timeout() -> None:
    script = Script(a=Later(5, "late"), b="two", c="done")
    answer = script.run("layer [a, b] timeout=100ms -> agg c")
    assert answer.text == "done"
    assert "did not answer within 0.1 s" in answer.losses[0].reason
    assert script.cancelled == ["a"]


def test_a_quorum_goes_on_and_cancels_the_rest() -> None:
    script = Script(a="one", b="two", slow=Later(5, "late"), c="done")
    started = time.perf_counter()
    answer = script.run("layer [a, slow, b] quorum=2 -> agg c")
    assert answer.text == "done"
    assert time.perf_counter() - started < 2
    assert script.cancelled == ["slow"]
    assert "late" not in script.of("c")[0].system


def test_a_quorum_that_cannot_be_reached_is_an_error() -> None:
    script = Script(a="one", b=Failure(500), d=Failure(500), c="done")
    with pytest.raises(moaql.NoCandidates, match="a quorum of 2 answers is asked for, and 1 came"):
        script.run("layer [a, b, d] quorum=2 -> agg c")


def test_an_early_vote_asks_no_more_than_it_needs() -> None:
    script = Script(a="42")
    answer = script.run("a x40 temperature=0.7 -> vote by=number tie=first early=true")
    assert (answer.text, len(script.asked)) == ("42", 4)
    script = Script(a=["42", "7", "42", "42", "42", "42", "42", "42"])
    script.run("a x40 temperature=0.7 -> vote by=number tie=first early=true")
    assert 4 < len(script.asked) < 10


def test_an_early_vote_that_is_decided_cancels_the_voter_it_does_not_need() -> None:
    script = Script(a="42", slow=Later(5, "7"))
    started = time.perf_counter()
    answer = script.run("layer [slow, a, a, a, a] -> vote by=number early=true confidence=1")
    assert answer.text == "42"
    assert time.perf_counter() - started < 2
    assert script.cancelled == ["slow"]


def test_an_early_vote_hears_all_voters_that_it_needs_also_where_others_have_heard_them_before() -> None:
    script = Script(a="1", b="2", d="3", c="9")
    vote = "vote by=number early=true tie=first"
    answer = script.run(f"layer [a, b, d, b, b] -> when agreement by=number < 0.9 {{ {vote} }} else {{ agg c }}")
    assert answer.text == "2"


def test_only_the_chosen_side_is_asked() -> None:
    program = "layer [a, b] -> when agreement == 1 { vote } else { agg c }"
    script = Script(a="42", b="42", c="merged")
    assert script.run(program).text == "42"
    assert script.of("c") == []
    script = Script(a="42", b="7", c="merged")
    assert script.run(program).text == "merged"


def test_equal_calls_in_flight_are_made_once() -> None:
    """Also for different questions of one session, and different topologies."""
    script = Script(a=Later(0.05, "one"), b="two")
    loaded = moaql.parse(script.text("topology one = a\ntopology other = layer [a, b] -> vote tie=first"))

    async def both() -> tuple[moaql.Answer, moaql.Answer]:
        async with moaql.open_session(moaql.Options(**script.options())) as session:
            first = loaded.topology("one").arun("Q", session=session)
            second = loaded.topology("other").arun("Q", session=session)
            return tuple(await asyncio.gather(first, second))

    first, second = asyncio.run(both())
    assert sorted(script.models) == ["a", "b"]
    assert first.cost == pytest.approx(120e-6)
    assert second.cost == pytest.approx(240e-6)
    assert first.paid + second.paid == pytest.approx(240e-6)  # paid once


def test_samples_are_asked_apart_and_reused() -> None:
    script = Script(a=["one", "two", "three", "four", "five"])

    async def twice() -> tuple[moaql.Answer, moaql.Answer]:
        async with moaql.open_session(moaql.Options(**script.options())) as session:
            first = await script.topology("a x3").arun("Q", session=session)
            return first, await script.topology("a x5").arun("Q", session=session)

    first, second = asyncio.run(twice())
    assert len(script.asked) == 5
    assert [each.text for each in second.outputs][:3] == [each.text for each in first.outputs]
    assert second.paid == pytest.approx(2 * 120e-6)
    assert second.cost == pytest.approx(5 * 120e-6)


def test_cancelling_a_run_leaves_nothing_behind() -> None:
    script = Script(a=Later(10, "late"), b=Later(10, "late"), c="done")

    async def give_up() -> int:
        async with moaql.open_session(moaql.Options(**script.options())) as session:
            task = asyncio.create_task(script.topology("layer [a, b]x2 -> agg c").arun("Q", session=session))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0)
            return len(asyncio.all_tasks())

    assert asyncio.run(give_up()) == 1
    assert len(script.cancelled) == 4


def test_the_last_node_is_streamed() -> None:
    script = Script(a="one", b="two", c="<think>hm</think>A long answer in pieces.")

    async def listen(program: str) -> list[str]:
        return [piece async for piece in script.topology(program).stream("Q", **script.options())]

    pieces = asyncio.run(listen("layer [a, b] -> agg c"))
    assert "".join(pieces) == "A long answer in pieces."
    assert len(pieces) > 2
    assert asyncio.run(listen("layer [a, b] -> vote tie=first")) == ["one"]
    through = asyncio.run(listen("layer [a, b] -> when count > 1 { agg c } else { vote }"))
    assert "".join(through) == "A long answer in pieces."
    assert len(through) > 2


def test_latency_is_that_of_the_longest_path() -> None:
    script = Script(a=Later(0.05, "one"), b=Later(0.15, "two"), c=Later(0.1, "done"))
    answer = script.run("layer [a, b] -> agg c")
    assert 0.24 < answer.latency_s < 0.4


def test_run_can_be_awaited_where_a_loop_is_running() -> None:
    script = Script(a="one")

    async def inside() -> str:
        return (await script.run("a")).text

    assert asyncio.run(inside()) == "one"


def test_a_session_decides_what_its_runs_may_spend() -> None:
    script = Script(a="one")

    async def inside(**options: object) -> None:
        async with moaql.open_session(moaql.Options(**script.options())) as session:
            await script.topology("a").arun("Q", session=session, **options)

    asyncio.run(inside(seed=3))
    with pytest.raises(moaql.UsageError, match="`budget` is decided by the session"):
        asyncio.run(inside(budget=1.0))


@pytest.mark.parametrize(
    ("question", "options", "words"),
    [
        (5, {}, "a question is a text or a list of chat messages, not int"),
        (None, {}, "not NoneType"),
        ("", {}, "the question is empty"),
        ([{"role": "user"}], {}, "message 1 has no role"),
        ([5], {}, "message 1 has no role"),
        ([{"role": "assistant", "content": "Hi"}], {}, "does not end with a question"),
        (Question("Why?", history=({"role": "user", "content": "x"},)), {}, "the history of a question"),  # type: ignore[arg-type]
        ("Why?", {"budget": "a"}, "`budget` is a number, not 'a'"),
        ("Why?", {"bank": 5}, "`bank` is a path or a URL, not 5"),
        ("Why?", {"budgett": 1}, "no option is called `budgett`"),
        ("Why?", {"budget": -1}, "a budget of -1 dollars makes no sense"),
    ],
)
def test_what_cannot_be_meant_is_told(question: object, options: dict[str, object], words: str) -> None:
    with pytest.raises(moaql.UsageError, match=re.escape(words)):
        Script(a="one").topology("a").run(question, **options)


def test_a_batch_is_a_list_also_in_a_notebook() -> None:
    script = Script(a="one")
    with pytest.raises(moaql.UsageError, match="a batch is a list of questions"):
        script.topology("a").batch("abc")

    async def notebook() -> list[moaql.Done]:
        return await script.topology("a").batch(["Q1", "Q2"], **script.options())

    assert [done.answer.text for done in asyncio.run(notebook())] == ["one", "one"]
    assert moaql.plan(script.topology("a x2")).calls.high == 2
