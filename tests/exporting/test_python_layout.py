"""Exported files read as if somebody had written them: formatted, without findings, and with nothing that they do not use."""

import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from exporting.constructs import constructs, fitted_routers
from exporting.programs import gallery
from exporting.recording import RecordingServer
from hypothesis import given
from hypothesis import strategies as st

import moaql
from moaql.exporting import TARGETS
from moaql.exporting.code.layout import quoted
from moaql.exporting.promptfoo_eval.tests import COPIED

RULES = "E,F,W,I,B,UP,PL,SIM,C4,RET,PIE,PERF,RUF"
"""Pyflakes, pycodestyle, isort, and the rules for errors, older spellings and needless code."""
NOT_MEANT = "E501,PLR2004,PLR0913,RUF001,RUF002"
"""Prompts are lines as long as they are, and show signs beyond ASCII; calls have as many settings as they have."""
OTHER_TARGETS = ("langgraph", "dspy", "haystack", "litellm", "promptfoo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """With the exported files of the gallery, of all constructs, and of fitted routers: one module for each topology."""
    made = tmp_path_factory.mktemp("layout")
    with RecordingServer() as server:
        programs = gallery(server) | constructs(server) | fitted_routers(server, tmp_path_factory.mktemp("routers"))
        for name, text in programs.items():
            program = moaql.parse(text)
            for topology in program.topologies:
                (written,) = files_of(program, topology, "python").values()
                (made / f"{name}__{topology.replace('.', '_')}.py").write_text(written, encoding="utf-8")
        yield made


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """With what the other targets write in Python beside the topology: of the gallery, of prompts and cases, and of metrics."""
    made = tmp_path_factory.mktemp("others")
    with RecordingServer() as server:
        chosen = ("prompts", "tested", "cases_share_calls", "agg_fallback")
        programs = gallery(server) | {name: constructs(server)[name] for name in chosen}
        programs |= {f"metric_{name}": f"{SCORED}{name}\n" for name in COPIED}
        (made / "items.jsonl").write_text(
            '{"question": "What is 1 + 1?", "answer": "2", "choices": ["1", "2"]}\n', encoding="utf-8"
        )
        for name, text in programs.items():
            (made / f"{name}.moaql").write_text(text, encoding="utf-8")
            program = moaql.load(made / f"{name}.moaql")
            for target, topology in itertools.product(OTHER_TARGETS, program.topologies):
                for path, written in files_of(program, topology, target).items():
                    if path.endswith(".py") and not path.endswith("topology.py"):
                        place = made / f"to_{target}" / f"{name}__{topology.replace('.', '_')}" / path
                        place.parent.mkdir(parents=True, exist_ok=True)
                        place.write_text(written, encoding="utf-8")
        yield made


SCORED = 'model a = "openai/a"\ntopology t = a\neval items = "items.jsonl" fields=[choices] metric='


def files_of(program: moaql.Program, topology: str, target: str) -> Mapping[str, str]:
    writer = TARGETS.find(target)
    assert writer is not None
    return writer.files(moaql.build(program, topology), program)


def file_of(program: moaql.Program, topology: str) -> str:
    (text,) = files_of(program, topology, "python").values()
    return text


def ruff(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words, "--isolated", "--target-version=py311", "--line-length=120"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("written", ["folder", "others"])
def test_they_are_formatted(written: str, request: pytest.FixtureRequest) -> None:
    said = ruff("format", "--diff", str(request.getfixturevalue(written)))
    assert said.strip().endswith("files already formatted"), said[:4000]


@pytest.mark.parametrize("written", ["folder", "others"])
def test_they_have_no_findings(written: str, request: pytest.FixtureRequest) -> None:
    place = str(request.getfixturevalue(written))
    said = ruff("check", f"--select={RULES}", f"--ignore={NOT_MEANT}", place)
    assert said == "All checks passed!\n", said[:4000]


def test_every_target_that_writes_python_is_looked_at(others: Path) -> None:
    written = {path.relative_to(others).parts[0].removeprefix("to_") for path in others.rglob("*.py")}
    assert written == set(OTHER_TARGETS)
    assert {path.stem for path in others.rglob("metrics/*.py")} == set(COPIED)


def test_their_types_are_right(folder: Path) -> None:
    files = sorted(map(str, folder.glob("*.py")))
    words = ["--strict", "--config-file=", f"--cache-dir={folder}/cache", *files]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.stdout == f"Success: no issues found in {len(files)} source files\n", done.stdout[:4000] + done.stderr


def test_what_a_topology_does_not_use_is_not_written() -> None:
    models = 'model a = "openai/a"\nmodel b = "anthropic/b"\n'
    small, larger = (
        file_of(moaql.parse(f"{models}topology t = {pipeline}"), "t")
        for pipeline in (
            "layer [a]x2 -> agg a",
            "layer [a, b]x2 truncated=drop quorum=2 -> rank b top=2 -> vote by=number tie=first",
        )
    )
    for word in (
        "anthropic_body",
        "embeddings_body",
        "truncated: str",
        "quorum",
        "def apply",
        "read_ranking",
        "Fraction",
    ):
        assert word not in small
    for word in ("anthropic_body", "truncated: str", "quorum", "def apply", "read_ranking", "Fraction"):
        assert word in larger
    assert len(small.splitlines()) < 700


@pytest.mark.parametrize(
    ("pipeline", "unwritten", "written"),
    [
        (
            "layer [a]x5 -> vote by=number",
            ["_break_tie", "_weights", "matrix", "`exact`"],
            ["def number", "by: `number`"],
        ),
        ("layer [a]x5 -> vote early=true", ["weight_of", "tie=", "matrix"], ["def early_vote"]),
        ("layer [a]x5 -> vote by=similarity", ["def extract", "def same_answers", "_winner"], ["def medoid"]),
        ("layer [a]x5 -> vote by=cluster tie=random", ["def extract", "equal_answers"], ["def groups", "_break_tie"]),
        ("layer [a]x5 -> cluster by=similarity -> agg b", ["def extract", "_most_common"], ["two_groups"]),
        ("layer [a]x5 -> score b -> best by=score", ["read_tests", "read_critiques"], ["read_score"]),
        ("layer [a]x5 -> rank b top=2 -> agg b", ["read_better", "pairwise"], ["read_ranking"]),
    ],
)
def test_answers_are_read_in_the_ways_that_are_used(pipeline: str, unwritten: list[str], written: list[str]) -> None:
    models = 'model a = "openai/a"\nmodel b = "openai/b"\n'
    text = file_of(moaql.parse(f"{models}topology t = {pipeline}"), "t")
    assert [word for word in unwritten if word in text] == []
    assert [word for word in written if word not in text] == []


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        ("layer [a]x3 -> when agreement < 0.8 { agg b }", "Whether the agreement (by exact) is below 0.8."),
        ("route a { case x { a } case y { b } else { b } }", "The case that the classifier names."),
        ("route a { case x { a } case y { b } else { b } }", "Answers: b. Asked for in the cases y and else."),
        ("route a { case x { a } case y { b } else { b } }", 'case "y" | _:'),
    ],
)
def test_what_gates_decide_is_said(pipeline: str, said: str) -> None:
    models = 'model a = "openai/a"\nmodel b = "openai/b"\n'
    assert said in file_of(moaql.parse(f"{models}topology t = {pipeline}"), "t")


@given(st.text(st.sampled_from("a'\"\\\n{}é\u2028\0")))
def test_texts_are_written_as_they_are(text: str) -> None:
    assert eval(quoted(text)) == text
