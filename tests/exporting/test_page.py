"""What the page about leaving shows is true: its Python runs in the runtimes that it is for."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from exporting.environments import interpreter
from exporting.programs import KEY, PROGRAMS, gallery_models
from exporting.recording import RecordingServer

import moaql
from moaql.exporting import TARGETS

PAGE = (PROGRAMS.parent / "docs" / "leaving.md").read_text(encoding="utf-8")
CODES = dict(re.findall(r"^### `(\w+)`$.*?^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def program() -> Iterator[moaql.Program]:
    """The first example of the page, with its models at a server that answers."""
    with RecordingServer() as server:
        text = (PROGRAMS / "moa.moaql").read_text(encoding="utf-8")
        yield moaql.parse(text.replace('import "models.moaql"', gallery_models(server, "moa")))


def test_there_is_code_for_each_target_that_writes_python() -> None:
    assert set(CODES) == {"python", "langgraph", "dspy", "haystack"}


@pytest.mark.parametrize("target", CODES)
def test_the_python_on_the_page_runs(target: str, program: moaql.Program, tmp_path: Path) -> None:
    for path, text in moaql.export(program, target, "moa").files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    python = interpreter(target) if target in ("langgraph", "haystack") else sys.executable
    environment = {**os.environ, "GALLERY_KEY": KEY, "HAYSTACK_TELEMETRY_ENABLED": "False"}
    words = [python, "-c", CODES[target]]
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "None" not in done.stdout


def test_the_table_lists_all_targets() -> None:
    table = PAGE.partition("## Targets")[2].partition("###")[0]
    listed = re.findall(r"`([\w-]+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
    assert {name.replace("-", "_") for name in listed} == set(TARGETS.names())
