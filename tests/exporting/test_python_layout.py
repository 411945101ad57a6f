"""Exported files read as if somebody had written them: formatted, without findings, and with nothing that they do not use."""

import subprocess
import sys
from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """With the exported files of the gallery, of all constructs, and of fitted routers."""
    made = tmp_path_factory.mktemp("layout")
    with RecordingServer() as server:
        programs = gallery(server) | constructs(server) | fitted_routers(server, tmp_path_factory.mktemp("routers"))
        for name, text in programs.items():
            program = moaql.parse(text)
            for topology in program.topologies:
                (made / f"{name}__{topology.replace('.', '_')}.py").write_text(
                    file_of(program, topology), encoding="utf-8"
                )
        yield made


def file_of(program: moaql.Program, topology: str) -> str:
    target = TARGETS.find("python")
    assert target is not None
    (text,) = target.files(moaql.build(program, topology), program).values()
    return text


def ruff(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words], capture_output=True, text=True, check=False, timeout=120
    )
    return done.stdout + done.stderr


def test_they_are_formatted(folder: Path) -> None:
    said = ruff("format", "--isolated", "--target-version=py311", "--line-length=120", "--diff", str(folder))
    assert said.strip().endswith("files already formatted"), said[:4000]


def test_they_have_no_findings(folder: Path) -> None:
    said = ruff("check", "--isolated", "--target-version=py311", str(folder))
    assert said == "All checks passed!\n", said[:4000]


def test_their_types_are_right(folder: Path) -> None:
    names = ("specialists", "routed_nearby", "weighted_early_vote", "shorter", "and_or_not")
    files = [str(folder / f"{name}__{name}.py") for name in names]
    words = ["--config-file=", f"--cache-dir={folder}/cache", "--check-untyped-defs", *files]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.startswith("Success: no issues found in 5 source files"), done.stdout + done.stderr


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


@given(st.text(st.sampled_from("a'\"\\\n{}é\u2028\0")))
def test_texts_are_written_as_they_are(text: str) -> None:
    assert eval(quoted(text)) == text
