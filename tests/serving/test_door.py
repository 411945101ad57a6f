"""Who is let in, how much they may ask, and what stands in the log and in the counts."""

import hashlib
import json
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from servers.faults import FaultServer, Later, Says, Silent
from serving.running import QUESTION, Running, serving

from moaql.errors import UsageError
from moaql.serving.keys import Key, Rate, find_key, read_keys
from moaql.serving.server import is_loopback, listen
from moaql.serving.visit import Rules, Visit

Program = Callable[..., Path]
ANN = "ann-0123456789-abcdefgh"
BEN = "ben-0123456789-abcdefgh"


def key(name: str, text: str, **limits: Any) -> Key:
    return Key(name, hashlib.sha256(text.encode()).digest(), **limits)


KEYS = (key("ann", ANN), key("ben", BEN))


WRONG = [
    ({}, "the key is missing"),
    ({"authorization": "Bearer wrong"}, "the key is wrong"),
    ({"authorization": f"Bearer {ANN}x"}, "the key is wrong"),
    ({"authorization": f"Bearer {ANN[:-1]}"}, "the key is wrong"),
    ({"authorization": f"Basic {ANN}"}, "the key is wrong"),
    ({"authorization": "Bearer"}, "the key is wrong"),
    ({"api-key": ANN}, "the key is missing"),
]
PATHS = ("/v1/models", "/v1/models/main", "/metrics", "/openapi.json", "/nothing")


def test_without_a_right_key_nothing_is_asked(program: Program) -> None:
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a"), keys=KEYS) as server:
        for headers, said in WRONG:
            for reply in (server.chat(headers=headers), *(server.get(path, headers=headers) for path in PATHS)):
                assert (reply.status, reply.json["error"]["code"]) == (401, "invalid_api_key")
                assert reply.error.startswith(said)
                assert reply.headers["www-authenticate"] == "Bearer"
            assert server.get("/health", headers=headers).json == {"status": "ok"}
    assert upstream.asked == []


def test_each_key_is_let_in_and_named_in_the_log_instead_of_shown(program: Program) -> None:
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a"), keys=KEYS) as server:
        for text in (ANN, BEN):
            with openai.OpenAI(base_url=server.url, api_key=text, max_retries=0) as asking:
                assert asking.chat.completions.create(model="main", messages=QUESTION).choices
        server.chat(key="wrong-key-0123456789")
    log = "\n".join(server.log)
    assert "key=ann model=main" in log
    assert "key=ben model=main" in log
    assert not re.search(f"{ANN}|{BEN}|wrong-key", log)
    assert ANN not in str(upstream.asked[0].headers)


def test_the_openai_client_calls_a_wrong_key_an_authentication_error(program: Program) -> None:
    with (
        FaultServer(a="fine") as upstream,
        serving(program(upstream, "a"), keys=KEYS) as server,
        openai.OpenAI(base_url=server.url, api_key="wrong", max_retries=0) as asking,
        pytest.raises(openai.AuthenticationError),
    ):
        asking.models.list()


def test_every_key_is_compared() -> None:
    assert find_key(KEYS, f"Bearer {BEN}") == KEYS[1]
    assert find_key(KEYS, f"bearer  {ANN} ") == KEYS[0]
    assert find_key(KEYS, f"Token {ANN}") is None
    assert "digest" not in repr(KEYS[0])


