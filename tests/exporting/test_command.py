"""`moaql export`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from exporting.recording import RecordingServer

import moaql
from moaql.cli.export import command
from moaql.exporting import TARGETS

PROGRAM = """
model a = "together_ai/org/a" price_in=$1 price_out=$2
model b = "together_ai/org/b"
topology panel = layer [a, b]x2 temperature=0.7 max_tokens=2048 -> agg a temperature=0.7 max_tokens=2048
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "p.moaql"
    path.write_text(PROGRAM, encoding="utf-8")
    return str(path)


def test_losses_are_told_before_anything_is_written(program: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        command, [f"{program}::panel", "--to", "llm-consortium", "-o", str(tmp_path / "c.json"), "--json"]
    )
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["files"] == [str(tmp_path / "c.json")]
    assert {"node", "what"} == set(document["losses"][0])
    assert done.stderr.index("cannot express") < done.stderr.index("wrote ")


def test_strict_writes_nothing_where_something_is_lost(program: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(command, [f"{program}::panel", "--to", "archon", "-o", f"{out}/", "--strict"])
    assert done.exit_code == 1
    assert not out.exists()
    done = CliRunner().invoke(command, [f"{program}::panel", "--to", "python", "-o", f"{out}/", "--strict"])
    assert (done.exit_code, [each.name for each in out.iterdir()]) == (0, ["panel.py"])


def test_what_somebody_has_edited_is_not_overwritten(program: str, tmp_path: Path) -> None:
    path = tmp_path / "panel.py"
    words = [f"{program}::panel", "--to", "python", "-o", str(path)]
    assert CliRunner().invoke(command, words).exit_code == 0
    written = path.read_text(encoding="utf-8")
    assert CliRunner().invoke(command, words).exit_code == 0  # the same again
    path.write_text(written + "# mine\n", encoding="utf-8")
    with pytest.raises(moaql.UsageError, match="is there already"):
        CliRunner().invoke(command, words, catch_exceptions=False)
    assert path.read_text(encoding="utf-8").endswith("# mine\n")
    assert CliRunner().invoke(command, [*words, "--force"]).exit_code == 0
    assert path.read_text(encoding="utf-8") == written


def test_an_unknown_target_is_wrong_usage(program: str) -> None:
    done = CliRunner().invoke(command, [program, "--to", "cobol", "-o", "x"])
    assert done.exit_code == 2
    assert "no target is called 'cobol'" in done.output


def test_a_name_of_the_standard_library_is_not_taken(tmp_path: Path) -> None:
    program = moaql.parse('model a = "openai/a"\ntopology random = a')
    assert list(TARGETS.find("python").files(moaql.build(program, "random"), program)) == ["random_topology.py"]  # type: ignore[union-attr]


def test_the_written_file_is_a_command(tmp_path: Path) -> None:
    with RecordingServer() as server:
        path = tmp_path / "p.moaql"
        path.write_text(
            f'model a = "openai/a" base_url="http://127.0.0.1:{server.port}/p/v1" api_key_env=P_KEY\ntopology t = a x2 -> vote tie=first\n'.replace(
                "P_KEY", '"P_KEY"'
            )
        )
        assert CliRunner().invoke(command, [str(path), "--to", "python", "-o", str(tmp_path / "t.py")]).exit_code == 0

        def run(*arguments: str, key: str = "") -> subprocess.CompletedProcess[str]:
            words = [sys.executable, "-I", str(tmp_path / "t.py"), *arguments]
            return subprocess.run(words, capture_output=True, text=True, check=False, env={"P_KEY": key})

        done = run("What is 2 + 2?", "--json", key="k")
        document = json.loads(done.stdout)
        assert (document["calls"], document["cost"], document["lost"]) == (2, None, [])
        done = run("What is 2 + 2?")
        assert (done.returncode, done.stdout) == (2, "")
        assert "P_KEY" in done.stderr
        server.failing = frozenset({"a"})
        done = run("What is 2 + 2?", key="k")
        assert (done.returncode, done.stdout) == (3, "")
        assert "status 400" in done.stderr
