"""What a simulated model answers, and what its answer depends on."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from simulation.asking import QUESTIONS, SUM, ask

from moaql.errors import ContextTooLong, UnknownModel
from moaql.providers.base import Item, Request
from moaql.providers.sim import PROVIDER
from moaql.simulation.answer import answer
from moaql.simulation.shown import final_answer
from moaql.simulation.world_file import load_world, world_from


def accuracy(model: str, **settings: object) -> float:
    hits = [
        final_answer(ask(model, row["question"], **settings).text, letter=row["category"] == "knowledge")
        == row["target"]
        for row in QUESTIONS
    ]
    return sum(hits) / len(hits)


def test_a_strong_model_knows_more_than_a_weak_one() -> None:
    assert accuracy("strong") > accuracy("medium") > accuracy("weak")


def test_an_answer_is_labelled_as_simulated() -> None:
    assert ask("gpt-4o", SUM).model == "sim/gpt-4o (simulated)"


def test_equal_requests_have_equal_answers_in_every_process() -> None:
    code = (
        "from moaql.providers.base import Request\nfrom moaql.simulation.answer import answer\n"
        f"print(answer(Request('sim', 'gpt-4o-mini', (('user', {SUM!r}),), (('logprobs', True),), 3)))"
    )
    outs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outs) == 1
    assert outs.pop().strip() == repr(ask("gpt-4o-mini", SUM, sample=3, logprobs=True))


def test_at_temperature_0_all_samples_are_the_same() -> None:
    for row in QUESTIONS[:30]:
        assert len({ask("weak", row["question"], temperature=0, sample=sample).text for sample in range(4)}) == 1


def test_samples_of_one_model_differ_and_repeat_its_errors() -> None:
    hits = [
        [
            final_answer(ask("weak", row["question"], sample=sample).text, letter=row["category"] == "knowledge")
            == row["target"]
            for sample in range(2)
        ]
        for row in QUESTIONS
    ]
    first = [one for one, _ in hits]
    second = [other for _, other in hits]
    assert first != second
    wrong = [other for one, other in hits if not one]
    # Where the first sample is wrong, the second is wrong much more often than where it is right.
    right = [other for one, other in hits if one]
    assert sum(right) / len(right) - sum(wrong) / len(wrong) > 0.25


def test_the_seed_of_a_request_draws_as_the_sample_does() -> None:
    texts = [ask("weak", SUM, seed=3, sample=2).text, ask("weak", SUM, seed=5).text]
    assert texts[0] == texts[1] != ask("weak", SUM, seed=6).text


def test_the_target_of_an_item_is_the_truth_only_where_its_question_is_asked() -> None:
    item = Item("Who wrote this book?", fields={"target": "Kepler"})
    said = [final_answer(ask("strong", item.question, item=item, sample=sample).text) for sample in range(9)]
    elsewhere = ask("strong", "Who wrote that other book?", item=item)
    assert "Kepler" in said
    assert "Kepler" not in elsewhere.text


def test_a_multiple_choice_question_is_answered_by_a_letter() -> None:
    item = Item("Pick one.", fields={"target": "C", "choices": ["w", "x", "y", "z"], "category": "law"})
    for sample in range(6):
        assert final_answer(ask("medium", item.question, item=item, sample=sample).text, letter=True) in "ABCD"


def test_an_answer_ends_where_its_token_limit_is() -> None:
    cut = ask("gpt-4o", SUM, max_tokens=10)
    assert (cut.finish, cut.completion_tokens, len(cut.text)) == ("length", 10, 35)
    assert ask("gpt-4o", SUM).finish == "stop"


def test_an_answer_ends_before_a_stop_text() -> None:
    whole = ask("gpt-4o", SUM)
    cut = ask("gpt-4o", SUM, stop=("answer",))
    assert cut.text == whole.text[: whole.text.index("answer")]
    assert cut.finish == "stop"


def test_confidence_is_given_where_it_is_asked_for_and_tells_right_from_wrong_a_little() -> None:
    assert ask("weak", SUM).confidence is None
    rows = [(row, ask("weak", row["question"], logprobs=True)) for row in QUESTIONS]
    sure: dict[bool, list[float]] = {True: [], False: []}
    for row, response in rows:
        assert response.confidence is not None
        assert 0 < response.confidence < 1
        sure[final_answer(response.text, letter=row["category"] == "knowledge") == row["target"]].append(
            response.confidence
        )
    pairs = [one > other for one in sure[True] for other in sure[False]]
    assert 0.55 < sum(pairs) / len(pairs) < 0.85


def test_tokens_and_seconds_are_reported_and_nothing_waits() -> None:
    start = time.perf_counter()
    responses = [ask("gpt-4o", SUM, sample=sample) for sample in range(20)]
    assert time.perf_counter() - start < 1
    for response in responses:
        assert response.prompt_tokens
        assert response.completion_tokens == -(-len(response.text) * 2 // 7)
        assert response.latency is not None
        assert response.latency > 0.2


def test_an_unknown_model_is_told_with_a_suggestion_and_the_list() -> None:
    with pytest.raises(UnknownModel, match="no simulated model `gpt-4p`") as caught:
        ask("gpt-4p", SUM)
    assert "did you mean `gpt-4o`" in caught.value.next_step
    assert "strong" in caught.value.next_step


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r'"sim/([^"]+)"', Path("programs/models.moaql").read_text(encoding="utf-8"))))
)
def test_the_models_of_the_gallery_are_there(name: str) -> None:
    assert ask(name, SUM).text


def test_a_prompt_that_does_not_fit_is_refused() -> None:
    world = world_from({"models": {"small": {"context": 20}}})
    with pytest.raises(ContextTooLong, match="reads at most 20"):
        ask("small", "word " * 100, world=world)


def test_the_final_answer_comes_in_the_form_that_the_prompt_asks_for() -> None:
    assert re.fullmatch(r"-?\d+", ask("strong", f"{SUM}\n\nAnswer with the number and nothing else.").text)
    assert '"answer"' in ask("strong", f"{SUM}\n\nReply as JSON.").text
    assert "\\boxed{" in ask("strong", f"{SUM}\n\nPut the result in \\boxed{{}}.").text


def test_instructions_around_a_question_do_not_hide_it_and_draw_anew() -> None:
    worded = [f"{row['question']}\n\nThink step by step, then give the answer." for row in QUESTIONS]
    plain = [ask("weak", row["question"], temperature=0) for row in QUESTIONS]
    stepped = [ask("weak", text, temperature=0) for text in worded]
    answers = [
        [
            final_answer(each.text, letter=row["category"] == "knowledge")
            for each, row in zip(some, QUESTIONS, strict=True)
        ]
        for some in (plain, stepped)
    ]
    right = [sum(one == row["target"] for one, row in zip(some, QUESTIONS, strict=True)) for some in answers]
    assert answers[0] != answers[1]
    assert abs(right[0] - right[1]) < 40


def test_only_the_last_question_of_a_conversation_is_answered() -> None:
    turns = (("user", "What is 3 + 4?"), ("assistant", "The answer is 7."), ("user", SUM))
    assert any("391" in ask("strong", *turns, sample=sample).text for sample in range(5))


def test_a_plain_answer_takes_less_than_a_millisecond() -> None:
    items = [Item(row["question"], fields=row) for row in QUESTIONS]
    requests = [
        Request("sim", "gpt-4o", (("user", each.question),), item=each, sample=sample)
        for sample in range(3)
        for each in items
    ]
    for each in items:
        answer(Request("sim", "gpt-4o", (("user", each.question),), item=each))
    start = time.perf_counter()
    for each in requests:
        answer(each)
    # About 40 µs on an idle machine; the bound leaves room for a busy one.
    assert (time.perf_counter() - start) / len(requests) < 1e-3


def test_the_provider_streams_the_text_in_pieces() -> None:
    import asyncio

    pieces: list[str] = []
    request = Request("sim", "gpt-4o", (("user", SUM),))
    response = asyncio.run(PROVIDER.answer(request, None, pieces.append))  # type: ignore[arg-type]
    assert "".join(pieces) == response.text
    assert len(pieces) > 1
    assert PROVIDER.banked


def test_a_world_of_a_program_is_read_from_its_file(tmp_path) -> None:
    path = tmp_path / "world.json"
    path.write_text('{"models": {"fox": {"like": "strong"}}}', encoding="utf-8")
    request = Request("sim", "fox", (("user", SUM),), connection=(("file", str(path)),))
    assert answer(request).model == "sim/fox (simulated)"
    assert "fox" not in load_world().models
