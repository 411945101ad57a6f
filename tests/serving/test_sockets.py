"""Clients that are slow, large, broken, or gone."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.faults import FaultServer, Later, Says, Silent, Stall
from serving.running import Running, chat_bytes, receive_all, request_bytes, serving

from moaql.serving.connections import Patience
from moaql.serving.visit import Rules

Program = Callable[..., Path]


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 500_000,
        b"GET /" + b"x" * 100_000,
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, gzip\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_and_hung_up(plain: Running, sent: bytes) -> None:
    with plain.connect() as connection:
        connection.sendall(sent)
        reply = receive_all(connection)
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501"))
    if body:
        assert json.loads(body)["error"]["type"] == "invalid_request_error"
    assert plain.chat().status == 200


def test_a_head_that_comes_drop_by_drop_is_given_up(program: Program) -> None:
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a"), patience=Patience(head=0.4)) as server:
        silent, dripping, second = server.connect(), server.connect(), server.connect()
        with silent, dripping, second:
            second.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            heard = b""
            while not heard.endswith(b'{"status":"ok"}'):
                heard += second.recv(65536)
            second.sendall(b"GET /hea")  # the head of a second request is not waited for longer
            began = time.monotonic()
            for piece in (b"G", b"E", b"T"):
                dripping.sendall(piece)
                time.sleep(0.05)
            assert server.chat().status == 200
            assert [receive_all(each) for each in (silent, dripping, second)] == [b"", b"", b""]
        assert time.monotonic() - began < 5


def test_a_request_that_is_being_answered_is_not_taken_for_a_slow_one(program: Program) -> None:
    with (
        FaultServer(a=Later(0.8, "fine")) as upstream,
        serving(program(upstream, "a"), patience=Patience(head=0.2)) as server,
    ):
        assert server.chat().text == "fine"


def test_a_body_that_comes_drop_by_drop_is_given_up(program: Program) -> None:
    with (
        FaultServer(a="fine") as upstream,
        serving(program(upstream, "a"), rules=Rules(body_seconds=0.3)) as server,
        server.connect() as connection,
    ):
        connection.sendall(request_bytes(b'{"model"', length=500))
        head = connection.recv(65536)
        connection.close()
    assert head.startswith(b"HTTP/1.1 408")
    assert upstream.asked == []


@pytest.mark.parametrize("sized", [True, False])
def test_a_body_of_100_mb_is_refused_without_being_kept(program: Program, sized: bool) -> None:
    """By its length before it is read, or while it is read; its sender gets to read why."""
    import resource

    piece, count = b"x" * 2**20, 100
    chunked = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a")) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with server.connect() as connection:
            connection.sendall(request_bytes(b"", length=count * len(piece)) if sized else chunked.encode())
            for _ in range(count):
                connection.sendall(piece if sized else b"%x\r\n%s\r\n" % (len(piece), piece))
            reply = connection.recv(65536)
            if b"\r\n\r\n{" not in reply:
                reply += connection.recv(65536)
        assert server.chat().status == 200
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413")
    assert json.loads(body)["error"]["code"] == "body_too_large"
    assert grown < 40 * 1024  # kilobytes


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_ends_its_calls(program: Program, stream: bool) -> None:
    with FaultServer(a=Silent(), b=Silent(), g="never") as upstream:
        with serving(program(upstream, "layer [a, b] -> agg g")) as server:
            with server.connect() as connection:
                connection.sendall(chat_bytes(stream=stream))
                upstream.wait(lambda: len(upstream.asked) == 2)
            upstream.wait(lambda: all(each.left for each in upstream.asked))
            upstream.wait(lambda: not upstream.busy)
            lines = server.get("/metrics").data.decode().splitlines()
        assert upstream.of("g") == []
        assert " 499 POST" in server.log[0]
        assert 'moaql_requests_total{model="main",status="499"} 1' in lines
        assert "moaql_cancelled_calls_total 2" in lines
        ((dollars,),) = [line.split()[1:] for line in lines if line.startswith("moaql_cancelled_dollars_total")]
        assert 0.03 < float(dollars) < 0.04  # of two calls that could have written 8,192 tokens each, at $2 a million


def test_what_a_client_that_left_had_paid_is_counted(program: Program) -> None:
    with FaultServer(a="draft", g=Silent()) as upstream:
        with serving(program(upstream, "a x2 temperature=1 -> agg g")) as server:
            with server.connect() as connection:
                connection.sendall(chat_bytes())
                upstream.wait(lambda: len(upstream.of("g")) == 1)
            upstream.wait(lambda: upstream.of("g")[0].left)
            upstream.wait(lambda: not upstream.busy)
            lines = server.get("/metrics").data.decode().splitlines()
        assert " 499 POST" in server.log[0]
        assert "paid=$0.000240" in server.log[0]
    assert 'moaql_paid_dollars_total{model="main"} 0.00024' in lines
    assert "moaql_cancelled_calls_total 1" in lines


def test_a_client_that_leaves_in_the_middle_of_a_stream_ends_its_calls(program: Program) -> None:
    with FaultServer(a=Stall("the first words")) as upstream, serving(program(upstream, "a")) as server:
        with server.connect() as connection:
            connection.sendall(chat_bytes(stream=True))
            while b"words" not in (heard := connection.recv(65536)) and b"rds" not in heard:
                pass
            assert server.door.metrics.open_streams == 1
        upstream.wait(lambda: upstream.asked[0].left)
    assert server.door.metrics.open_streams == 0
    assert " 499 POST" in server.log[-1]


def test_two_who_ask_the_same_share_a_call_and_one_may_leave(program: Program) -> None:
    with FaultServer(a=Later(0.5, "fine")) as upstream, serving(program(upstream, "a")) as server:
        with server.connect() as connection:
            connection.sendall(chat_bytes())
            upstream.wait(lambda: len(upstream.asked) == 1)
            other = server.connect()
            other.sendall(chat_bytes())
            time.sleep(0.1)
        with other:
            heard = b""
            while not heard.endswith(b"}}"):
                heard += other.recv(65536)
            assert b'"content": "fine"' in heard
    assert len(upstream.asked) == 1


def test_a_client_that_leaves_in_a_burst_is_no_news_to_asyncio(
    program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    with FaultServer(a=Says("word " * 4000)) as upstream, serving(program(upstream, "a")) as server:
        for seed in range(5):
            with server.connect() as connection:
                connection.sendall(chat_bytes(stream=True, seed=seed))
                connection.recv(200)
        assert server.chat(model="nobody").status == 404
        upstream.wait(lambda: not upstream.busy)
    assert [each.getMessage() for each in caplog.records if each.name == "asyncio"] == []


def test_all_who_ask_the_same_at_once_hear_it_as_it_is_written(program: Program) -> None:
    """The second comes in the middle, and hears first what was said before."""
    with FaultServer(a=Stall("the first words")) as upstream, serving(program(upstream, "a")) as server:
        heard = []
        with server.connect() as first, server.connect() as second:
            for connection in (first, second):
                connection.sendall(chat_bytes(stream=True))
                heard.append(b"")
                while b"rds" not in heard[-1]:
                    heard[-1] += connection.recv(65536)
        upstream.wait(lambda: upstream.asked[0].left)
    assert len(upstream.asked) == 1
    assert b'"content":"the first words"' in heard[1]


def test_one_of_those_who_hear_the_same_may_leave(program: Program) -> None:
    with (
        FaultServer(a=Later(0.5, "fine again")) as upstream,
        serving(program(upstream, "a")) as server,
        server.connect() as other,
    ):
        with server.connect() as connection:
            connection.sendall(chat_bytes(stream=True))
            upstream.wait(lambda: len(upstream.asked) == 1)
            other.sendall(chat_bytes(stream=True))
            time.sleep(0.1)
        heard = b""
        while b"[DONE]" not in heard:
            heard += other.recv(65536)
    assert heard.count(b'"content":') >= 3  # in pieces, though it was the other who had begun
    assert len(upstream.asked) == 1


def little_room(server: Running) -> socket.socket:
    """A connection into which little fits that is not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    return connection


