"""Requests as they stand on the wire: their heads, what comes behind their bodies, and replies in one piece."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.faults import FaultServer, Later
from serving.running import Running, chat_bytes, receive_all, serving

Program = Callable[..., Path]

CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
BODY = json.dumps({"model": "main", "messages": [{"role": "user", "content": "What is it?"}]}).encode()
CHUNKED = CHAT + b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n" % (len(BODY), BODY)


def answer_to(server: Running, *sent: bytes) -> bytes:
    """All that the server sends until it hangs up."""
    with server.connect() as connection:
        for piece in sent:
            connection.sendall(piece)
        return receive_all(connection)


def test_fields_behind_a_body_are_not_headers(plain: Running) -> None:
    """Else a client could name another host there, or another key, behind the back of a proxy that has looked at the head."""
    closing = CHUNKED.replace(b"host", b"connection: close\r\nhost", 1)
    reply = answer_to(plain, closing + b"host: elsewhere.example\r\nauthorization: Bearer other\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health HTTP/1.1\r\nhost: localhost\r\nhost: elsewhere\r\n\r\n",
        b"GET /health HTTP/1.1\r\nx: 1\r\n\r\n",
        CHUNKED + b"x: " + b"y" * 400_000,
        b"GET /health HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 400_000,
        b"CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 40_000 + b"\r\n\r\n",
        CHUNKED.replace(b"chunked", b"gzip, chunked"),
        CHUNKED.replace(b"chunked", b"identity\r\ntransfer-encoding: chunked"),
        CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0"),
        CHUNKED.replace(b"HTTP/1.1", b"HTTP/2.0"),
        CHUNKED.replace(b"\r\n\r\n", b"\r\n\r\nno number of bytes\r\n", 1),
    ],
    ids=[
        "two hosts",
        "no host",
        "an endless field behind a body",
        "an endless header",
        "a tunnel",
        "a large header",
        "a coding that is not undone",
        "two codings",
        "chunks in HTTP/1.0",
        "another HTTP",
        "a body that is none",
    ],
)
def test_what_could_fool_or_fill_the_server_is_hung_up_on(plain: Running, sent: bytes) -> None:
    reply = answer_to(plain, sent)
    assert b"HTTP/1.1 400" in reply or reply == b""


def test_a_head_of_many_small_pieces_that_never_ends_is_refused_by_its_size(plain: Running) -> None:
    lines = [b"x%d: %s\r\n" % (number, b"y" * 1_000) for number in range(600)]
    reply = answer_to(plain, b"GET /health HTTP/1.1\r\nhost: localhost\r\n" + b"".join(lines))
    assert reply.startswith(b"HTTP/1.1 400")


def test_a_client_that_offers_http_2_is_answered_by_http_1_also_twice(plain: Running) -> None:
    offer = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAA\r\n"
    request = CHAT + offer + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
    with plain.connect() as connection:
        for _ in range(2):
            connection.sendall(request)
            heard = b""
            while not heard.endswith(b"}}"):
                heard += connection.recv(65536)
            assert heard.startswith(b"HTTP/1.1 200")


def test_a_body_is_never_changed_wherever_the_packets_end(plain: Running) -> None:
    """An offer of another protocol is taken out of heads. In a body it would push the body's end out, to be read as a request."""
    hidden = b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"
    lines = (len(hidden) + 1) // 2  # each offer would grow by two bytes
    body = b"{}" + b"\r\nupgrade:" * lines + b"X" * (2 * lines - len(hidden)) + hidden
    head = CHAT + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    for end in range(len(head) - 4, len(head) + 1):
        with plain.connect() as connection:
            connection.sendall(head[:end])
            time.sleep(0.05)
            connection.sendall(head[end:] + body)
            reply = receive_all(connection)
        assert reply.count(b"HTTP/1.1") == 1
        assert reply.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("seconds", [0, 0.3])
def test_a_client_that_leaves_with_a_request_behind_is_noticed(program: Program, seconds: float) -> None:
    with FaultServer(a=Later(20, "never")) as upstream, serving(program(upstream, "a")) as server:
        with server.connect() as connection:
            connection.sendall(chat_bytes())
            upstream.wait(lambda: len(upstream.asked) == 1)
            time.sleep(seconds)
            connection.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            time.sleep(0.1)
        upstream.wait(lambda: upstream.asked[0].left)
        assert server.logged(" 499 POST")


@pytest.mark.parametrize("behind", [b"\x00\x01 nonsense\r\n\r\n", CHUNKED.replace(b"\r\n\r\n", b"\r\n\r\nzz\r\n", 1)])
def test_what_came_before_nonsense_is_answered(program: Program, behind: bytes) -> None:
    with FaultServer(a=Later(0.3, "fine")) as upstream, serving(program(upstream, "a")) as server:
        reply = answer_to(server, chat_bytes() + behind + chat_bytes())
    assert reply.count(b"HTTP/1.1") == 1
    assert b'"fine"' in reply


def test_streams_of_http_1_0_come_without_chunks(program: Program) -> None:
    with FaultServer(a="some words of an answer") as upstream, serving(program(upstream, "a")) as server:
        reply = answer_to(server, chat_bytes(stream=True).replace(b"HTTP/1.1", b"HTTP/1.0"))
        whole = answer_to(server, chat_bytes().replace(b"HTTP/1.1", b"HTTP/1.0"))
    head, _, events = reply.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert events.startswith(b"data: {")
    assert events.endswith(b"data: [DONE]\n\n")
    assert json.loads(whole.partition(b"\r\n\r\n")[2])["choices"][0]["message"]["content"] == "some words of an answer"


def test_a_request_refused_before_its_broken_body_came_has_one_answer(plain: Running) -> None:
    head = b"POST /nothing HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    with plain.connect() as connection:
        connection.sendall(head + b"5\r\nabc")
        reply = connection.recv(65536)
        connection.sendall(b"dezz\r\n")
        reply += receive_all(connection)
    assert reply.startswith(b"HTTP/1.1 404")
    assert reply.count(b"HTTP/1.1") == 1


def test_a_body_that_was_announced_and_refused_is_not_taken_for_a_request(plain: Running) -> None:
    announced = (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-type: text/plain\r\n"
    )
    reply = answer_to(plain, announced + b"content-length: 5\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 415")
    assert b"connection: close" in reply.lower()


def test_head_and_answer_come_in_one_piece(plain: Running) -> None:
    with plain.connect() as connection:
        connection.sendall(chat_bytes())
        reply = connection.recv(65536)
    assert reply.startswith(b"HTTP/1.1 200")
    assert reply.endswith(b"}}")


def test_head_without_a_body_is_answered(plain: Running) -> None:
    reply = answer_to(plain, b"HEAD /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200")
    assert reply.endswith(b"\r\n\r\n")
