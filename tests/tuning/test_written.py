"""Which prompt is meant, and how a tuned text stands in the program afterwards."""

from pathlib import Path

import pytest
from tuning.examples import PROGRAM, load, write

import moaql
from moaql.errors import ProgramError, UsageError
from moaql.tuning.target import find_place, reflection_model
from moaql.tuning.written import write_prompt

NEW = 'Weigh {n} "drafts".\nA back\\slash, too.\n\n{candidates:xml}'
DEFAULT = PROGRAM.replace("agg d prompt=merge", "agg d x2 temperature=0.5 refs_in=trailing -> agg a prompt=merge")


def test_the_text_of_a_block_is_replaced_and_everything_else_is_kept(tmp_path: Path) -> None:
    program = load(tmp_path)
    place = find_place(program, program.topology())
    text = write_prompt(program, program.topology(), place, NEW, ("Tuned by gepa once.", "And better."))
    assert "# Tuned by gepa once.\n# And better.\nprompt merge {\n  # inside\n" in text
    for comment in ("# Head.", "# About the prompt.", "# behind", "# About the panel."):
        assert comment in text
    (tmp_path / "p.moaql").write_text(text, encoding="utf-8")
    found = moaql.load(tmp_path / "p.moaql").topology().graph.nodes["agg/d"]
    assert found.prompt.messages == (("system", NEW), ("user", "{question}"))


def test_tuned_again_the_older_comment_goes(tmp_path: Path) -> None:
    program = load(tmp_path)
    text = write_prompt(program, program.topology(), find_place(program, program.topology()), NEW, ("Tuned by a.", "x"))
    again = load(tmp_path, text)
    place = find_place(again, again.topology())
    twice = write_prompt(again, again.topology(), place, place.seed, ("Tuned by b.", "y"))
    assert "Tuned by a." not in twice
    assert "# About the prompt.\n# Tuned by b.\n# y\nprompt merge {" in twice


def test_a_default_prompt_becomes_a_block_that_sends_the_same(tmp_path: Path) -> None:
    program = load(tmp_path, DEFAULT)
    topology = program.topology()
    place = find_place(program, topology, "agg/d#2")
    assert place.calls == ("agg/d", "agg/d#2")
    text = write_prompt(program, topology, place, place.seed)
    assert "prompt tuned-agg {" in text
    assert "-> agg d x2 prompt=tuned-agg temperature=0.5\n" in text
    assert "refs_in" not in text
    (tmp_path / "p.moaql").write_text(text, encoding="utf-8")
    questions = [moaql.Question("What is the remainder when 15^39 is divided by 19?")]
    before, after = [
        each.topology().batch(questions, bank="none")[0].answer.text
        for each in (program, moaql.load(tmp_path / "p.moaql"))
    ]
    assert before == after


def test_an_imported_prompt_gets_a_copy_here(tmp_path: Path) -> None:
    (tmp_path / "lib.moaql").write_text(
        'prompt shared { system "Merge. {candidates}" user "{question}" }', encoding="utf-8"
    )
    program = load(tmp_path, 'import "lib.moaql"\n' + PROGRAM.replace("prompt=merge", "prompt=shared"))
    place = find_place(program, program.topology())
    text = write_prompt(program, program.topology(), place, "Weigh. {candidates}")
    assert 'prompt tuned-shared {\n  system "Weigh. {candidates}"' in text
    assert "prompt=tuned-shared" in text
    assert (tmp_path / "lib.moaql").read_text(encoding="utf-8").startswith("prompt shared")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("merg", "did you mean `merge`"),
        ("other", "does not send the prompt `other`"),
        ("layer9", "has no prompt, stage or call `layer9`"),
    ],
)
def test_a_prompt_that_is_not_there_is_told(tmp_path: Path, wanted: str, said: str) -> None:
    program = load(tmp_path, PROGRAM + '\nprompt other { user "{question}" }\n')
    with pytest.raises(UsageError, match=said):
        find_place(program, program.topology("panel"), wanted)


def test_without_an_aggregator_the_prompt_has_to_be_named(tmp_path: Path) -> None:
    program = load(tmp_path, PROGRAM.replace("agg d prompt=merge", "vote by=number tie=first"))
    with pytest.raises(UsageError, match="no aggregator whose prompt could be tuned"):
        find_place(program, program.topology())
    assert find_place(program, program.topology(), "layer").calls == ("layer1/a", "layer1/b", "layer1/c")


def test_a_stage_of_another_file_is_tuned_there(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "q.moaql").write_text('import "p.moaql"\ntopology mine = panel', encoding="utf-8")
    program = moaql.load(tmp_path / "q.moaql")
    with pytest.raises(UsageError, match="stands in another file"):
        find_place(program, program.topology())


def test_a_topology_with_holes_is_no_program_to_tune(tmp_path: Path) -> None:
    program = load(tmp_path, PROGRAM.replace("agg d", "agg ?(d | a)"))
    with pytest.raises(ProgramError):
        find_place(program, program.topology())


def test_the_dearest_model_that_is_asked_rewrites_unless_another_is_named(tmp_path: Path) -> None:
    program = load(tmp_path)
    place = find_place(program, program.topology())
    assert reflection_model(program, place).name == "b"
    assert reflection_model(program, place, "a").id == "sim/gpt-4o-mini"
    assert reflection_model(program, place, "openai/gpt-4o").id == "openai/gpt-4o"
    with pytest.raises(UsageError, match="no model is called `nobody`"):
        reflection_model(program, place, "nobody")
