"""`moaql check` of a gallery file against importing its two libraries: whole processes, in turn.

    python benchmarks/check_startup.py [RUNS]

Prints the ratio of the medians; at most 1.4 is promised. Bytecode is compiled by a first run of each. `interegular` must not be
installed where this runs: Lark imports it when it is there, and it is only needed for developing the grammar.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROMISED = 1.4


def seconds(command: list[str]) -> float:
    """How long one run of a command takes, from outside."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def main() -> int:
    """Measure, print, and fail if the promise is broken."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    imports = [sys.executable, "-c", "import click, lark"]
    check = [str(Path(sys.executable).with_name("moaql")), "check", "-q", str(ROOT / "programs" / "quickstart.moaql")]
    seconds(imports), seconds(check)
    pairs = [(seconds(imports), seconds(check)) for _ in range(runs)]
    base, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"import click, lark   {base * 1e3:6.1f} ms")
    print(f"moaql check          {ours * 1e3:6.1f} ms")
    print(f"ratio                {ours / base:6.2f}    (promised: at most {PROMISED})")
    return 0 if ours / base <= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
