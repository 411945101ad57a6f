"""The benchmark of serving runs at a small size: what it prints of a server can be believed."""

import re
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "serving.py"
SMALL = ("--requests", "40", "--in-flight", "4", "--alone", "3", "--streams", "6", "--rounds", "1", "--starts", "1")


def test_a_small_run_measures_executor_server_start_and_streams() -> None:
    command = [sys.executable, str(BENCHMARK), "--no-peers", *SMALL]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    one, three = re.split(r"^three calls: ", done.stdout, flags=re.MULTILINE)
    for part, milliseconds in ((one, 20), (three, 60)):  # the upstream server takes so long
        rows = [row.split(" | ") for row in re.findall(r"^\| (.+) \|$", part, re.MULTILINE)]
        found = {name: cells for name, *cells in rows}
        for name in ("executor in process", "moaql serve"):
            rate, _, alone, failed = found[name]
            assert float(rate.split()[0]) > 10
            assert float(alone.split()[0]) >= milliseconds
            assert failed == "0"
        assert re.search(r"moaql serve beside executor in process: \d", part)
    assert re.search(r"start to the first line, .*: \d+\.\d+ s", done.stdout)
    assert "6 streams of 5 s at once: 6 open together, 6 ended well" in done.stdout