def test_keys_stand_in_a_file_as_they_are_or_as_digests(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    digest = hashlib.sha256(BEN.encode()).hexdigest()
    path.write_text(f'[keys.ann]\nkey = "{ANN}"\nper_minute = 60\n[keys.ben]\nsha256 = "{digest}"\ndollars = 5\n')
    assert read_keys(str(path), "from-the-environment") == (
        key("default", "from-the-environment"),
        key("ann", ANN, per_minute=60),
        key("ben", BEN, dollars=5.0),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no key"),
        ("keys = 5", "something else than keys"),
        (f"key = {ANN}", "is not TOML"),
        ('[keys.ann]\nkey = "short"', "not a text of at least 16"),
        (f'[keys.ann]\nkey = "{ANN}"\nminute = 5', "is not understood"),
        (f'[keys.ann]\nkey = "{ANN}"\nper_minute = 0', "`per_minute` of the key `ann`"),
        (f'[keys.ann]\nkey = "{ANN}"\ndollars = -1', "`dollars` of the key `ann`"),
        ('[keys.ann]\nsha256 = "12"', "not 64 digits"),
        ("[keys.ann]\nper_minute = 5", "has not one of `key` and `sha256`"),
        (f'[keys.ann]\nkey = "{ANN}"\n[keys.ben]\nkey = "{ANN}"', "two names have one key"),
    ],
)
def test_a_wrong_file_of_keys_is_told_without_the_keys(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_keys(str(path), None)
    assert ANN not in str(caught.value)


def test_a_rate_holds_for_any_minute() -> None:
    rate = Rate(2)
    assert [rate.wait(second) for second in (0, 30, 59, 60, 61)] == [0, 0, 1, 0, 29]
    assert Rate(None).wait(0) == 0


def test_a_key_has_its_rate(program: Program) -> None:
    keys = (key("ann", ANN, per_minute=2), key("ben", BEN))
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a"), keys=keys) as server:
        replies = [server.chat(key=ANN) for _ in range(4)]
        assert server.chat(key=BEN).status == 200
    assert [reply.status for reply in replies] == [200, 200, 429, 429]
    assert 1 <= int(replies[2].headers["retry-after"]) <= 60
    assert replies[2].json["error"]["code"] == "rate_limit_exceeded"


CALL = (100 * 1 + 10 * 2) / 1e6
"""Dollars of a call of the upstream server."""


CHEAP = Says("fine", usage=(20, 10))
PAID, WORST = (20 * 1 + 10 * 2) / 1e6, (27 * 1 + 10 * 2) / 1e6
"""Dollars of such a call, and those that are reserved for it: a token for each byte, and some for the message."""


def test_a_key_never_spends_more_than_its_dollars(program: Program) -> None:
    keys = (key("ann", ANN, dollars=3 * PAID + WORST), key("ben", BEN))
    with FaultServer(a=CHEAP) as upstream, serving(program(upstream, "a max_tokens=10"), keys=keys) as server:
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda number: server.chat(key=ANN, seed=number), range(8)))
        assert upstream.charged() == pytest.approx(4 * PAID)
        assert server.chat(key=BEN).status == 200
    assert sorted(reply.status for reply in replies) == [200] * 4 + [429] * 4
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.json["error"]["code"] == "insufficient_quota"
    assert refused.headers["x-should-retry"] == "false"


def test_the_budget_of_the_server_holds_for_all_keys(program: Program) -> None:
    keys = (key("ann", ANN, dollars=1.0), key("ben", BEN))
    with FaultServer(a=CHEAP) as upstream:
        with serving(program(upstream, "a max_tokens=10"), keys=keys, budget=2 * PAID + WORST) as server:
            assert [server.chat(key=each).status for each in (ANN, BEN, ANN, BEN, ANN)] == [200, 200, 200, 429, 429]
        assert upstream.charged() == pytest.approx(3 * PAID)


def test_more_than_so_many_at_once_are_asked_to_wait(program: Program) -> None:
    with (
        FaultServer(a=Silent()) as upstream,
        serving(program(upstream, "a"), rules=Rules(at_once=2, timeout=1.5)) as server,
        ThreadPoolExecutor(2) as pool,
    ):
        waiting = [pool.submit(server.chat, stream=each, seed=int(each)) for each in (False, True)]
        upstream.wait(lambda: len(upstream.asked) == 2)
        reply = server.chat()
        assert "moaql_requests_in_progress 2" in server.get("/metrics").data.decode()
        assert [each.result().status for each in waiting] == [504, 504]
    assert (reply.status, reply.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/v1/models/", "GET", 404),
        ("/v1/models/../../health", "GET", 404),
        ("/v1/models/%2e%2e/%2e%2e/etc/passwd", "GET", 404),
        ("//v1/models", "GET", 404),
        ("/V1/models", "GET", 404),
        ("/v1/models%00", "GET", 404),
        ("/v1/chat/completions", "GET", 405),
        ("/v1/chat/completions/", "POST", 404),
        ("/v1/models", "POST", 405),
        ("/health", "DELETE", 405),
    ],
)
def test_other_paths_lead_nowhere(plain: Running, path: str, method: str, status: int) -> None:
    reply = plain.get(path, method=method)
    assert reply.status == status
    assert reply.json["error"]["type"] == "invalid_request_error"


def test_without_keys_a_page_cannot_point_its_own_name_here(program: Program) -> None:
    rules = Rules(hosts=frozenset({"localhost", "127.0.0.1", "::1"}))
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a"), rules=rules) as server:
        for host in ("evil.example.com", "evil.example.com:80", "", "127.0.0.1.evil.com"):
            assert server.chat(headers={"host": host}).status == 403
        assert upstream.asked == []
        assert server.chat(headers={"host": f"localhost:{server.port}"}).status == 200
        assert server.chat(headers={"host": f"[::1]:{server.port}"}).status == 200


def test_a_type_that_pages_may_send_unasked_is_refused(plain: Running) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert plain.chat(headers={"content-type": kind}).status == 415
    assert plain.chat(headers={"content-encoding": "gzip"}).status == 415
    assert plain.chat(headers={"content-type": "application/json; charset=utf-8"}).status == 200


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"seed": ' + b"9" * 5000 + b"}", b"NaN"]
)
def test_a_body_that_is_no_request_is_told(plain: Running, data: bytes) -> None:
    reply = plain.post(data)
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")
    assert plain.chat().status == 200


