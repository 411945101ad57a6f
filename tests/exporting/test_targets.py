"""Configurations for other systems, and the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from exporting.recording import RecordingServer

import moaql
from moaql.cli.export import command
from moaql.errors import UsageError
from moaql.exporting import TARGETS
from moaql.graph.interchange import from_json

PROGRAM = """
model a = "together_ai/org/a" price_in=$1 price_out=$2
model b = "together_ai/org/b"
model c = "openai/gpt-4o" seed=4
topology panel = layer [a, b]x2 temperature=0.7 max_tokens=2048 -> agg a temperature=0.7 max_tokens=2048
topology judged = layer [a x3] -> critic b -> rank b top=2 -> verify b -> agg c
topology tested = layer [a x3] -> unit_tests b n=3 -> grade b -> best by=score
topology chosen = layer [a, b] -> best c
topology voted = layer [a, b, c] -> vote tie=first
topology branched = layer [a, b] -> when agreement > 0.5 { vote tie=first } else { agg c }
"""


def export(target: str, topology: str) -> tuple[dict[str, str], list[str]]:
    program = moaql.parse(PROGRAM)
    found = TARGETS.find(target)
    assert found is not None
    graph = moaql.build(program, topology)
    return dict(found.files(graph, program)), [each.what for each in found.losses(graph, program)]


def test_arguments_of_together() -> None:
    files, losses = export("together", "panel")
    (text,) = files.values()
    assert "--model=org/a" in text
    assert '--reference-models="org/a,org/a,org/b,org/b"' in text
    assert "--rounds=1" in text
    assert "--temperature=0.7" in text
    assert not any("temperature" in loss for loss in losses)


def test_archon_components_in_order() -> None:
    (text,) = export("archon", "judged")[0].values()
    layers = json.loads(text)["layers"]
    assert [layer[0]["type"] for layer in layers] == ["generator", "critic", "ranker", "verifier", "fuser"]
    assert (layers[0][0]["samples"], layers[2][0]["top_k"], layers[4][0]["model_type"]) == (3, 2, "OpenAI_API")
    (text,) = export("archon", "tested")[0].values()
    assert [layer[0]["type"] for layer in json.loads(text)["layers"]] == [
        "generator",
        "unit_test_generator",
        "unit_test_evaluator",
    ]


def test_archon_says_what_it_sends_besides() -> None:
    losses = export("archon", "judged")[1]
    assert any(loss.startswith("`temperature=0.7` is sent") for loss in losses)
    assert any(loss.startswith("`seed` cannot be stated") for loss in losses)


def test_a_consortium() -> None:
    (text,) = export("llm_consortium", "panel")[0].values()
    assert json.loads(text)["models"] == {"org/a": 2, "org/b": 2}
    assert json.loads(export("llm_consortium", "chosen")[0]["chosen.json"])["judging_method"] == "rank"


@pytest.mark.parametrize(
    ("target", "topology"),
    [("together", "judged"), ("archon", "voted"), ("archon", "branched"), ("llm_consortium", "tested")],
)
def test_what_a_target_has_no_words_for_is_refused(target: str, topology: str) -> None:
    with pytest.raises(UsageError, match=topology if target != "archon" else "Archon"):
        export(target, topology)


def test_json_is_lossless() -> None:
    files, losses = export("json", "branched")
    assert losses == []
    assert from_json(json.loads(files["branched.json"])).nodes == moaql.build(moaql.parse(PROGRAM), "branched").nodes


@pytest.mark.parametrize(("target", "ending"), [("mermaid", "mmd"), ("dot", "dot")])
def test_drawings(target: str, ending: str) -> None:
    files, losses = export(target, "panel")
    assert "a" in files[f"panel.{ending}"]
    assert losses


# The command


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
