"""Python environments of other runtimes: each is made from its list of packages when a test first needs it, and kept."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

LISTS = Path(__file__).parent / "environments"
KEPT = Path(os.environ.get("MOAQL_TEST_ENVIRONMENTS") or Path.home() / ".cache" / "moaql-tests")


def interpreter(name: str) -> str:
    """The Python of an environment in which the packages of `environments/NAME.txt` are installed, moaql not among them.

    A list names all that is installed, and nothing is installed besides. Another list, or another version of Python, makes another
    environment.
    """
    packages = LISTS / f"{name}.txt"
    state = packages.read_text(encoding="utf-8") + sys.version
    place = KEPT / f"{name}-{hashlib.sha256(state.encode()).hexdigest()[:12]}"
    python = place / "bin" / "python"
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(f"{place}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests that run side by side make it once
        if not (place / "complete").exists():
            _run(sys.executable, "-m", "venv", "--clear", str(place))
            _run(
                str(python),
                "-m",
                "pip",
                "install",
                "--no-deps",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
                str(packages),
            )
            (place / "complete").touch()
    return str(python)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
