"""`moaql serve` as a process: what it prints, what it refuses, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from servers.faults import FaultServer, Later, Says, Silent
from serving.running import Running

from moaql.cli.serve import command
from moaql.errors import MissingPackage, UsageError

START = "import sys\nfrom moaql.cli.serve import command\nsys.exit(command.main(sys.argv[1:], standalone_mode=False))"
KEY = "a-key-of-0123456789"


@contextmanager
def process(folder: Path, *arguments: str, **environment: str) -> Iterator[tuple[Running, "subprocess.Popen[str]"]]:
    """The command in a process, and the server that it is."""
    root = str(Path(__file__).resolve().parents[2])
    started = subprocess.Popen(
        [sys.executable, "-c", START, *arguments, "--port", "0", "--no-bank"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stderr is not None
    try:
        url = started.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), started.stderr.read()
        log: list[str] = []
        thread = threading.Thread(target=lambda: log.extend(started.stderr or ()))
        thread.start()
        yield Running(url, None, log), started  # type: ignore[arg-type]
    finally:
        started.kill()
        started.wait(20)
        thread.join(20)
        started.stdout.close()
        started.stderr.close()
    assert "Traceback" not in "".join(log)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_under_way_are_finished_at_the_end(tmp_path: Path, number: signal.Signals) -> None:
    with FaultServer(a=Later(1.5, "fine")) as upstream:
        (tmp_path / "p.moaql").write_text(upstream.program("a"))
        with process(tmp_path, "p.moaql") as (server, started), ThreadPoolExecutor(2) as pool:
            under_way = [pool.submit(server.chat, stream=each, seed=int(each)) for each in (False, True)]
            upstream.wait(lambda: len(upstream.asked) == 2)
            started.send_signal(number)
            whole, streamed = (each.result() for each in under_way)
            assert started.wait(20) == 0
            with pytest.raises(OSError, match="refused"):
                server.connect()
    assert whole.text == "fine"
    assert streamed.data.endswith(b"data: [DONE]\n\n")


def test_what_does_not_end_in_time_is_cut_off(tmp_path: Path) -> None:
    with FaultServer(a=Silent()) as upstream:
        (tmp_path / "p.moaql").write_text(upstream.program("a"))
        with process(tmp_path, "p.moaql", "--drain", "1") as (server, started), server.connect() as connection:
            from serving.running import chat_bytes, receive_all

            connection.sendall(chat_bytes(stream=True))
            upstream.wait(lambda: len(upstream.asked) == 1)
            started.terminate()
            assert started.wait(20) == 0
            head, _, body = receive_all(connection).partition(b"\r\n\r\n")
            upstream.wait(lambda: upstream.asked[0].left)
        assert head.startswith(b"HTTP/1.1 503")
        assert json.loads(body)["error"]["code"] == "server_ends"
        assert " 503 POST /v1/chat/completions" in "".join(server.log)
        assert "cut off because the server ends" in "".join(server.log)


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with FaultServer(a=Silent()) as upstream:
        (tmp_path / "p.moaql").write_text(upstream.program("a"))
        with process(tmp_path, "p.moaql", "--drain", "60") as (server, started), server.connect() as connection:
            from serving.running import chat_bytes

            connection.sendall(chat_bytes())
            upstream.wait(lambda: len(upstream.asked) == 1)
            started.terminate()
            with pytest.raises(subprocess.TimeoutExpired):
                started.wait(0.7)
            started.terminate()
            assert started.wait(10) == 0


def test_whoever_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    from serving.running import chat_bytes

    with FaultServer(a=Says("word " * 1_600_000, usage=(10, 10)), b=Silent()) as upstream:
        (tmp_path / "p.moaql").write_text(upstream.program("topology large = a\ntopology never = b"))
        with process(tmp_path, "p.moaql", "--drain", "1") as (server, started), socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(chat_bytes(model="large") + chat_bytes(model="never"))
            upstream.wait(lambda: len(upstream.of("b")) == 1)
            started.send_signal(signal.SIGINT)
            time.sleep(0.2)
            started.send_signal(signal.SIGINT)
            assert started.wait(20) == 0


def test_it_says_what_it_serves_and_that_models_are_simulated(tmp_path: Path) -> None:
    (tmp_path / "p.moaql").write_text('model a = "sim/strong"\ntopology t = a\n')
    with process(tmp_path, "p.moaql", MOAQL_SERVE_KEY=KEY) as (server, started):
        assert server.chat(model="t").status == 401
        reply = server.chat(model="t", key=KEY)
        started.terminate()
        assert started.wait(20) == 0
    assert reply.json["moaql"]["simulated"] is True
    log = "".join(server.log)
    assert "serving t (with keys)" in log
    assert "simulated models" in log
    assert "key=default model=t" in log
    assert KEY not in log


def test_a_key_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "p.moaql").write_text(
        'model a = "openai/a" api_key_env="KEY_OF_A"\nmodel b = "sim/strong"\ntopology t = a\ntopology u = a -> agg b\n'
    )
    with process(tmp_path, "p.moaql", KEY_OF_A="") as (server, started):
        assert server.chat(model="t").json["error"]["code"] == "not_set_up"
        started.terminate()
        assert started.wait(20) == 0
    log = "".join(server.log)
    assert log.count("`openai/a` needs a key, and KEY_OF_A is not set: it is not asked") == 1
    assert 'reason="`openai/a` needs a key, and KEY_OF_A is not set. Set KEY_OF_A in the environment' in log


def test_with_json_where_it_listens_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "p.moaql").write_text('model a = "sim/strong"\ntopology t = a\n')
    started = subprocess.Popen(
        [sys.executable, "-c", START, "p.moaql", "--port", "0", "--no-bank", "--json", "--quiet"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert started.stdout is not None
    lines = [started.stdout.readline()]
    while lines[-1] and lines[-1] != "}\n":
        lines.append(started.stdout.readline())
    started.terminate()
    rest, _ = started.communicate(timeout=20)
    document = json.loads("".join(lines))
    assert document["url"].startswith("http://127.0.0.1:")
    assert document["models"] == ["t"]
    assert (rest, started.returncode) == ("", 0)


REFUSED = [
    (["p.moaql", "--host", "0.0.0.0"], "without a key, nobody but this machine may ask"),
    (["p.moaql", "--keys", "none.toml"], "cannot read `none.toml`"),
    (["p.moaql", "--budget", "1"], "has no known price"),
    (["p.moaql::nothing"], "has no topology `nothing`"),
    (["nothing.moaql"], "cannot read `nothing.moaql`"),
    (["-"], "a server reads files"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_cannot_be_served_is_told_before_anything_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOAQL_SERVE_KEY", raising=False)
    (tmp_path / "p.moaql").write_text('model a = "openai/nobody" base_url="http://127.0.0.1:9" api_key_env=none\na\n')
    result = CliRunner().invoke(command, [*arguments, "--port", "0", "--no-bank"])
    assert isinstance(result.exception, UsageError), result.output
    assert said in result.exception.message


def test_a_program_with_mistakes_is_shown_and_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.moaql").write_text("nobody x3 -> vote\n")
    result = CliRunner().invoke(command, ["p.moaql", "--port", "0"])
    assert result.exit_code == 1
    assert "error[E205]" in result.output


def test_a_port_that_is_taken_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.moaql").write_text('model a = "sim/strong"\na\n')
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(command, ["p.moaql", "--port", str(taken.getsockname()[1]), "--no-bank"])
    assert isinstance(result.exception, UsageError)
    assert "cannot listen on 127.0.0.1" in result.exception.message


def test_without_its_packages_the_way_to_get_them_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "uvicorn" else found(name, *more)
    )
    result = CliRunner().invoke(command, ["p.moaql"])
    assert isinstance(result.exception, MissingPackage)
    assert result.exception.next_step == "Install it with `pip install 'moaql[serve]'`."


def test_the_command_is_cheap_to_look_at() -> None:
    code = "import sys, moaql.cli.serve; print(sorted({'starlette', 'uvicorn', 'asyncio', 'httpx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
