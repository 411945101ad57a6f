"""The command line as a user meets it: a process, its two streams and its exit code."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended."""

    out: str
    err: str
    code: int


Moaql = Callable[..., Done]


@pytest.fixture
def moaql(tmp_path: Path) -> Moaql:
    """Run `moaql` in an empty folder; files named by keyword are written first."""

    def run(*arguments: str, stdin: bytes = b"", environment: dict[str, str] | None = None) -> Done:
        home = {
            "HOME": str(tmp_path / "home"),
            "XDG_CONFIG_HOME": str(tmp_path / "home"),
            "NO_COLOR": "1",
            "COLUMNS": "120",
        }
        done = subprocess.run(
            [sys.executable, "-m", "moaql", *arguments],
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            env={**os.environ, **home, **(environment or {})},
            timeout=60,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err, err
        return Done(out, err, done.returncode)

    return run


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[[str, str | bytes], Path]]:
    """Write a file in that folder."""

    def put(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return put
