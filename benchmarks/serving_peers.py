"""Other servers that put one API before models: optillm, and the proxy of LiteLLM, each in an environment of its own.

Each runs as its command starts it: one worker process, its log as by default, thrown away. An environment is made from its list in
`benchmarks/environments` when it is first needed, and kept in `MOAQL_TEST_ENVIRONMENTS`, or `~/.cache/moaql-tests`.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from serving_processes import Started, give_processor, running

LISTS = Path(__file__).resolve().parent / "environments"
PATIENCE = 120.0
"""Seconds in which a server must have begun to answer."""
_OFFLINE = {"NO_PROXY": "127.0.0.1", "OPENAI_API_KEY": "none"}


def environment(name: str) -> Path:
    """The folder of the commands of an environment with the packages of `environments/NAME.txt`.

    They are complete lists, installed as they are: optillm's server needs little of what its package asks for.
    """
    packages = LISTS / f"{name}.txt"
    state = packages.read_text(encoding="utf-8") + sys.version
    kept = Path(os.environ.get("MOAQL_TEST_ENVIRONMENTS") or Path.home() / ".cache" / "moaql-tests")
    place = kept / f"peer-{name}-{hashlib.sha256(state.encode()).hexdigest()[:12]}"
    folder = place / ("Scripts" if os.name == "nt" else "bin")
    if not (place / "complete").exists():
        print(f"installing {name}, once", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        install = (str(folder / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(packages))
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (place / "complete").touch()
    return folder


@contextmanager
def litellm(upstream: str, folder: str) -> Iterator[Started]:
    """The proxy of LiteLLM, with one model `main`."""
    parameters = {"model": "openai/stub", "api_base": upstream, "api_key": "none"}
    path = Path(folder) / "litellm.yaml"  # JSON is YAML
    path.write_text(json.dumps({"model_list": [{"model_name": "main", "litellm_params": parameters}]}), "utf-8")
    port = str(_free_port())
    variables = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # nothing is fetched at its start
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",  # as moaql serves this machine without a key
    }
    command = (str(environment("litellm") / "litellm"), "--config", str(path), "--host", "127.0.0.1", "--port", port)
    with _answering((*command, "--num_workers", "1"), variables, port, "main") as server:
        yield server


@contextmanager
def optillm(upstream: str, approach: str) -> Iterator[Started]:
    """The server of optillm with one approach: `none` passes a request on, `moa` makes three calls of it."""
    port = str(_free_port())
    command = (str(environment("optillm") / "optillm"), "--base-url", upstream, "--port", port, "--approach", approach)
    with _answering(command, {}, port, "stub") as server:
        yield server


@contextmanager
def _answering(command: tuple[str, ...], variables: dict[str, str], port: str, model: str) -> Iterator[Started]:
    """A server, once it has answered a chat request."""
    began = time.perf_counter()
    with running(command, {**_OFFLINE, **variables}, silent=True) as process:
        give_processor(process.pid)
        url = f"http://127.0.0.1:{port}/v1"
        while not _answers(url, model):
            if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise SystemExit(f"{Path(command[0]).name} did not start")
            time.sleep(0.05)
        yield Started(url, process.pid, time.perf_counter() - began)


def _answers(url: str, model: str) -> bool:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Are you there?"}]}).encode()
    headers = {"content-type": "application/json", "authorization": "Bearer none"}
    try:
        with urlopen(Request(f"{url}/chat/completions", body, headers), timeout=30) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
