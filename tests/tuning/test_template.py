"""What a new text has to keep."""

import pytest

from moaql.stages.base import Prompt
from moaql.tuning.template import placeholders_in, refusal, tuned_message, with_text, without_placeholders

SEED = "Merge {n} drafts.\n\n{candidates:xml}"


def test_a_text_with_all_placeholders_is_taken() -> None:
    assert refusal(SEED, "Weigh {n} drafts, and write {{}} for nothing.\n{candidates:xml}") == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Merge {n} drafts.", "has lost `{candidates:xml}`"),
        ("Merge {n} drafts: {candidates}", "has lost `{candidates:xml}`"),  # another form has no fences
        ("{n} {candidates:xml} {question}", "Nothing is put in for `{question}`"),
        ('{n} {candidates:xml} {"answer": 1}', "opens no placeholder"),
        ("  \n", "empty"),
        ("{n} {candidates:xml} " + "x" * 30_000, "at most 20,000"),
    ],
)
def test_a_text_that_cannot_take_its_place_is_refused_with_a_reason(text: str, said: str) -> None:
    assert said in refusal(SEED, text)


def test_the_message_with_most_words_is_tuned_and_the_others_stay() -> None:
    prompt = Prompt((("system", SEED), ("user", "{question}")))
    assert tuned_message(prompt) == 0
    assert with_text(prompt, 0, "new").messages == (("system", "new"), ("user", "{question}"))


def test_separators_belong_to_a_placeholder() -> None:
    text = r'{candidates:plain sep="\n--\n"} and {candidates:plain}'
    assert placeholders_in(text) == (r'{candidates:plain sep="\n--\n"}', "{candidates:plain}")
    assert refusal(text, text) == ""


def test_what_is_never_there_is_left_out_of_a_block() -> None:
    prompt = Prompt((("system", "Judge.\n\n{candidates:xml}\n\n{critiques}"), ("user", "{question}")))
    assert without_placeholders(prompt, ("critiques",)).messages[0][1] == "Judge.\n\n{candidates:xml}"