def test_halves_of_surrogate_pairs_go_through(program: Program) -> None:
    with FaultServer(a="fine \ud83d") as upstream, serving(program(upstream, "a")) as server:
        body = b'{"model": "main", "messages": [{"role": "user", "content": "half \\ud83d"}]}'
        assert server.post(body).text == "fine \ud83d"
        assert server.chat(model="\ud83d").status == 404


def test_nobody_can_write_lines_into_the_log() -> None:
    line = Visit("GET", '/a\r\n2026 200 "', model="x\x1b[31m é", status=404, reason="two\nlines").line()
    assert "\n" not in line
    assert "\x1b" not in line
    assert "/a%0D%0A2026%20200%20%22" in line
    assert 'reason="two%0Alines"' in line


def test_the_log_has_a_line_for_each_request_and_no_question(program: Program) -> None:
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a")) as server:
        server.chat(messages=[{"role": "user", "content": "my secret"}])
        server.get("/health")
        server.get("/nothing")
    assert [line.split()[1:4] for line in server.log] == [
        ["200", "POST", "/v1/chat/completions"],
        ["200", "GET", "/health"],
        ["404", "GET", "/nothing"],
    ]
    assert f"model=main stream=no calls=1 tokens=100+10 paid=${CALL:.6f} trace=" in server.log[0]
    assert "secret" not in server.log[0]


SAMPLE = re.compile(r'[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? -?[0-9.e+-]+')


def test_the_counts_are_what_prometheus_reads(program: Program) -> None:
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a")) as server:
        for stream in (False, True):
            server.chat(stream=stream)
        server.chat(model="nobody")
        reply = server.get("/metrics")
    lines = reply.data.decode().splitlines()
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert all(line.startswith(("# HELP moaql_", "# TYPE moaql_")) or SAMPLE.fullmatch(line) for line in lines)
    for line in (
        'moaql_requests_total{model="main",status="200"} 2',
        'moaql_requests_total{model="",status="404"} 1',
        'moaql_calls_total{model="main"} 2',
        'moaql_tokens_total{model="main",kind="prompt"} 200',
        'moaql_tokens_total{model="main",kind="completion"} 20',
        'moaql_paid_dollars_total{model="main"} 0.00024',
        'moaql_request_seconds_bucket{model="main",le="+Inf"} 2',
        'moaql_request_seconds_count{model="main"} 2',
        "moaql_open_streams 0",
    ):
        assert line in lines


def test_open_streams_are_counted_while_they_are_open(program: Program) -> None:
    with (
        FaultServer(a=Later(0.6, "fine")) as upstream,
        serving(program(upstream, "a"), rules=Rules(alive_seconds=0.05)) as server,
    ):
        with ThreadPoolExecutor(1) as pool:
            open_one = pool.submit(server.chat, stream=True)
            _until(lambda: "moaql_open_streams 1\n" in server.get("/metrics").data.decode())
            assert open_one.result().status == 200
        assert "moaql_open_streams 0\n" in server.get("/metrics").data.decode()


def test_the_description_is_of_what_is_there(program: Program) -> None:
    import jsonschema

    with FaultServer(a="fine") as upstream, serving(program(upstream, "a"), keys=KEYS) as server:
        document = server.get("/openapi.json", key=ANN).json
        answer = server.chat(key=ANN).json
        error = server.chat(key=ANN, n=0).json
        models = server.get("/v1/models", key=ANN).json
        for path, methods in document["paths"].items():
            for method in methods:
                assert server.get(path.replace("{name}", "main"), key=ANN, method=method.upper()).status not in (
                    404,
                    405,
                )
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    assert schemas["ChatRequest"]["properties"]["model"] == {"enum": ["main"]}
    for name, instance in (("ChatCompletion", answer), ("Error", error), ("ModelList", models)):
        jsonschema.validate(instance, json.loads(json.dumps(schemas[name])))


def test_this_machine_is_told_from_the_network() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("localhost")
    assert is_loopback("127.8.8.8")
    for host in ("0.0.0.0", "", "192.0.2.1"):
        assert not is_loopback(host)
        with pytest.raises(UsageError, match="without a key, nobody but this machine may ask"):
            listen(host, 0, has_keys=False)
    with pytest.raises(UsageError, match="is no address to listen on"):
        is_loopback("no such host")


def test_what_is_sent_is_not_held_back() -> None:
    """asyncio sets TCP_NODELAY where the socket says that it is TCP's; otherwise each reply waits for an acknowledgement."""
    with listen("127.0.0.1", 0, has_keys=False) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def _until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    import time

    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
