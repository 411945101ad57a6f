"""A key is in the environment and in the request, and a server repeats it wherever it can: it stays out of all that is written."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from servers.faults import Act, Ends, FaultServer, Part, Says, Status, ask, session

import moaql
from moaql.run.spans import Spans
from moaql.run.trace import TraceFile

KEYS = {"usual": "sk-proj-PrivateKey0123456789abcdef", "odd": "Qx7/plain+key=with&odd$chars"}
HEADERS = ("www-authenticate", "x-request-id", "location", "retry-after", "set-cookie", "server")


def echoes(key: str) -> dict[str, Act]:
    """Replies that repeat what was sent, in every place that a reply has."""
    bearer = f"Bearer {key}"
    headers = dict.fromkeys(HEADERS, bearer)
    html = f"<html><head><title>401 {bearer}</title></head><body>Authorization: {bearer}</body></html>".encode()
    return {
        "json": Status(401, {"error": {"message": f"Incorrect API key provided: {key}.", "code": key}}, headers),
        "detail": Status(422, {"detail": [{"loc": ["header", "authorization"], "input": bearer}]}, headers),
        "plain": Status(400, f"bad header authorization: {bearer}".encode(), headers, "text/plain"),
        "quoted": Status(400, f"GET /?key={quote(key, safe='')} failed".encode(), headers, "text/plain"),
        "html": Status(502, html, headers, "text/html"),
        "busy": Status(429, {"error": {"message": f"limit of {key} reached"}}, headers),
        "moved": Status(307, b"", headers),
        "long": Status(400, (b"x" * 290 + key.encode()), headers, "text/plain"),
        "nonsense": Status(200, html, headers, "text/html"),
        "inside": Status(200, {"error": {"message": f"the key {key} has expired", "type": key}}, headers),
        "refusal": Status(200, {"choices": [{"message": {"content": None, "refusal": f"I will not say {key}"}}]}),
        "fine": Says("a fine answer", extra={"id": key, "system_fingerprint": bearer}),
    }


def parts_of(text: str | bytes, key: str) -> bool:
    """Whether a text holds the key, a good part of it, or a form of it."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    forms = [key, quote(key, safe=""), key[:12], key[-12:], key.replace("/", "\\/")]
    return any(form.encode() in raw for form in forms)


@pytest.fixture(params=KEYS.values(), ids=KEYS)
def key(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MY_SERVERS_KEY", request.param)
    return str(request.param)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and all that hang on it."""
    seen: set[int] = set()
    todo = [error]
    while todo:
        each = todo.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            todo += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]


def settings() -> str:
    return 'price_in=$1 price_out=$2 api_key_env="MY_SERVERS_KEY"'


def failure(part: Part, **options: Any) -> BaseException:
    with FaultServer(a=part) as server:
        with pytest.raises(moaql.MoaqlError) as failed:
            ask(server, "a", settings=settings(), attempts=1, **options)
        assert server.asked[0].headers["authorization"] == f"Bearer {os.environ['MY_SERVERS_KEY']}"
    return failed.value


def test_no_exception_shows_it(key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name, part in echoes(key).items():
        if name == "fine":
            continue
        for each in chain(failure(part)):
            shown = [str(each), repr(each), repr(each.args), repr(vars(each)), *getattr(each, "__notes__", ())]
            assert not any(parts_of(text, key) for text in shown), name
    assert not parts_of(caplog.text, key)


def test_no_exception_of_a_stream_shows_it(key: str) -> None:
    replies = {**echoes(key), "event": Ends("half", f"Bearer {key} was revoked"), "none": Ends("", f"no {key}")}
    del replies["fine"]
    for name, part in replies.items():
        with FaultServer(a=part) as server:
            topology = moaql.parse(server.program("a", settings())).topology()

            async def listen(topology: Any = topology) -> None:
                async with session(attempts=1) as caller:
                    async for _ in topology.stream("Q", session=caller):
                        pass

            with pytest.raises(moaql.MoaqlError) as failed:
                asyncio.run(listen())
        for each in chain(failed.value):
            assert not parts_of(f"{each} {each!r} {vars(each)}", key), name


def test_no_trace_span_or_bank_holds_it(key: str, tmp_path: Path) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    replies = echoes(key)
    with FaultServer(**replies) as server, TraceFile(str(tmp_path / "trace.jsonl")) as trace:
        answer = ask(
            server,
            f"layer [{', '.join(replies)}] -> agg fine",
            settings=settings(),
            listeners=(trace, Spans(provider.get_tracer("test"))),
            bank=str(tmp_path / "bank.db"),
            attempts=1,
        )
    provider.shutdown()
    assert answer.text == "a fine answer"
    assert len(answer.losses) == len(replies) - 1
    assert not parts_of(repr(answer) + json.dumps(answer.as_json()), key)
    spans = exporter.get_finished_spans()
    assert len(spans) == len(replies) + 2
    assert not any(parts_of(each.to_json(), key) for each in spans)
    assert_clean(tmp_path, key)


def assert_clean(folder: Path, key: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert not parts_of(path.read_bytes(), key), path
        assert b"uthorization: Bearer" not in path.read_bytes(), path


@pytest.mark.parametrize("command", ["run", "json", "stream", "batch"])
def test_no_command_prints_or_writes_it(command: str, key: str, tmp_path: Path) -> None:
    replies = echoes(key)
    with FaultServer(**replies) as server:
        pipeline = f"layer [{', '.join(replies)}] -> agg fine"
        (tmp_path / "p.moaql").write_text(server.program(f"topology t = {pipeline}\ntopology bad = json", settings()))
        (tmp_path / "in.jsonl").write_text('{"input": "one"}\n{"input": "two"}\n')
        more = ["--verbose", "--attempts", "1", "--trace", "trace.jsonl"]
        for name, code in (("t", 0), ("bad", 3)):
            arguments = {
                "run": ["run", f"p.moaql::{name}", "Q", *more],
                "json": ["run", f"p.moaql::{name}", "Q", "--json", *more],
                "stream": ["run", f"p.moaql::{name}", "Q", "--stream", *more],
                "batch": ["batch", f"p.moaql::{name}", "in.jsonl", "-o", f"{name}.jsonl", *more],
            }[command]
            done = subprocess.run(
                [sys.executable, "-m", "moaql", *arguments],
                cwd=tmp_path,
                env={**os.environ, "HOME": str(tmp_path), "PYTHONASYNCIODEBUG": "1"},
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == code, done.stderr.decode()
            assert not parts_of(done.stdout + done.stderr, key)
            assert b"MY_SERVERS_KEY" in done.stderr or code == 0  # it says where the key is looked for
    assert_clean(tmp_path, key)
