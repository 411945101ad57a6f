"""Every role of the built-in stages, in the form that its prompt asks for."""

import re

import pytest
from simulation.asking import QUESTIONS, SUM, ask, filled, says

from moaql.graph.branches import CLASSIFY
from moaql.simulation.shown import final_answer
from moaql.simulation.world_file import load_world, world_from
from moaql.stages import agg, critic, grade, layer, rank, unit_tests, verify
from moaql.stages.base import Prompt

CLEAN = world_from({"judging": {"malformed": 0}, "aggregation": {"derail": 0, "loose_ending": 0}})
MIXED = [says("391"), says("381"), says("391"), says("401")]


@pytest.mark.parametrize("place", ["system", "user", "trailing"])
def test_an_aggregator_answers_the_question(place: str) -> None:
    text = ask("strong", *filled(agg.DEFAULTS[place], SUM, MIXED), world=CLEAN).text
    assert final_answer(text) in {"391", "381", "401"}


def test_a_refiner_answers_the_question() -> None:
    text = ask("strong", *filled(layer.REFINE, SUM, MIXED), world=CLEAN).text
    assert final_answer(text) in {"391", "381", "401"}


def test_a_ranking_names_all_candidates_with_good_ones_first() -> None:
    first = []
    for row in QUESTIONS[:60]:
        candidates = [says("no"), says(row["target"]), says("never")]
        text = ask("strong", *filled(rank.LISTWISE, row["question"], candidates), world=CLEAN, temperature=0).text
        match = re.search(r"Ranking: \[(\d)\] > \[(\d)\] > \[(\d)\]$", text)
        assert match
        assert sorted(match.groups()) == ["1", "2", "3"]
        first.append(match[1])
    assert first.count("2") > 40


def test_a_comparison_names_the_better_one_or_a_tie() -> None:
    said = [
        ask("strong", *filled(rank.PAIRWISE, row["question"], [says("no"), says(row["target"])]), world=CLEAN).text
        for row in QUESTIONS[:60]
    ]
    found = [re.search(r"Better: (1|2|tie)$", text) for text in said]
    assert all(found)
    assert sum(match[1] == "2" for match in found if match) > 40


def test_a_score_is_a_whole_number_from_0_to_10_and_higher_for_right_answers() -> None:
    def mean(value: str | None) -> float:
        texts = [
            ask("strong", *filled(rank.SCORE, row["question"], [says(value or row["target"])]), world=CLEAN).text
            for row in QUESTIONS[:60]
        ]
        scores = [int(re.search(r"Score: (\d+)$", text)[1]) for text in texts]  # type: ignore[index]
        assert all(0 <= score <= 10 for score in scores)
        return sum(scores) / len(scores)

    assert mean(None) - mean("no") > 3


def test_a_verdict_is_correct_or_incorrect() -> None:
    def passed(value: str | None) -> int:
        texts = [
            ask("strong", *filled(verify.DEFAULT, row["question"], [says(value or row["target"])]), world=CLEAN).text
            for row in QUESTIONS[:60]
        ]
        verdicts = [re.search(r"Verdict: (correct|incorrect)$", text)[1] for text in texts]  # type: ignore[index]
        return verdicts.count("correct")

    assert passed(None) > 45
    assert passed("no") < 25


def test_critiques_come_in_one_block_a_candidate() -> None:
    text = ask("strong", *filled(critic.DEFAULT, SUM, MIXED), world=CLEAN).text
    assert re.findall(r"^\[(\d)\]\nStrengths: .+\nWeaknesses: .+$", text, re.MULTILINE) == ["1", "2", "3", "4"]


def test_tests_are_as_many_as_asked_for_and_grades_one_a_test() -> None:
    tests = ask("strong", *filled(unit_tests.DEFAULT, SUM, [], n="7"), world=CLEAN).text
    assert [line.split(".")[0] for line in tests.split("\n")] == list("1234567")
    messages = filled(grade.DEFAULT, SUM, [says("391")], tests=tests)
    grades = ask("strong", *messages, world=CLEAN).text
    assert re.fullmatch(r"(?:\d\. (?:passed|failed)\n?){7}", grades)


def test_right_answers_pass_more_tests() -> None:
    def passed(value: str | None) -> int:
        count = 0
        for row in QUESTIONS[:40]:
            tests = ask("strong", *filled(unit_tests.DEFAULT, row["question"], [], n="5"), world=CLEAN).text
            said = ask(
                "strong",
                *filled(grade.DEFAULT, row["question"], [says(value or row["target"])], tests=tests),
                world=CLEAN,
            )
            count += said.text.count("passed")
        return count

    assert passed(None) > passed("no") + 60


@pytest.mark.parametrize("listed", ["math\ncode\nwriting", "- math\n- code\n- writing", "math, code, writing"])
def test_a_classifier_answers_with_one_of_the_labels(listed: str) -> None:
    said = [ask("strong", *filled(CLASSIFY, row["question"], [], labels=listed)).text for row in QUESTIONS[:60]]
    assert set(said) <= {"math", "code", "writing"}
    code = [text for text, row in zip(said, QUESTIONS, strict=False) if row["category"] == "code"]
    assert code.count("code") > 0.8 * len(code)


def test_hard_questions_are_told_from_easy_ones() -> None:
    prompt = Prompt(
        (
            ("system", "How hard is the question? Answer with one of these words and nothing else:\n\n{labels}"),
            ("user", "{question}"),
        )
    )
    said = [ask("strong", *filled(prompt, row["question"], [], labels="hard\neasy")).text for row in QUESTIONS]
    assert set(said) == {"hard", "easy"}
    wrong = [
        final_answer(ask("medium", row["question"]).text, letter=row["category"] == "knowledge") != row["target"]
        for row in QUESTIONS
    ]
    hard = [miss for miss, label in zip(wrong, said, strict=True) if label == "hard"]
    easy = [miss for miss, label in zip(wrong, said, strict=True) if label == "easy"]
    assert sum(hard) / len(hard) > sum(easy) / len(easy)


PARAPHRASES = {
    "ranking": "Order the answers from the best to the worst. End with one line such as Ranking: [2] > [1].\n\n{candidates:numbered}",
    "score": "Rate the answer from 0 to 10. Finish with `Score: N`.\n\n{candidates:numbered}",
    "verdict": "Say whether the answer is correct or incorrect in a line `Verdict: …`.\n\n{candidates:xml}",
}
ENDS = {"ranking": r"Ranking: \[\d\] > \[\d\]", "score": r"Score: \d+", "verdict": r"Verdict: (?:in)?correct"}


@pytest.mark.parametrize("form", PARAPHRASES)
def test_a_prompt_in_other_words_is_understood(form: str) -> None:
    prompt = Prompt((("system", PARAPHRASES[form]), ("user", "{question}")))
    candidates = [says("391"), says("17")] if form == "ranking" else [says("391")]
    assert re.search(ENDS[form], ask("strong", *filled(prompt, SUM, candidates), world=CLEAN).text)


def test_a_small_share_of_judgements_is_malformed() -> None:
    sloppy = world_from({"judging": {"malformed": 0.5}})
    texts = [
        ask("strong", *filled(rank.SCORE, SUM, [says("391")]), world=sloppy, sample=sample).text for sample in range(60)
    ]
    assert 10 < sum("Score:" not in text for text in texts) < 50
    assert 0 < load_world().judging.malformed < 0.05
