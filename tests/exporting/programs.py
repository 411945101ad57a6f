"""Runs programs by moaql, and what they were exported to in a process of its own, against one server.

A target's runtime is a `Runtime`: an interpreter, and a driver that it runs. The driver is given two JSON texts: the folders of exported
topologies by key, and the questions. It prints the answers of each topology by key: `{"KEY": [{"text": …, "cost": …}, …]}`, where
`text` is null for a question without an answer, and `cost` is in dollars, or left out where the runtime does not say.
"""

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

GALLERY = sorted(path.stem for path in PROGRAMS.glob("*.moaql") if path.stem not in ("models", "search_space"))

PYTHON = """
import asyncio, dataclasses, importlib.util, json, pathlib, sys
out = {}
for key, folder in json.loads(sys.argv[1]).items():
    (path,) = pathlib.Path(folder).glob("*.py")
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
    out[key] = asyncio.run(run())
assert not [name for name in sys.modules if name.startswith("moaql")]
print(json.dumps(out))
"""


@dataclass(frozen=True)
class Runtime:
    """What runs an exported topology.

    Attributes:
        target: As `moaql export --to` calls it, with `_`.
        driver: A Python program, see above.
        python: Runs the driver.
        seconds: That it may take for all topologies together.
    """

    target: str
    driver: str
    python: str = sys.executable
    seconds: float = 120.0


@dataclass
class Told:
    """What both gave for each question: the answer, its cost, the losses that the target states, and all that was written."""

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


def gallery(server: RecordingServer) -> dict[str, str]:
    """The programs of the gallery that can run, with their models at the server."""
    programs = {}
    for name in GALLERY:
        text = (PROGRAMS / f"{name}.moaql").read_text(encoding="utf-8")
        models = gallery_models(server, name)
        text = text.replace('import "models.moaql"', models) if "import" in text else models + text
        programs[name] = text.replace('"evals/', f'"{PROGRAMS}/evals/')
    return programs


def compare(
    server: RecordingServer,
    folder: Path,
    programs: dict[str, str],
    questions: list[dict[str, Any]],
    runtime: Runtime | None = None,
) -> dict[str, Told]:
    """Run every topology of the programs by moaql, and as it was exported. Those that the target refuses are left out.

    What moaql asks is recorded under `moaql`, what the runtime asks under the target's name.

    Args:
        server: Is asked.
        folder: For files.
        programs: Texts by name; the first part of the path of their requests is that name.
        questions: Texts, with `system`, `history` and `fields`.
        runtime: Runs what was exported; by default, the exported Python file.
    """
    runs = runtime or Runtime("python", PYTHON)
    os.environ["GALLERY_KEY"] = KEY
    told: dict[str, Told] = {}
    folders: dict[str, str] = {}
    server.who = "moaql"
    for name, text in programs.items():
        (folder / f"{name}.moaql").write_text(text, encoding="utf-8")
        program = moaql.load(folder / f"{name}.moaql")
        for topology in program.topologies.values():
            key = name if topology.name == name else f"{name}::{topology.name}"
            place = folder / f"{name}__{topology.name}"
            try:
                losses, written = _written(program, topology.name, runs.target, place)
            except moaql.UsageError:
                continue
            told[key] = Told([_own(program, topology.name, each) for each in questions], [], losses, written)
            folders[key] = str(place)
    server.who = runs.target
    found = _run(runs, folders, questions, folder)
    for key in folders:
        told[key].exported = found[key]
    return told


def _written(program: Any, topology: str, target: str, place: Path) -> tuple[list[str], str]:
    """Export; the losses, and all that was written."""
    writer = TARGETS.find(target)
    assert writer is not None
    graph = moaql.build(program, topology)
    files = writer.files(graph, program)
    place.mkdir()
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        # Nobody is asked besides because a busy machine was slow: who is asked must not depend on the time.
        (place / path).write_text(text.replace("_PATIENCE = 0.25", "_PATIENCE = 60.0"), encoding="utf-8")
    return [each.what for each in writer.losses(graph, program)], "\n".join(files.values())


def _run(runtime: Runtime, folders: dict[str, str], questions: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [runtime.python, "-c", runtime.driver, json.dumps(folders), json.dumps(questions)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=runtime.seconds,
        check=False,
        env={**os.environ, **({"PYTHONWARNINGS": "error"} if runtime.python == sys.executable else {})},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


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
