"""A stage of another package: found by its entry point, and known to the checker, the planner and the help."""

import json
import os
import subprocess
import sys
from pathlib import Path

STAGE = '''
"""`longest`: the longest candidate."""
from moaql.stages.base import ONE, Parameter, StageBase, reading


class Longest(StageBase):
    def candidates(self, sizes, incoming):
        return ONE

    def lower(self, lowering, arguments, incoming):
        return lowering.reduce("select", reading(incoming), ONE, by=arguments["unit"])


STAGE = Longest(
    summary="The longest candidate.",
    parameters=(Parameter("unit", "word", "What is counted.", choices=("words", "letters"), default="words"),),
    placeholders=frozenset(),
)
'''


def test_a_stage_of_another_package(tmp_path: Path) -> None:
    (tmp_path / "longest_stage.py").write_text(STAGE)
    info = tmp_path / "longest_stage-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: longest-stage\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[moaql.stages]\nlongest = longest_stage:STAGE\n")
    program = tmp_path / "p.moaql"

    def moaql(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
        command = [sys.executable, "-m", "moaql", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    program.write_text('model a = "sim/a"\na x3 -> longest unit=letters\n')
    assert moaql("check", "p.moaql").returncode == 0
    assert json.loads(moaql("plan", "p.moaql", "--json").stdout)["calls"]["max"] == 3
    assert "What is counted. (words | letters; default words)" in moaql("explain", "longest").stdout
    program.write_text('model a = "sim/a"\na x3 -> longest unit=bytes\n')
    done = moaql("check", "p.moaql")
    assert done.returncode == 1
    assert "`unit` is `words` or `letters`, not `bytes`" in done.stdout
