"""Requests as they stand on the wire: their heads, what comes behind their bodies, and replies in one piece."""

import json

import pytest
from serving.running import Running, chat_bytes, receive_all

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
    ],
    ids=["two hosts", "no host", "an endless field behind a body", "an endless header", "a tunnel"],
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
