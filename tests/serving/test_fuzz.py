"""The HTTP surface, fuzzed by schemathesis from its own description."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from servers.faults import FaultServer
from serving.running import Running, serving

Program = Callable[..., Path]
HERE = Path(__file__).parent
EXAMPLES = int(os.environ.get("MOAQL_FUZZ_EXAMPLES", "20"))
"""Requests of each kind to each path; more find more."""
SEED = os.environ.get("MOAQL_FUZZ_SEED", "20261121")


def fuzz(server: Running, folder: Path, *more: str, examples: int = EXAMPLES) -> None:
    """Send what fits the description and what does not, and hold every answer against it."""
    command = ["-m", "schemathesis.cli", "run", f"{server.root}/openapi.json", "--checks", "all", "--warnings", "off"]
    command += [
        "--phases",
        "coverage,fuzzing",
        "--continue-on-failure",
        "--max-examples",
        str(examples),
        "--seed",
        SEED,
    ]
    command += ["--generation-database", "none", "--no-color", *more]
    settings = os.environ | {"SCHEMATHESIS_HOOKS": "fuzz", "PYTHONPATH": str(HERE), "CI": "1"}
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, cwd=folder, env=settings, timeout=600
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_a_topology_of_one_call_answers_as_described(program: Program, tmp_path: Path) -> None:
    with FaultServer(a="fine") as upstream, serving(program(upstream, "topology one = a")) as server:
        fuzz(server, tmp_path)
        assert not [line for line in server.log if line.split()[1].startswith("5")]
        assert server.chat(model="one").text == "fine"


def test_with_keys_and_several_calls_nothing_is_let_in_that_should_not_be(program: Program, tmp_path: Path) -> None:
    """Tools and images fit the schema, and are refused by topologies of several calls: no schema says which is which."""
    from serving.test_door import ANN, KEYS

    with FaultServer(a="fine") as upstream:
        path = program(upstream, "a x2 -> vote")
        with serving(path, keys=KEYS) as server:
            (folder := tmp_path / "own").mkdir()
            key = f"Authorization: Bearer {ANN}"
            fuzz(
                server,
                folder,
                "--exclude-checks",
                "positive_data_acceptance",
                "--header",
                key,
                examples=max(1, EXAMPLES // 4),
            )
            assert not [line for line in server.log if line.split()[1].startswith("5")]
            assert ANN not in "\n".join(server.log)
