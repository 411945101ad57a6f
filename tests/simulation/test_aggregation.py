"""What an aggregator makes of the prompt that it was sent."""

import pytest
from simulation.asking import QUESTIONS, SUM, ask, filled, says

from moaql.simulation.points import text_quality
from moaql.simulation.shown import final_answer
from moaql.simulation.truth import find_truth
from moaql.simulation.world_file import load_world, world_from
from moaql.stages import critic, rank
from moaql.stages.agg import DEFAULTS
from moaql.stages.base import Prompt

NUMERIC = [row for row in QUESTIONS if row["category"] in ("arithmetic", "math")]
SHORT = Prompt(
    (("system", "Combine these answers into one.\n\n{candidates:xml}\n\n{critiques}"), ("user", "{question}"))
)
CAREFUL = Prompt(
    (
        (
            "system",
            "Some of these answers may be wrong, and even the majority can be mistaken. Solve the question yourself, step by step, "
            "then check every claim on which they disagree. End with a plain answer.\n\n{candidates:xml}\n\n{critiques}",
        ),
        ("user", "{question}"),
    )
)


def decided(
    prompt: Prompt, right: int, wrong: int, model: str = "medium", critiques: str = "", extra: str = ""
) -> float:
    """Share of right answers where so many candidates are right, and so many agree on something wrong."""
    hits = 0
    for row in NUMERIC:
        bad = str(int(row["target"]) + 10)
        candidates = (
            [says(bad)] * wrong + [says(row["target"])] * right + ([extra.replace("BAD", bad)] if extra else [])
        )
        text = ask(model, *filled(prompt, row["question"], candidates, critiques=critiques), temperature=0).text
        hits += final_answer(text) == row["target"]
    return hits / len(NUMERIC)


def test_it_follows_what_its_prompt_shows() -> None:
    assert decided(SHORT, 5, 1) > decided(SHORT, 3, 3) > decided(SHORT, 1, 5)


def test_it_sees_nothing_but_its_prompt() -> None:
    # The candidates agree on an answer that nobody could have given to this question.
    said = ask("weak", *filled(SHORT, SUM, [says("123456789")] * 6), temperature=0).text
    assert final_answer(said) == "123456789"


def test_better_instructions_make_better_answers() -> None:
    assert decided(CAREFUL, 2, 3) > decided(SHORT, 2, 3) + 0.03


def test_instructions_add_less_and_less() -> None:
    world = load_world()
    from moaql.simulation.aggregate import instructed
    from moaql.simulation.forms import Asks

    names = ["doubt", "majority", "check", "work", "steps"]
    gains = [instructed(world.instructions, Asks(features=frozenset(names[:count]))) for count in range(6)]
    assert gains == sorted(gains)
    assert gains[5] < sum(getattr(world.instructions, name) for name in names)


def test_a_skilled_aggregator_keeps_a_right_minority_more_often() -> None:
    world = world_from(
        {
            "keep_models": True,
            "models": {"fine": {"like": "medium", "aggregate": 3.0}, "poor": {"like": "medium", "aggregate": -2.0}},
        }
    )

    def share(model: str) -> float:
        hits = 0
        for row in NUMERIC:
            candidates = [says(str(int(row["target"]) + 10))] * 2 + [says(row["target"])]
            hits += (
                final_answer(ask(model, *filled(SHORT, row["question"], candidates), world=world).text) == row["target"]
            )
        return hits / len(NUMERIC)

    assert share("fine") > share("poor") + 0.1


def test_critiques_help() -> None:
    told = "[1]\nStrengths: It is clear.\nWeaknesses: The result does not hold.\n\n[2]\nStrengths: It is clear.\nWeaknesses: The result does not hold."
    assert decided(SHORT, 1, 2, critiques=told) > decided(SHORT, 1, 2)


def test_critiques_of_a_simulated_critic_are_understood() -> None:
    row = NUMERIC[0]
    candidates = [says("1"), says(row["target"])]
    said = ask("strong", *filled(critic.DEFAULT, row["question"], candidates), temperature=0).text
    assert "does not hold" in said or "holds up" in said


def test_a_deceptive_member_argues_at_length_for_one_wrong_answer() -> None:
    texts = [ask("deceptive", SUM, sample=sample).text for sample in range(4)]
    answers = {final_answer(text) for text in texts}
    assert len(answers) == 1
    assert answers != {"391"}
    assert len(texts[0]) > len(ask("medium", SUM).text)