def test_a_client_that_does_not_read_is_hung_up(program: Program) -> None:
    long = Says("word " * 400_000, usage=(10, 400_000))
    with FaultServer(a=long) as upstream, serving(program(upstream, "a"), patience=Patience(unread=0.3)) as server:
        with little_room(server) as connection:
            connection.sendall(chat_bytes(stream=True))
            end = time.monotonic() + 20
            while not any(" 499 POST" in line for line in server.log):
                assert time.monotonic() < end
                time.sleep(0.05)
        assert server.chat(model="nobody").status == 404


def test_a_client_that_reads_slowly_gets_all_of_it(program: Program) -> None:
    long = Says("word " * 400_000, usage=(10, 400_000))
    with FaultServer(a=long) as upstream, serving(program(upstream, "a"), patience=Patience(unread=0.3)) as server:
        with little_room(server) as connection:
            connection.sendall(chat_bytes())
            heard = b""
            while not heard.endswith(b"}}"):
                heard += (piece := connection.recv(65536))
                assert piece
                time.sleep(0.02)
        assert len(heard) > 2_000_000


def test_pipelined_requests_are_answered_in_turn(program: Program) -> None:
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a")) as server, server.connect() as connection:
        connection.sendall(chat_bytes() + b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        reply = receive_all(connection)
    assert reply.count(b"HTTP/1.1 200 OK") == 2
    assert reply.index(b'"fine"') < reply.index(b'{"status":"ok"}')
