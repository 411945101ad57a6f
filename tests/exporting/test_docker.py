"""The exported folder of a container. Its Dockerfile is carried out step by step in a folder, with an environment as the base image.

What needs an administrator, to make a user, is done by stand-ins; a container's own network is a free port of this machine.
"""

import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from exporting.programs import GALLERY, KEY, PROGRAMS
from exporting.recording import RecordingServer

import moaql
from moaql.cli.export import command
from moaql.exporting import TARGETS
from moaql.graph.fingerprint import fingerprint

ROOT = Path(__file__).resolve().parents[2]
CLIENT = "key-of-the-clients"


@dataclass
class Image:
    """What the instructions of a Dockerfile make.

    Attributes:
        root: Stands for `/`.
        bin: Programs of the base image, and stand-ins.
    """

    root: Path
    bin: Path
    folder: str = "/"
    user: str = "root"
    base: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    entry: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def build(self, context: Path) -> "Image":
        ignored = (context / ".dockerignore").read_text().split()
        for line in (context / "Dockerfile").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                name, rest = line.split(" ", 1)
                getattr(self, f"_{name.lower()}")(rest, context, ignored)
        return self

    def here(self, text: str) -> str:
        """A text in which the container's own folders are those below the root."""
        return re.sub(r"(?<![\w./])/(?=(app|data)\b)", f"{self.root}/", text)

    def variables(self, **more: str) -> dict[str, str]:
        return {
            **{name: self.here(value) for name, value in self.environment.items()},
            "PATH": f"{self.bin}:/usr/bin:/bin",
            **more,
        }

    def _from(self, rest: str, *_: Any) -> None:
        self.base = rest

    def _env(self, rest: str, *_: Any) -> None:
        self.environment |= dict(each.split("=", 1) for each in shlex.split(rest))

    def _workdir(self, rest: str, *_: Any) -> None:
        self.folder = rest
        Path(self.here(rest)).mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str, context: Path, ignored: list[str]) -> None:
        *sources, place = rest.split()
        for source in sources:
            assert ignored[0] == "*"
            assert f"!{source.partition('/')[0]}" in ignored
            to = Path(self.here(self.folder)) / place
            if (context / source).is_dir():
                shutil.copytree(context / source, to, dirs_exist_ok=True)
            else:
                shutil.copy(context / source, to / source if place.endswith("/") else to)

    def _run(self, rest: str, *_: Any) -> None:
        variables = self.variables(PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1", DONE=str(self.root / "done"))
        done = subprocess.run(
            ["sh", "-ec", self.here(rest)],
            cwd=self.here(self.folder),
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _user(self, rest: str, *_: Any) -> None:
        self.user = rest

    def _expose(self, rest: str, *_: Any) -> None:
        self.ports.append(rest)

    def _volume(self, rest: str, *_: Any) -> None:
        self.volumes += json.loads(rest)

    def _healthcheck(self, rest: str, *_: Any) -> None:
        self.health = json.loads(rest.partition("CMD ")[2])

    def _entrypoint(self, rest: str, *_: Any) -> None:
        self.entry = json.loads(rest)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment without moaql, but with what it needs, so that nothing is fetched; and the wheel that is built of moaql."""
    place = tmp_path_factory.mktemp("base")
    _succeed(sys.executable, "-m", "venv", str(place / "env"))
    there = place / "there"
    there.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "moaql" not in entry.name and entry.suffix != ".pth":
            (there / entry.name).symlink_to(entry)
    (packages,) = (place / "env").glob("lib/python*/site-packages")
    (packages / "there.pth").write_text(f"{there}\n")
    source = place / "source"
    names = ["moaql", "grammar", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"]
    source.mkdir()
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "parse_table.py"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
    _succeed(sys.executable, "-m", "build", "--wheel", "--outdir", str(place / "wheels"), str(source))
    for name in ("useradd", "chown"):
        (place / "env" / "bin" / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "$DONE"\n')
        (place / "env" / "bin" / name).chmod(0o755)
    return place


def _succeed(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


MODELS = 'model a = "openai/a" {at} api_key_env="A_KEY" seed=3 price_in=$1 price_out=$2\nmodel unused = "openai/b"\n'
PROGRAM = """import "../shared/models.moaql"
model claude = "anthropic/c" {at} api_key_env=none price_in=$1 price_out=$2
topology panel = layer [a, claude, mine] x2 -> when agreement > 0.9 {{ vote tie=first }} else {{ agg a }}
topology other = a
"""


@dataclass
class Container:
    """The folder that was exported, and the image that it builds."""

    program: moaql.Program
    folder: Path
    image: Image


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        yield running


@pytest.fixture(scope="module")
def container(base: Path, server: RecordingServer, tmp_path_factory: pytest.TempPathFactory) -> Container:
    folder = tmp_path_factory.mktemp("programs")
    at = f'base_url="http://127.0.0.1:{server.port}/docker/v1"'
    for path, text in {
        "work/here/p.moaql": PROGRAM.format(at=at),
        "work/shared/models.moaql": MODELS.format(at=at),
        "mine/models.moaql": f'model mine = "openai/mine" {at} api_key_env=none price_in=$1 price_out=$2\n',
        "work/here/moaql.toml": 'models = "../../mine/models.moaql"\n[limits.openai]\nconcurrency = 3\n',
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    out = folder / "out"
    done = CliRunner().invoke(command, [f"{folder}/work/here/p.moaql::panel", "--to", "docker", "-o", str(out)])
    assert done.exit_code == 0, done.output
    for wheel in (base / "wheels").glob("*.whl"):
        shutil.copy(wheel, out / "wheels")
    root = tmp_path_factory.mktemp("root")
    (root / "done").touch()
    image = Image(root, base / "env" / "bin").build(out)
    return Container(moaql.load(folder / "work" / "here" / "p.moaql"), out, image)


@dataclass
class Started:
    """A container that runs."""

    url: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def started(container: Container) -> Iterator[Started]:
    image = container.image
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = image.variables(MOAQL_SERVE_KEY=CLIENT, A_KEY=KEY, HOME=str(image.root))
    process = subprocess.Popen(
        [str(image.bin / image.entry[0]), *image.entry[1:], "--host", "127.0.0.1", "--port", str(port)],
        cwd=image.here(image.folder),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"http://127.0.0.1:{port}/v1\n"
        yield Started(f"http://127.0.0.1:{port}", process)
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def test_it_serves_the_topology_alone_and_asks_what_moaql_asks(
    container: Container, started: Started, server: RecordingServer
) -> None:
    server.who = "docker"
    headers = {"authorization": f"Bearer {CLIENT}"}
    listed = httpx.get(f"{started.url}/v1/models", headers=headers).json()
    assert [each["id"] for each in listed["data"]] == ["panel"]
    body = {
        "model": "panel",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2 + 2?"}],
    }
    said = [
        httpx.post(f"{started.url}/v1/chat/completions", json=body, headers=headers, timeout=60).json() for _ in "12"
    ]
    server.who = "moaql"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("A_KEY", KEY)
        answer = container.program.topology("panel").run(
            moaql.Question("What is 2 + 2?", "Be brief."), bank="none", attempts=1
        )
    assert server.requests("docker", "docker") == server.requests("moaql", "docker")
    assert [each["choices"][0]["message"]["content"] for each in said] == [answer.text, answer.text]
    assert said[0]["moaql"]["paid"] == pytest.approx(answer.paid)
    assert said[1]["moaql"]["paid"] == 0  # from the bank
    assert (container.image.root / "data" / "bank.db").exists()


def test_its_health_check_tells_whether_it_runs(container: Container, started: Started) -> None:
    def check(url: str) -> int:
        words = [each.replace("http://127.0.0.1:8000", url) for each in container.image.health]
        return subprocess.run(
            [str(container.image.bin / words[0]), *words[1:]], capture_output=True, check=False
        ).returncode

    assert "http://127.0.0.1:8000/health" in container.image.health[-1]
    assert check(started.url) == 0
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert check(f"http://127.0.0.1:{closed.getsockname()[1]}") != 0


def test_nobody_is_let_in_without_the_key(started: Started) -> None:
    assert httpx.get(f"{started.url}/v1/models").status_code == 401


def test_without_a_key_it_does_not_start(container: Container) -> None:
    image = container.image
    words = [str(image.bin / image.entry[0]), *image.entry[1:], "--port", "0"]
    done = subprocess.run(
        words,
        cwd=image.here(image.folder),
        env=image.variables(HOME=str(image.root)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Set MOAQL_SERVE_KEY" in done.stderr


def test_the_container_is_not_run_as_root_and_keeps_its_bank(container: Container) -> None:
    image = container.image
    assert image.base == "python:3.12-slim-bookworm"
    assert (image.user, image.ports, image.volumes) == ("10001", ["8000"], ["/data"])
    made = (image.root / "done").read_text().splitlines()
    assert made == ["useradd --no-create-home --uid 10001 moaql", f"chown 10001 {image.root}/data"]
    assert image.environment == {"PYTHONUNBUFFERED": "1", "MOAQL_BANK": "/data/bank.db"}
    assert image.entry[-4:] == ["0.0.0.0", "--port", "8000", "--no-reload"]


def test_the_folder_names_keys_and_holds_none(container: Container) -> None:
    files = {str(path.relative_to(container.folder)): path for path in container.folder.rglob("*") if path.is_file()}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items() if not name.endswith(".whl")}
    assert sorted(texts) == [
        ".dockerignore",
        "Dockerfile",
        "compose.yaml",
        "moaql.toml",
        "models/1-models.moaql",
        "program/here/p.moaql",
        "program/shared/models.moaql",
        "requirements.txt",
        "wheels/README",
    ]
    assert texts["requirements.txt"] == f"moaql[serve]=={moaql.__version__}\n"
    assert texts["moaql.toml"] == 'models = ["models/1-models.moaql"]\n\n[limits."openai"]\nconcurrency = 3\n'
    import yaml

    service = yaml.safe_load(texts["compose.yaml"])["services"]["moaql-panel"]
    assert set(service["environment"]) == {"MOAQL_SERVE_KEY", "A_KEY"}
    assert all(str(value).startswith("${") for value in service["environment"].values())


def test_it_ends_when_it_is_told_to(container: Container, started: Started) -> None:
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(30) == 0


def export(program: moaql.Program, topology: str, folder: Path) -> tuple[dict[str, str], list[str]]:
    target = TARGETS.find("docker")
    assert target is not None
    graph = moaql.build(program, topology)
    files = dict(target.files(graph, program))
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return files, [each.what for each in target.losses(graph, program)]


@pytest.mark.parametrize("name", GALLERY)
def test_the_gallery_is_carried_over(name: str, tmp_path: Path) -> None:
    program = moaql.load(PROGRAMS / f"{name}.moaql")
    for topology in program.topologies:
        folder = tmp_path / topology
        files, losses = export(program, topology, folder)
        assert losses == []
        entry = json.loads(re.search(r"^ENTRYPOINT (.*)$", files["Dockerfile"], re.MULTILINE)[1])  # type: ignore[index]
        path, _, served = entry[2].partition("::")
        again = moaql.load(folder / path)
        assert fingerprint(moaql.build(again, served)) == fingerprint(moaql.build(program, topology))


def test_a_server_on_this_machine_is_told_as_lost(tmp_path: Path) -> None:
    program = moaql.parse('model a = "ollama/llama3"\ntopology t = a')
    _, losses = export(program, "t", tmp_path)
    assert losses == [
        "`a` is asked at `localhost:11434`, which is the container itself: "
        "give it a `base_url` that leads out, such as `http://host.docker.internal:PORT/v1`"
    ]


def test_an_absolute_path_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.moaql").write_text('model a = "openai/a"\n')
    (tmp_path / "p.moaql").write_text(f'import "{tmp_path}/m.moaql"\ntopology t = a\n')
    program = moaql.load(tmp_path / "p.moaql")
    with pytest.raises(moaql.UsageError, match="absolute path"):
        export(program, "t", tmp_path)
