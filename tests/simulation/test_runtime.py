"""What simulated models write is what the rest of moaql reads: answers, rankings, scores, verdicts, critiques."""

import pytest
from simulation.asking import QUESTIONS, SUM, ask, filled, says

from moaql.answers.extract import extract
from moaql.answers.reviews import read_critiques
from moaql.answers.verdicts import read_better, read_ranking, read_score, read_verdict
from moaql.simulation.world_file import load_world, world_from
from moaql.stages import critic, rank, verify

STYLES = world_from(
    {"models": {style: {"style": style, "ability": {"default": 9}} for style in ("plain", "bold", "boxed", "json")}}
)


@pytest.mark.parametrize("style", STYLES.models)
def test_the_final_answer_is_extracted_in_every_style(style: str) -> None:
    ways = {"arithmetic": "number", "math": "number", "knowledge": "choice", "code": "literal", "logic": "exact"}
    sure = world_from({"models": {style: {"style": style, "ability": dict.fromkeys(ways, 9.0)}}})
    for row in QUESTIONS:
        by = ways[row["category"]]
        text = ask(style, row["question"], world=sure).text
        wanted = extract(f"The answer is {row['target']}", by)
        assert extract(text, by) == wanted, text


@pytest.mark.parametrize("model", ["gpt-4o", "qwen-2.5-72b", "mistral-large-2", "deepseek-v2.5", "deceptive"])
def test_models_of_the_gallery_end_with_an_answer(model: str) -> None:
    assert load_world().models[model]
    for row in QUESTIONS[:40]:
        assert extract(ask(model, row["question"]).text, "exact")


def test_judgements_are_read() -> None:
    clean = world_from({"judging": {"malformed": 0}})
    two = [says("391"), says("381")]
    assert sorted(read_ranking(ask("strong", *filled(rank.LISTWISE, SUM, two), world=clean).text, 2) or ()) == [1, 2]
    assert read_better(ask("strong", *filled(rank.PAIRWISE, SUM, two), world=clean).text) is not None
    assert read_score(ask("strong", *filled(rank.SCORE, SUM, two[:1]), world=clean).text) is not None
    assert read_verdict(ask("strong", *filled(verify.DEFAULT, SUM, two[:1]), world=clean).text) is not None
    assert all(read_critiques(ask("strong", *filled(critic.DEFAULT, SUM, two), world=clean).text, 2))
