"""The server as OpenAI's own client meets it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from servers.faults import Ends, FaultServer, Later, Says, Silent, Status
from serving.running import QUESTION, Running, serving

Program = Callable[..., Path]


@pytest.fixture
def upstream() -> Iterator[FaultServer]:
    with FaultServer(a="draft of a", b="draft of b", g=Says("one answer of both", usage=(200, 20))) as server:
        yield server


@pytest.fixture
def running(upstream: FaultServer, program: Program) -> Iterator[Running]:
    path = program(upstream, "layer [a, b] temperature=0.7 -> agg g")
    with serving(path) as server:
        yield server


def client(server: Running, **more: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key=more.pop("key", "none"), max_retries=0, **more)


def ask(server: Running, **body: Any) -> Any:
    with client(server) as asking:
        return asking.chat.completions.create(**({"model": "main", "messages": QUESTION} | body))


def stream(server: Running, **body: Any) -> list[Any]:
    with client(server) as asking:
        return list(asking.chat.completions.create(**({"model": "main", "messages": QUESTION, "stream": True} | body)))


def test_an_answer_has_the_tokens_and_dollars_of_all_calls(running: Running) -> None:
    reply = ask(running)
    assert reply.object == "chat.completion"
    assert reply.model == "main"
    assert reply.choices[0].message.content == "one answer of both"
    assert reply.choices[0].finish_reason == "stop"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (400, 40, 440)
    bill = reply.moaql
    assert bill["paid"] == bill["cost"] == pytest.approx((400 * 1 + 40 * 2) / 1e6)
    assert bill["calls"] == 3
    assert bill["simulated"] is False
    assert len(bill["trace_id"]) == 12
    assert bill["latency_s"] > 0
    assert running.logged(f"trace={bill['trace_id']}")


def test_the_models_are_the_topologies(running: Running) -> None:
    with client(running) as asking:
        assert [each.id for each in asking.models.list()] == ["main"]
        assert asking.models.retrieve("main").owned_by == "moaql"
        with pytest.raises(openai.NotFoundError):
            asking.models.retrieve("nothing")


def test_a_stream_is_the_last_call_as_it_comes(running: Running) -> None:
    chunks = stream(running, stream_options={"include_usage": True})
    texts = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert "".join(texts) == "one answer of both"
    assert len(texts) > 3
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 440
    assert chunks[-1].moaql["calls"] == 3
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)


def test_a_stream_whose_tokens_nobody_wants_ends_with_its_bill(running: Running) -> None:
    chunks = stream(running)
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].moaql["calls"] == 3


def test_a_stream_that_breaks_upstream_ends_with_an_error_behind_what_was_said(program: Program) -> None:
    with FaultServer(a=Ends("half of an answer")) as upstream, serving(program(upstream, "a")) as server:
        with client(server) as asking:
            chunks = asking.chat.completions.create(model="main", messages=QUESTION, stream=True)
            assert next(chunks).choices[0].delta.content == "half"
            with pytest.raises(openai.APIError, match="no model of `main` gave an answer"):
                list(chunks)
        reply = server.chat(stream=True)
    assert reply.status == 200
    assert b"[DONE]" not in reply.data
    assert b'"error"' in reply.data.split(b"data: ")[-1]
    assert any(" 502 POST" in line for line in server.log)


def test_a_vote_is_streamed_in_one_piece(program: Program) -> None:
    with FaultServer(a="The answer is 4.") as upstream, serving(program(upstream, "a x3 -> vote")) as server:
        chunks = stream(server)
    assert chunks[0].choices[0].delta.content == "The answer is 4."


def test_the_conversation_reaches_every_model(running: Running, upstream: FaultServer) -> None:
    turns = [
        {"role": "developer", "content": "Answer in French."},
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "Marie."},
        {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "where?"}]},
    ]
    ask(running, messages=turns)
    for asked in upstream.asked:
        messages = asked.body["messages"]
        assert messages[0]["content"].startswith("Answer in French.")
        assert {"role": "assistant", "content": "Marie."} in messages
        assert "And\nwhere?" in messages[-1]["content"]


def test_settings_are_for_the_last_call_alone(running: Running, upstream: FaultServer) -> None:
    ask(running, temperature=0, top_p=0.5, max_tokens=50, stop=["END"], seed=7)
    (last,) = upstream.of("g")
    assert {name: last.body[name] for name in ("temperature", "top_p", "max_tokens", "stop", "seed")} == {
        "temperature": 0,
        "top_p": 0.5,
        "max_tokens": 50,
        "stop": ["END"],
        "seed": 7,
    }
    for name in "ab":
        (draft,) = upstream.of(name)
        assert draft.body["temperature"] == 0.7
        assert not draft.body.keys() & {"top_p", "max_tokens", "stop", "seed"}


def test_the_newer_name_of_the_limit_counts(running: Running, upstream: FaultServer) -> None:
    ask(running, max_completion_tokens=9, max_tokens=50)
    assert upstream.of("g")[0].body["max_tokens"] == 9


def test_voters_keep_their_temperature_and_the_client_is_told(program: Program) -> None:
    with FaultServer(a="4") as upstream:
        path = program(upstream, "a x3 temperature=0.8 max_tokens=20 -> vote")
        with serving(path) as server:
            reply = ask(server, temperature=0, max_tokens=100, seed=5)
    assert [each.body["temperature"] for each in upstream.asked] == [0.8] * 3
    assert [each.body["max_tokens"] for each in upstream.asked] == [20] * 3  # a client may shorten, and not lengthen
    assert sorted(each.body["seed"] for each in upstream.asked) == [5, 6, 7]
    assert reply.moaql["ignored"] == ["temperature"]


def test_several_choices_are_independent_runs(program: Program) -> None:
    with (
        FaultServer(a=lambda asked: f"answer {asked.body['seed']}") as upstream,
        serving(program(upstream, "a x2 -> vote", a="seed=100")) as server,
    ):
        reply = ask(server, n=3)
        chunks = stream(server, n=2)
    assert [choice.index for choice in reply.choices] == [0, 1, 2]
    assert [choice.message.content for choice in reply.choices] == ["answer 100", "answer 102", "answer 104"]
    assert reply.moaql["calls"] == 6
    assert len(set(reply.moaql["trace_ids"])) == 3
    found = {c.index: c.delta.content for chunk in chunks for c in chunk.choices if c.delta.content}
    assert found == {0: "answer 100", 1: "answer 102"}
    assert sum(c.finish_reason == "stop" for chunk in chunks for c in chunk.choices) == 2


def test_what_was_paid_once_comes_from_the_bank(upstream: FaultServer, program: Program, tmp_path: Path) -> None:
    with serving(program(upstream, "layer [a, b] -> agg g"), bank=str(tmp_path / "bank.db")) as server:
        first, second = ask(server), ask(server)
    assert (first.moaql["banked"], second.moaql["banked"]) == (0, 3)
    assert second.moaql["paid"] == 0
    assert second.moaql["cost"] == first.moaql["cost"] > 0


def test_without_a_bank_every_request_is_asked_anew(running: Running, upstream: FaultServer) -> None:
    ask(running)
    ask(running)
    assert len(upstream.of("g")) == 2


def test_a_cut_answer_says_so(program: Program) -> None:
    with FaultServer(a=Says("half", finish="length")) as upstream, serving(program(upstream, "a")) as server:
        assert ask(server, max_tokens=1).choices[0].finish_reason == "length"
        assert stream(server)[-1].choices[0].finish_reason == "length"


AUDIO = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"functions": [{"name": "look"}]}, "`functions`, which `tools` have replaced: not supported"),
        ({"messages": AUDIO}, "audio: not supported"),
        ({"logprobs": True}, "log-probabilities: not supported"),
        ({"presence_penalty": 0.5}, "`presence_penalty`: not supported"),
        ({"response_format": {"type": "xml"}}, "`response_format` is of type"),
        ({"n": 17}, "`n` is a whole number from 1 to 16"),
        ({"temperature": 3}, "`temperature` is a number from 0 to 2"),
        ({"max_tokens": 0}, "`max_tokens` is a whole number"),
        ({"stop": ["1", "2", "3", "4", "5"]}, "`stop` is a text, or a list of at most 4"),
        ({"stream_options": {"include_usage": True}}, "goes with `stream`"),
        ({"extra_body": {"thinking": True}}, "the parameter `thinking` is not known"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, "does not end with a question"),
        ({"messages": []}, "`messages` is missing"),
    ],
)
def test_what_is_not_supported_is_named(plain: Running, one_model: FaultServer, body: Any, named: str) -> None:
    before = len(one_model.asked)
    with pytest.raises(openai.BadRequestError, match=named):
        ask(plain, **body)
    assert len(one_model.asked) == before


def test_what_asks_for_nothing_is_no_mistake(running: Running) -> None:
    assert ask(running, tools=[], presence_penalty=0, logprobs=False, user="ann", metadata={"a": "b"}).choices


def test_an_unknown_model_is_not_found(running: Running) -> None:
    with pytest.raises(openai.NotFoundError, match="there is no model `gpt-4o`"):
        ask(running, model="gpt-4o")


def test_json_is_asked_of_the_last_call_where_its_provider_takes_it(running: Running, upstream: FaultServer) -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    for wanted in ({"type": "json_object"}, schema):
        ask(running, response_format=wanted)
        assert upstream.of("g")[-1].body["response_format"] == wanted
    assert "response_format" not in upstream.of("a")[0].body


def test_json_is_refused_where_the_last_models_provider_does_not_take_it(tmp_path: Path) -> None:
    path = tmp_path / "p.moaql"
    path.write_text('model c = "anthropic/claude-sonnet-4"\nc\n', encoding="utf-8")
    with serving(path) as server, pytest.raises(openai.BadRequestError, match="`response_format`: not supported"):
        ask(server, response_format={"type": "json_object"})


def test_fields_come_beside_the_messages(program: Program) -> None:
    with FaultServer(a="fine") as upstream:
        path = program(upstream, 'prompt p { user "{field.customer} asks: {question}" }\na prompt=p')
        with serving(path) as server:
            ask(server, extra_body={"moaql": {"fields": {"customer": "Ann"}}})
            with pytest.raises(openai.BadRequestError, match="needs fields: give `customer`"):
                ask(server)
    assert [each.question for each in upstream.asked] == ["Ann asks: What is it?"]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_failure_upstream_is_told_without_what_is_inside(program: Program, streamed: bool) -> None:
    secret = "sk-inside-0123456789"
    with (
        FaultServer(a=Status(401, {"error": {"message": f"Incorrect API key: {secret}"}})) as upstream,
        serving(program(upstream, "a")) as server,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        ask(server, stream=streamed)
    error = caught.value
    assert error.status_code == 502
    assert error.body == {
        "message": "no model of `main` gave an answer",
        "type": "upstream_error",
        "param": None,
        "code": "no_answer",
    }
    assert error.response.headers["x-should-retry"] == "false"
    assert str(upstream.port) not in error.response.text
    assert any("the key was refused" in line or "401" in line for line in server.log)


TOO_LONG = Status(400, {"error": {"message": "maximum context length is 8192", "code": "context_length_exceeded"}})


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("pipeline", ["a", "layer [a, b] -> agg g", "layer [a, b] -> vote"])
def test_what_is_too_long_for_all_models_is_the_clients_mistake(
    program: Program, pipeline: str, streamed: bool
) -> None:
    with (
        FaultServer(a=TOO_LONG, b=TOO_LONG, g="never") as upstream,
        serving(program(upstream, pipeline)) as server,
        pytest.raises(openai.BadRequestError, match="too long for the models of `main`") as caught,
    ):
        ask(server, stream=streamed)
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "messages")


def test_where_another_model_failed_it_is_not_said_to_be_too_long(program: Program) -> None:
    with (
        FaultServer(a=TOO_LONG, b=Status(500), g="never") as upstream,
        serving(program(upstream, "layer [a, b] -> agg g")) as server,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        ask(server)
    assert caught.value.status_code == 502


def test_a_lost_proposer_does_not_end_the_answer(program: Program) -> None:
    with (
        FaultServer(a=Status(500), b="draft", g="the answer") as upstream,
        serving(program(upstream, "layer [a, b] -> agg g")) as server,
    ):
        reply = ask(server)
    assert reply.choices[0].message.content == "the answer"
    assert reply.moaql["lost"] == 1


def test_an_answer_that_takes_too_long_is_given_up(program: Program) -> None:
    from moaql.serving.visit import Rules

    with FaultServer(a=Silent()) as upstream, serving(program(upstream, "a"), rules=Rules(timeout=0.2)) as server:
        with pytest.raises(openai.InternalServerError, match="took too long") as caught:
            ask(server)
        upstream.wait(lambda: upstream.asked[0].left)
    assert caught.value.status_code == 504


def test_a_silent_stream_says_that_it_is_alive(program: Program) -> None:
    from moaql.serving.visit import Rules

    with (
        FaultServer(a=Later(0.5, "slow")) as upstream,
        serving(program(upstream, "a"), rules=Rules(alive_seconds=0.1)) as server,
    ):
        assert server.chat(stream=True).data.startswith(b": still working\n\n")
        assert "".join(c.choices[0].delta.content or "" for c in stream(server)) == "slow"