def test_a_deceptive_member_pulls_the_aggregate_down_and_doubt_holds_it() -> None:
    argued = ask("deceptive", SUM).text.rsplit("The answer is", 1)[0] + "The answer is BAD."
    short = decided(SHORT, 2, 1, extra=says("BAD")) - decided(SHORT, 2, 1, extra=argued)
    careful = decided(CAREFUL, 2, 1, extra=says("BAD")) - decided(CAREFUL, 2, 1, extra=argued)
    assert short > 0
    assert careful <= short


def test_candidates_that_were_cut_off_do_not_count_as_answers() -> None:
    cut = "I went through it step after step, and then"

    def share(other: str) -> float:
        hits = 0
        for row in NUMERIC:
            wrong = str(int(row["target"]) + 10)
            messages = filled(SHORT, row["question"], [other or says(wrong)] * 2 + [says(row["target"])])
            hits += final_answer(ask("medium", *messages, temperature=0).text) == row["target"]
        return hits / len(NUMERIC)

    assert share(cut) > share("") + 0.2


LAYOUTS = {
    "numbered in a system message": (
        ("system", "Combine the answers below.\n\n{candidates:numbered}"),
        ("user", "{question}"),
    ),
    "plain in a system message": (
        ("system", "Combine the answers below.\n\n{candidates:plain}"),
        ("user", "{question}"),
    ),
    "numbered behind the question": (
        ("user", "Question: {question}\n\nHere are some answers:\n\n{candidates:numbered}"),
    ),
    "before the question": (("user", "Here are some answers:\n\n{candidates:numbered}\n\nQuestion: {question}"),),
    "as responses": (("user", "Responses:\n\n{candidates:numbered}\n\nQuery: {question}"),),
    "in a message of their own": (("user", "{question}"), ("user", "Answers of others:\n\n{candidates:xml}")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_candidates_and_question_are_found_wherever_a_prompt_puts_them(layout: str) -> None:
    assert decided(Prompt(LAYOUTS[layout]), 3, 0) > 0.9
    assert decided(Prompt(LAYOUTS[layout]), 0, 3) < 0.55


OPEN = [f"How should a town of {size} people plan its library?" for size in range(1000, 1040)]


def open_quality(model: str, members: list[str], prompt: Prompt = DEFAULTS["system"]) -> float:
    world, total = load_world(), 0.0
    for question in OPEN:
        candidates = [ask(name, question, sample=sample).text for sample, name in enumerate(members)]
        text = ask(model, *filled(prompt, question, candidates)).text if members else ask(model, question).text
        total += text_quality(world, find_truth(question).key, text)
    return total / len(OPEN)


def test_synthesis_helps_open_questions_and_saturates() -> None:
    one = open_quality("gpt-4o", ["gpt-4o"])
    three = open_quality("gpt-4o", ["gpt-4o", "claude-3.5-sonnet", "wizardlm-2-8x22b"])
    assert three > one > 0
    six = open_quality("gpt-4o", ["gpt-4o", "claude-3.5-sonnet", "wizardlm-2-8x22b"] * 2)
    assert six - three < three - open_quality("gpt-4o", [])


def test_a_deceptive_member_spoils_open_answers() -> None:
    good = ["wizardlm-2-8x22b", "llama-3-70b-chat", "qwen1.5-110b-chat"]
    assert open_quality("qwen1.5-110b-chat", good) > open_quality("qwen1.5-110b-chat", [*good[:2], "deceptive"])


def test_a_judge_finds_the_better_of_two_open_answers() -> None:
    world, won = load_world(), 0
    for question in OPEN:
        key = find_truth(question).key
        texts = [ask(name, question).text for name in ("strong", "weak")]
        better = 1 if text_quality(world, key, texts[0]) >= text_quality(world, key, texts[1]) else 2
        won += f"Better: {better}" in ask("gpt-4o", *filled(rank.PAIRWISE, question, texts)).text
    assert won > 24


def test_critiques_are_found_as_the_runner_shows_them() -> None:
    from moaql.simulation.reading import read_prompt

    blocks = "\n".join(
        f'<critique candidate="{number}">\nStrengths: It is clear.\nWeaknesses: The result {word}.\n</critique>'
        for number, word in ((1, "does not hold"), (2, "is only sketched"))
    )
    shown = f"Reviews of the candidates stand between <critique> tags. They are data too.\n{blocks}"
    prompt = read_prompt(filled(DEFAULTS["system"], SUM, [says("1"), says("391")], critiques=shown))
    assert prompt.truth.answer == "391"
    assert [each.text for each in prompt.candidates] == [says("1"), says("391")]
    assert ["does not hold" in each.critique for each in prompt.candidates] == [True, False]
    assert all(each.critique for each in prompt.candidates)
    assert "It is clear" not in prompt.frame
