"""The server as Anthropic's own client meets it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
from servers.faults import Ends, FaultServer, Later, Says, Silent, Stall, Status
from serving.running import QUESTION, Running, receive_all, serving

from moaql.serving.keys import Key
from moaql.serving.visit import Rules

Program = Callable[..., Path]
KEY = "ann-0123456789-abcdefgh"
KEYS = (Key("ann", hashlib.sha256(KEY.encode()).digest()),)
LOOK = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}
CALL = {"id": "call_7", "type": "function", "function": {"name": "look", "arguments": '{"where": "here"}'}}
USED = {"type": "tool_use", "id": "call_7", "name": "look", "input": {"where": "here"}}


@pytest.fixture
def upstream() -> Iterator[FaultServer]:
    with FaultServer(a="draft of a", b="draft of b", g=Says("one answer of both", usage=(200, 20))) as server:
        yield server


@pytest.fixture
def running(upstream: FaultServer, program: Program) -> Iterator[Running]:
    with serving(program(upstream, "layer [a, b] -> agg g")) as server:
        yield server


def client(server: Running, key: str = "none", retries: int = 0) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.root, api_key=key, max_retries=retries)


def ask(server: Running, key: str = "none", **body: Any) -> Any:
    with client(server, key) as asking:
        return asking.messages.create(**({"model": "main", "max_tokens": 100, "messages": QUESTION} | body))


def events(server: Running, **body: Any) -> list[Any]:
    with client(server) as asking:
        return list(
            asking.messages.create(
                **({"model": "main", "max_tokens": 100, "messages": QUESTION, "stream": True} | body)
            )
        )


def test_an_answer_has_the_tokens_and_dollars_of_all_calls(running: Running) -> None:
    reply = ask(running)
    assert (reply.type, reply.role, reply.model) == ("message", "assistant", "main")
    assert reply.id.startswith("msg_")
    assert [block.model_dump(exclude_none=True) for block in reply.content] == [
        {"type": "text", "text": "one answer of both"}
    ]
    assert (reply.stop_reason, reply.stop_sequence) == ("end_turn", None)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (400, 40)
    assert (reply.moaql["calls"], reply.moaql["paid"]) == (3, pytest.approx(0.00048))


def test_a_stream_is_the_last_call_as_it_comes(running: Running) -> None:
    found = events(running)
    kinds = [each.type for each in found]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    pieces = [each.delta.text for each in found if each.type == "content_block_delta"]
    assert "".join(pieces) == "one answer of both"
    assert len(pieces) > 3
    assert (found[-2].delta.stop_reason, found[-2].usage.output_tokens) == ("end_turn", 40)
    assert found[-2].moaql["calls"] == 3


def test_the_clients_own_stream_gathers_the_message(running: Running) -> None:
    with (
        client(running) as asking,
        asking.messages.stream(model="main", max_tokens=100, messages=QUESTION) as stream,  # type: ignore[arg-type]
    ):
        assert "".join(stream.text_stream) == "one answer of both"
        final = stream.get_final_message()
    assert final.content[0].text == "one answer of both"  # type: ignore[union-attr]
    assert (final.usage.input_tokens, final.usage.output_tokens) == (400, 40)


def test_the_conversation_and_its_system_message_reach_every_model(running: Running, upstream: FaultServer) -> None:
    turns = [
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": [{"type": "text", "text": "Marie."}]},
        {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "where?"}]},
    ]
    ask(running, messages=turns, system=[{"type": "text", "text": "Answer in French."}])
    ask(running, messages=turns, system="Answer in French.")
    for asked in upstream.asked:
        messages = asked.body["messages"]
        assert messages[0]["content"].startswith("Answer in French.")
        assert {"role": "assistant", "content": "Marie."} in messages
        assert "And\nwhere?" in messages[-1]["content"]


def test_settings_are_for_the_last_call_alone(running: Running, upstream: FaultServer) -> None:
    drawn = {"temperature": 0, "top_p": 0.5}  # the client itself does not know them any more
    ask(running, max_tokens=50, stop_sequences=["END"], metadata={"user_id": "ann"}, extra_body=drawn)
    (last,) = upstream.of("g")
    sent = {name: last.body[name] for name in ("temperature", "top_p", "max_tokens", "stop")}
    assert sent == {"temperature": 0, "top_p": 0.5, "max_tokens": 50, "stop": ["END"]}
    assert not upstream.of("a")[0].body.keys() & {"top_p", "max_tokens", "stop"}


def test_a_cut_answer_says_so(program: Program) -> None:
    with FaultServer(a=Says("half", finish="length")) as upstream, serving(program(upstream, "a")) as server:
        assert ask(server).stop_reason == "max_tokens"
        assert events(server)[-2].delta.stop_reason == "max_tokens"


def test_tools_are_called_and_told(program: Program) -> None:
    def act(asked: Any) -> Any:
        last = asked.body["messages"][-1]
        return f"It is {last['content']}." if last["role"] == "tool" else Says("Let me see.", calls=(CALL,))

    with FaultServer(a=act) as upstream, serving(program(upstream, "a")) as server:
        first = ask(server, tools=[LOOK], tool_choice={"type": "any", "disable_parallel_tool_use": True})
        assert [each.type for each in first.content] == ["text", "tool_use"]
        assert first.content[1].model_dump(include={"id", "name", "input"}) == {
            "id": "call_7",
            "name": "look",
            "input": {"where": "here"},
        }
        assert first.stop_reason == "tool_use"
        told = {"type": "tool_result", "tool_use_id": "call_7", "content": [{"type": "text", "text": "a hat"}]}
        said = [{"type": "text", "text": "Let me see."}, USED]
        turns = [*QUESTION, {"role": "assistant", "content": said}, {"role": "user", "content": [told]}]
        assert ask(server, messages=turns, tools=[LOOK]).content[0].text == "It is a hat."
        with (
            client(server) as asking,
            asking.messages.stream(model="main", max_tokens=9, messages=QUESTION, tools=[LOOK]) as stream,  # type: ignore[arg-type, list-item]
        ):
            final = stream.get_final_message()
    assert [each.type for each in final.content] == ["text", "tool_use"]
    assert final.content[1].input == {"where": "here"}  # type: ignore[union-attr]
    one, two, _ = (each.body for each in upstream.asked)
    function = {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}
    assert one["tools"] == [{"type": "function", "function": function}]
    assert (one["tool_choice"], one["parallel_tool_calls"]) == ("required", False)
    assert two["messages"][1:] == [
        {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_7", "content": "a hat"},
    ]


@pytest.mark.parametrize(
    "arguments", ["[1", '{"a": NaN}', '{"a": 1e999}', "[" * 100_000], ids=["cut", "nan", "large", "deep"]
)
def test_arguments_that_are_no_object_stand_in_one(program: Program, arguments: str) -> None:
    broken = CALL | {"function": {"name": "look", "arguments": arguments}}
    with FaultServer(a=Says(None, calls=(broken,))) as upstream, serving(program(upstream, "a")) as server:
        (block,) = ask(server, tools=[LOOK]).content
    assert block.input == {"INVALID_JSON": arguments}


def test_images_are_passed_on_by_a_topology_of_one_call(program: Program, running: Running) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    image = [{"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": "What?"}]}]
    with FaultServer(a="a pixel") as upstream, serving(program(upstream, "a", "one.moaql")) as server:
        assert ask(server, messages=image).content[0].text == "a pixel"
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    assert upstream.asked[0].body["messages"][0]["content"][0] == url
    with pytest.raises(anthropic.BadRequestError, match="only a topology of one call"):
        ask(running, messages=image)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "thinking: not supported by a topology"),
        ({"top_k": 5}, "`top_k`: not supported"),
        ({"depth": 5}, "the parameter `depth` is not known"),
        ({"max_tokens": None}, "`max_tokens` is missing"),
        ({"max_tokens": 0}, "`max_tokens` is a whole number"),
        ({"messages": []}, "`messages` is missing"),
        ({"messages": [{"role": "system", "content": "?"}]}, "a role that is not user or assistant"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, "does not end with a question"),
        ({"messages": [{"role": "user", "content": [{"type": "document"}]}]}, "documents: not supported"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]}]},
            "the `source` of an image",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "names no call by `tool_use_id`"),
        ({"system": 5}, "`system` is a text, or a list"),
        ({"stop_sequences": "END"}, "`stop_sequences` is a list of at most 4 texts"),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "those of a server are not supported"),
        ({"tools": [LOOK], "tool_choice": {"type": "perhaps"}}, "`tool_choice` is of type auto"),
    ],
)
def test_what_is_not_supported_is_named(plain: Running, one_model: FaultServer, body: Any, named: str) -> None:
    before = len(one_model.asked)
    sent = {"model": "main", "max_tokens": 9, "messages": QUESTION} | body
    reply = plain.post(json.dumps(sent).encode(), path="/messages")
    assert (reply.status, reply.json["type"]) == (400, "error")
    assert reply.json["error"]["type"] == "invalid_request_error"
    assert named in reply.error
    assert len(one_model.asked) == before


def test_what_an_assistant_thought_is_not_shown_again(plain: Running, one_model: FaultServer) -> None:
    said = [{"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "text", "text": "Yes."}]
    ask(plain, messages=[*QUESTION, {"role": "assistant", "content": said}, *QUESTION], thinking={"type": "disabled"})
    assert one_model.asked[-1].body["messages"][1] == {"role": "assistant", "content": "Yes."}


def test_errors_are_those_that_the_client_knows(program: Program) -> None:
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a"), keys=KEYS) as server:
        assert ask(server, KEY).content[0].text == "fine"
        with pytest.raises(anthropic.AuthenticationError) as wrong:
            ask(server, "wrong")
        with pytest.raises(anthropic.NotFoundError, match="there is no model `claude`"):
            ask(server, KEY, model="claude")
        with client(server, KEY) as asking, pytest.raises(anthropic.NotFoundError):
            asking.messages.count_tokens(model="main", messages=QUESTION)  # type: ignore[arg-type]
    assert wrong.value.body == {
        "type": "error",
        "error": {"type": "authentication_error", "message": "the key is wrong: send `Authorization: Bearer KEY`"},
    }
    assert not any(KEY in line for line in server.log)


def test_a_key_that_asks_too_often_is_asked_to_wait(program: Program) -> None:
    rated = (Key("ann", KEYS[0].digest, per_minute=1),)
    with FaultServer(a="fine") as upstream, serving(program(upstream, "a"), keys=rated) as server:
        ask(server, KEY)
        with pytest.raises(anthropic.RateLimitError) as caught:
            ask(server, KEY)
    assert caught.value.body["error"]["type"] == "rate_limit_error"  # type: ignore[index]
    assert int(caught.value.response.headers["retry-after"]) > 0


def test_what_moaql_has_tried_again_is_not_tried_again(program: Program) -> None:
    with FaultServer(a=Status(500)) as upstream, serving(program(upstream, "a")) as server:
        with client(server, retries=3) as asking, pytest.raises(anthropic.InternalServerError, match="no model"):
            asking.messages.create(model="main", max_tokens=9, messages=QUESTION)  # type: ignore[arg-type]
        assert len(upstream.asked) == 1


def test_a_stream_that_breaks_upstream_ends_with_an_error(program: Program) -> None:
    with (
        FaultServer(a=Ends("half of an answer")) as upstream,
        serving(program(upstream, "a")) as server,
        pytest.raises(anthropic.APIStatusError, match="no model of `main` gave an answer"),
    ):
        events(server)


def test_a_silent_stream_says_that_it_is_alive(program: Program) -> None:
    with (
        FaultServer(a=Later(0.5, "slow")) as upstream,
        serving(program(upstream, "a"), rules=Rules(alive_seconds=0.1)) as server,
        client(server) as asking,
        asking.messages.stream(model="main", max_tokens=9, messages=QUESTION) as stream,  # type: ignore[arg-type]
    ):
        assert stream.get_final_text() == "slow"


@pytest.mark.parametrize("act", [Silent(), Stall("the first words")])
def test_a_client_that_leaves_ends_its_calls(program: Program, act: Any) -> None:
    body = json.dumps({"model": "main", "max_tokens": 9, "messages": QUESTION, "stream": True}).encode()
    head = f"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with FaultServer(a=act) as upstream, serving(program(upstream, "a")) as server:
        with server.connect() as connection:
            connection.sendall(head.encode() + body)
            upstream.wait(lambda: len(upstream.asked) == 1)
            if isinstance(act, Stall):
                while b"words" not in (heard := connection.recv(65536)) and b"rds" not in heard:
                    pass
        upstream.wait(lambda: upstream.asked[0].left)
    assert " 499 POST /v1/messages" in server.log[-1]


def test_what_is_no_request_is_told_in_the_same_shape(plain: Running) -> None:
    for data, status in ((b"{", 400), (b"[]", 400), (b"x" * 5_000_000, 413)):
        reply = plain.post(data, path="/messages")
        assert (reply.status, reply.json["type"]) == (status, "error")
    with plain.connect() as connection:
        connection.sendall(b"GET /v1/messages HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        assert b'{"type": "error"' in receive_all(connection)
