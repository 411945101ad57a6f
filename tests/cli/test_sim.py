"""`moaql sim`: the server over a real socket, and questions."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from moaql.cli.sim import command
from moaql.errors import UsageError
from moaql.providers.base import Request
from moaql.simulation.answer import answer

START = "import sys\nfrom moaql.cli.sim import command\nsys.exit(command.main(sys.argv[1:], standalone_mode=False))"
SUM = "What is 17 * 23?"


@contextmanager
def server(*arguments: str) -> Iterator[str]:
    """A running server; its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", START, "serve", "--speed", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.stderr.read()
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Traceback" not in err


def body_of(question: str = SUM, model: str = "gpt-4o", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": question}], **more}


def post(url: str, body: Any, timeout: float = 10) -> tuple[int, dict[str, str], bytes]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/chat/completions", data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return reply.status, dict(reply.headers), reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.loads(reply.read())


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as base:
        yield base


def test_it_answers_as_the_models_in_process_do(url: str) -> None:
    status, _, data = post(url, body_of(seed=4, temperature=0.7))
    reply = json.loads(data)
    expected = answer(Request("sim", "gpt-4o", (("user", SUM),), (("seed", 4), ("temperature", 0.7))))
    assert status == 200
    assert reply["choices"][0]["message"]["content"] == expected.text
    assert reply["usage"]["completion_tokens"] == expected.completion_tokens
    assert reply["model"] == "sim/gpt-4o (simulated)"


def test_equal_requests_draw_new_samples_and_the_same_seed_the_same(url: str) -> None:
    free = {json.loads(post(url, body_of("Is this new?"))[2])["choices"][0]["message"]["content"] for _ in range(4)}
    fixed = {
        json.loads(post(url, body_of("Is this new?", seed=1))[2])["choices"][0]["message"]["content"] for _ in range(3)
    }
    assert len(free) > 1
    assert len(fixed) == 1


def test_it_lists_its_models_and_its_health(url: str) -> None:
    assert "strong" in [row["id"] for row in get(f"{url}/models")["data"]]
    assert get(url.removesuffix("/v1") + "/health")["status"] == "ok"


def test_it_gives_several_choices_and_logprobs(url: str) -> None:
    reply = json.loads(post(url, body_of(n=3, logprobs=True))[2])
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2]
    tokens = reply["choices"][0]["logprobs"]["content"]
    assert "".join(each["token"] for each in tokens) == reply["choices"][0]["message"]["content"]
    assert all(each["logprob"] < 0 for each in tokens)


def test_it_streams_with_usage_at_the_end(url: str) -> None:
    _, headers, data = post(url, body_of(seed=1, stream=True, stream_options={"include_usage": True}))
    assert headers["Content-Type"].startswith("text/event-stream")
    events = [line.removeprefix("data: ") for line in data.decode().split("\n\n") if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(each) for each in events[:-1]]
    text = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    whole = json.loads(post(url, body_of(seed=1))[2])
    assert text == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == whole["usage"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        ([], 400),
        ({"model": "gpt-4o"}, 400),
        (body_of(n=0), 400),
        (body_of(temperature=9), 400),
        (body_of(max_tokens="many"), 400),
        (body_of(stop=7), 400),
        ({"model": "gpt-4o", "messages": ["hello"]}, 400),
        (body_of(model="gpt-9"), 404),
    ],
)
def test_a_bad_request_is_told(url: str, body: Any, status: int) -> None:
    code, _, data = post(url, body)
    assert code == status
    assert json.loads(data)["error"]["message"]


FAULTS = {
    "429": lambda status, headers, data: status == 429 and float(headers["Retry-After"]) > 0,
    "429-bare": lambda status, headers, data: status == 429 and "Retry-After" not in headers,
    "500": lambda status, headers, data: status == 500 and b"error" in data,
    "502-html": lambda status, headers, data: status == 502 and data.startswith(b"<html>"),
    "empty": lambda status, headers, data: status == 200 and data == b"",
    "malformed": lambda status, headers, data: status == 200 and data.startswith(b"{") and not data.endswith(b"}"),
    "no-usage": lambda status, headers, data: "usage" not in json.loads(data),
    "no-choices": lambda status, headers, data: json.loads(data)["choices"] == [],
    "null-content": lambda status, headers, data: json.loads(data)["choices"][0]["message"]["content"] is None,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_shows_on_the_wire(kind: str) -> None:
    with server("--fault", kind) as url:
        assert FAULTS[kind](*post(url, body_of()))


@pytest.mark.parametrize("stream", [False, True])
def test_a_reset_loses_the_connection_in_the_middle(stream: bool) -> None:
    with server("--fault", "reset=1") as url, pytest.raises((HTTPException, OSError)):
        post(url, body_of(stream=stream))


def test_a_stall_says_nothing_and_does_not_hold_up_the_end() -> None:
    with server("--fault", "stall=1") as url:
        with pytest.raises(TimeoutError):
            post(url, body_of(), timeout=0.3)
        start = time.monotonic()
    assert time.monotonic() - start < 10


def test_faults_meet_about_their_share_of_requests() -> None:
    with server("--fault", "500=0.3", "--seed", "5") as url:
        codes = [post(url, body_of())[0] for _ in range(60)]
    assert 5 < codes.count(500) < 35
    assert codes.count(200) + codes.count(500) == 60


def test_a_rate_limit_lets_so_many_through() -> None:
    with server("--rate-limit", "3/s") as url:
        replies = [post(url, body_of()) for _ in range(8)]
    assert [status for status, _, _ in replies[:3]] == [200, 200, 200]
    refused = [headers for status, headers, _ in replies if status == 429]
    assert refused
    assert all(float(headers["Retry-After"]) > 0 for headers in refused)


def test_truth_may_come_from_a_key(tmp_path: Path) -> None:
    key = tmp_path / "key.jsonl"
    key.write_text(json.dumps({"input": "Which planet is it?", "target": "Kepler"}), encoding="utf-8")
    with server("--key", str(key)) as url:
        said = [post(url, body_of("Which planet is it?", model="strong"))[2] for _ in range(6)]
    assert any(b"Kepler" in data for data in said)


def test_a_world_may_come_from_a_file(tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    world.write_text('{"models": {"fox": {"like": "weak"}}}', encoding="utf-8")
    with server("--world", str(world)) as url:
        assert [row["id"] for row in get(f"{url}/models")["data"]] == ["fox"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "4299=1"], "no fault is called `4299`"),
        (["--fault", "429=2"], "gives no share"),
        (["--fault", "429=0.7", "--fault", "500=0.7"], "above 1"),
        (["--rate-limit", "fast"], "`fast` is no rate"),
        (["--world", "none.json"], "cannot be read"),
        (["--key", "none.jsonl"], "cannot read"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(command, ["serve", *arguments])
    assert isinstance(result.exception, UsageError)
    assert message in result.exception.message


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(command, ["serve", "--port", str(taken.getsockname()[1])])
    assert isinstance(result.exception, UsageError)
    assert "cannot listen on 127.0.0.1" in result.exception.message


def test_questions_are_written_as_json_lines() -> None:
    result = CliRunner().invoke(command, ["questions", "6", "--category", "code", "--category", "logic", "--seed", "3"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [sorted(row) for row in rows] == [["category", "id", "question", "target"]] * 6
    assert [row["category"] for row in rows] == ["code", "logic"] * 3


def test_questions_of_an_unknown_category_are_told() -> None:
    result = CliRunner().invoke(command, ["questions", "1", "--category", "maths"])
    assert isinstance(result.exception, UsageError)
