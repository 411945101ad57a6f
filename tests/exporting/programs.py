"""Runs programs by moaql, and what they were exported to in a process of its own, against one server."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from exporting.recording import RecordingServer

import moaql
from moaql.exporting import TARGETS
from moaql.run import lazy

PROGRAMS = Path(__file__).resolve().parents[2] / "programs"
QUESTIONS = ["What is 17 * 23?", "How many legs have 3 spiders?", "Why is the sky blue?", "What is 2 + 2?"]
KEY = "key-of-the-test-that-nobody-may-write"

DRIVER = """
import asyncio, dataclasses, importlib.util, json, sys
out = {}
for path in json.loads(sys.argv[1]):
    spec = importlib.util.spec_from_file_location("exported", path)
    module = sys.modules["exported"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    async def run():
        async with module.Client() as client:
            found = []
            for each in json.loads(sys.argv[2]):
                question = module.Question(each["text"], each.get("system", ""), tuple(map(tuple, each.get("history", ()))), each.get("fields", {}))
                try:
                    found.append(dataclasses.asdict(await module.answer(question, seed=3, client=client)))
                except module.NoAnswer as error:
                    found.append({"text": None, "cost": None, "error": str(error)})
            return found
    out[path] = asyncio.run(run())
assert not [name for name in sys.modules if name.startswith("moaql")]
print(json.dumps(out))
"""


@dataclass
class Told:
    """What both gave for each question: the answer, its cost, and the losses that the target states."""

    own: list[tuple[str | None, float | None]]
    exported: list[dict[str, Any]]
    losses: list[str]
    text: str


def gallery_models(server: RecordingServer, folder: str) -> str:
    """The models of the gallery at the server; the samples of one are told apart by their seeds, and one speaks Anthropic's protocol."""
    text = (PROGRAMS / "models.moaql").read_text(encoding="utf-8")
    address = f'base_url="http://127.0.0.1:{server.port}/{folder}/v1" api_key_env="GALLERY_KEY"'
    lines = []
    for line in text.splitlines():
        if line.startswith("model claude"):
            lines.append(line.replace('"sim/', '"anthropic/').replace(" price_in", f" {address} price_in"))
        elif line.startswith("model "):
            lines.append(line.replace('"sim/', '"openai/').replace(" price_in", f" {address} seed=40 price_in"))
    return "\n".join(lines) + "\n"


def compare(
    server: RecordingServer, folder: Path, programs: dict[str, str], questions: list[dict[str, Any]]
) -> dict[str, Told]:
    """Run every topology of the programs both ways.

    Args:
        server: Is asked.
        folder: For files.
        programs: Texts by name; the first part of the path of their requests is that name.
        questions: Texts, with `system`, `history` and `fields`.
    """
    os.environ["GALLERY_KEY"] = KEY
    told: dict[str, Told] = {}
    server.who = "moaql"
    paths: dict[str, str] = {}
    for name, text in programs.items():
        (folder / f"{name}.moaql").write_text(text, encoding="utf-8")
        program = moaql.load(folder / f"{name}.moaql")
        target = TARGETS.find("python")
        assert target is not None
        for topology in program.topologies.values():
            graph = moaql.build(program, topology.name)
            (written,) = target.files(graph, program).values()
            path = folder / f"{name}__{topology.name}.py"
            # Nobody is asked besides because a busy machine was slow: who is asked must not depend on the time.
            path.write_text(written.replace("_PATIENCE = 0.25", "_PATIENCE = 60.0"), encoding="utf-8")
            own = [_own(program, topology.name, each) for each in questions]
            key = name if topology.name == name else f"{name}::{topology.name}"
            told[key] = Told(own, [], [each.what for each in target.losses(graph)], written)
            paths[key] = str(path)
    server.who = "exported"
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(list(paths.values())), json.dumps(questions)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for key, path in paths.items():
        told[key].exported = found[path]
    return told


def _own(program: Any, topology: str, question: dict[str, Any]) -> tuple[str | None, float | None]:
    asked = moaql.Question(
        question["text"],
        question.get("system", ""),
        tuple(map(tuple, question.get("history", ()))),
        fields=question.get("fields", {}),
    )
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(lazy, "_PATIENCE", 60.0)
            answer = program.topology(topology).run(asked, bank="none", seed=3, attempts=1)
    except moaql.NoCandidates:
        return None, None
    return answer.text, answer.paid
