"""A simulated model that is asked for instructions: plausible, guided by what went wrong, and mostly of no help."""

from moaql.providers.base import Request
from moaql.simulation.advice import ADVICE
from moaql.simulation.answer import answer_in
from moaql.simulation.forms import asks_of
from moaql.simulation.world import Judging, Model, World
from moaql.tuning.rewrite import read_text, request

OLD = "Merge {n} drafts.\n\n{candidates:xml}"
WORLD = World(models={"m": Model()}, judging=Judging(malformed=0))


def write(sample: int = 0, world: World = WORLD, **settings: float) -> str:
    asked = Request("sim", "m", (("user", request(OLD, [])),), tuple(settings.items()), sample)
    return answer_in(world, asked).text


def test_it_adds_sentences_and_keeps_the_placeholders() -> None:
    texts = [read_text(write(sample)) for sample in range(30)]
    assert len(set(texts)) > 10
    for text in texts:
        assert text is not None
        assert text.startswith("Merge {n} drafts. ")
        assert text.endswith("\n\n{candidates:xml}")
        assert any(sentence in text for theme in ADVICE.values() for sentence in theme)


def test_the_same_request_has_the_same_answer_and_temperature_0_has_one() -> None:
    assert write(3) == write(3)
    assert len({write(sample, temperature=0) for sample in range(5)}) == 1


def test_most_of_what_it_may_write_is_no_instruction_that_a_world_knows() -> None:
    sentences = [sentence for theme in ADVICE.values() for sentence in theme]
    idle = [each for each in sentences if not asks_of(each).features]
    assert len(idle) > len(sentences) / 2


def test_a_model_that_writes_badly_loses_placeholders_or_writes_no_text() -> None:
    bad = World(models={"m": Model()}, judging=Judging(malformed=1))
    assert read_text(write(0, bad)) is None


def test_it_fills_the_fields_that_dspy_asks_for() -> None:
    asked = (
        ("system", "Propose an instruction."),
        (
            "user",
            "[[ ## basic_instruction ## ]]\nMerge {n}.\n\nRespond with the corresponding output fields, starting with the field "
            "`[[ ## proposed_instruction ## ]]`, then `[[ ## prefix ## ]]`, and then ending with the marker for "
            "`[[ ## completed ## ]]`.",
        ),
    )
    text = answer_in(WORLD, Request("sim", "m", asked)).text
    assert text.startswith("[[ ## proposed_instruction ## ]]\nMerge {n}.")
    assert "[[ ## prefix ## ]]\n" in text
    assert text.endswith("[[ ## completed ## ]]")
