"""The environments of other runtimes are made while other tests run: installing is the longest part of these tests."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from exporting.environments import LISTS

_INSTALLING = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to install what the collected tests will ask for. A test that comes before its environment is there waits for it."""
    modules = {item.path.stem for item in session.items if item.path.parent == Path(__file__).parent}
    names = [path.stem for path in sorted(LISTS.glob("*.txt")) if f"test_{path.stem.replace('-', '_')}" in modules]
    if names and not session.config.option.collectonly:
        words = [sys.executable, "-m", "exporting.install", *names]
        session.config.stash[_INSTALLING] = subprocess.Popen(
            words,
            cwd=Path(__file__).parents[1],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whatever is still being installed is not needed any more."""
    process = config.stash.get(_INSTALLING, None)
    if process is not None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
