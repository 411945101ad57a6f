"""Chat completions: what is sent, and what is read."""

import json
import math

import pytest
from providers.wires import Wire, ask, events, request, stream

from moaql.errors import BrokenOff, ContextTooLong, Filtered, MissingKey, RateLimited, ServerFailed
from moaql.providers.base import Response


def completion(content="42", finish="stop", usage=True, logprobs=None, **message) -> dict:
    return {
        "id": "c-1",
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "system_fingerprint": "fp_1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **message},
                "finish_reason": finish,
                "logprobs": logprobs,
            }
        ],
        **({"usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}} if usage else {}),
    }


def chunk(content=None, finish=None, **more) -> dict:
    delta = {} if content is None else {"content": content}
    return {
        "object": "chat.completion.chunk",
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


def test_a_request_in_full_and_its_answer() -> None:
    wire = Wire(completion())
    asked = request(
        "openai/gpt-4o",
        ("system", "Be brief."),
        ("user", "What is 6 × 7?"),
        sample=2,
        temperature=0.7,
        top_p=0.9,
        max_tokens=100,
        seed=5,
        stop=("END", "\n\n"),
        logprobs=True,
    )
    response = ask(wire, asked)
    assert wire.sent == [
        (
            "https://api.openai.com/v1/chat/completions",
            {"authorization": "Bearer key-of-openai_api_key"},
            {
                "model": "gpt-4o",
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 6 × 7?"}],
                "temperature": 0.7,
                "top_p": 0.9,
                "max_tokens": 100,
                "seed": 7,
                "stop": ["END", "\n\n"],
                "logprobs": True,
            },
        )
    ]
    assert response == Response("42", "", 12, 3, "stop", "gpt-4o-2024-08-06")


def test_only_what_was_asked_for_is_sent() -> None:
    wire = Wire(completion())
    ask(wire, request(temperature=0))
    assert wire.sent[0][2] == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "What is 6 × 7?"}],
        "temperature": 0,
    }


def test_a_stream_asks_for_its_usage() -> None:
    wire = Wire(events(chunk("4"), chunk("2"), chunk(finish="stop")))
    stream(wire, request())
    assert wire.sent[0][2] == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "What is 6 × 7?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("id", "connection", "name"),
    [
        ("openai/gpt-4o", {}, "max_tokens"),
        ("openai/gpt-4.1-mini", {}, "max_tokens"),
        ("openai/o1", {}, "max_completion_tokens"),
        ("openai/o3-mini", {}, "max_completion_tokens"),
        ("openai/o4-mini-2025-04-16", {}, "max_completion_tokens"),
        ("openai/gpt-5", {}, "max_completion_tokens"),
        ("openai/gpt-5.2-nano", {}, "max_completion_tokens"),
        ("openai/gpt-5", {"base_url": "http://localhost:8000"}, "max_tokens"),
        ("openrouter/openai/o3", {}, "max_tokens"),
        ("groq/o1-like", {}, "max_tokens"),
    ],
)
def test_reasoning_models_of_openai_call_their_limit_otherwise(id: str, connection: dict, name: str) -> None:
    wire = Wire(completion())
    ask(wire, request(id, connection=connection, max_tokens=50))
    assert {key: value for key, value in wire.sent[0][2].items() if value == 50} == {name: 50}


def test_mistral_has_another_seed_and_counts_its_streams_unasked() -> None:
    wire = Wire(events(chunk("42", "stop")))
    stream(wire, request("mistral/mistral-small", sample=1, seed=3))
    url, headers, body = wire.sent[0]
    assert url == "https://api.mistral.ai/v1/chat/completions"
    assert headers == {"authorization": "Bearer key-of-mistral_api_key"}
    assert body["random_seed"] == 4
    assert "seed" not in body
    assert "stream_options" not in body


@pytest.mark.parametrize(
    ("id", "address"),
    [
        ("together_ai/meta-llama/Llama-3", "https://api.together.xyz/v1/chat/completions"),
        ("openrouter/qwen/qwen3", "https://openrouter.ai/api/v1/chat/completions"),
        ("groq/llama", "https://api.groq.com/openai/v1/chat/completions"),
        ("deepseek/deepseek-chat", "https://api.deepseek.com/v1/chat/completions"),
        ("fireworks_ai/accounts/x/models/y", "https://api.fireworks.ai/inference/v1/chat/completions"),
        ("vllm/m", "http://localhost:8000/v1/chat/completions"),
        ("ollama/m", "http://localhost:11434/v1/chat/completions"),
        ("llama.cpp/m", "http://localhost:8080/v1/chat/completions"),
        ("lm_studio/m", "http://localhost:1234/v1/chat/completions"),
    ],
)
def test_known_endpoints(id: str, address: str) -> None:
    wire = Wire(completion())
    ask(wire, request(id))
    url, headers, body = wire.sent[0]
    assert url == address
    assert body["model"] == id.partition("/")[2]
    assert bool(headers) == address.startswith("https")


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://host:1", "http://host:1/v1/chat/completions"),
        ("http://host:1/", "http://host:1/v1/chat/completions"),
        ("http://host:1/v1", "http://host:1/v1/chat/completions"),
        ("http://host:1/v1/", "http://host:1/v1/chat/completions"),
        ("https://host/openai/v1/chat/completions", "https://host/openai/v1/chat/completions"),
        ("https://host/deployments/x?api-version=1", "https://host/deployments/x/chat/completions?api-version=1"),
    ],
)
def test_a_base_url_may_be_written_in_any_form(given: str, address: str) -> None:
    wire = Wire(completion())
    ask(wire, request("house/m", connection={"base_url": given, "api_key_env": None}))
    assert wire.sent[0][0] == address


def test_a_key_goes_only_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", " hush-hush\n")
    elsewhere, named, same = Wire(completion()), Wire(completion()), Wire(completion())
    ask(elsewhere, request(connection={"base_url": "http://localhost:1"}))
    ask(named, request(connection={"base_url": "http://localhost:1", "api_key_env": "HOUSE_KEY"}))
    ask(same, request(connection={"base_url": "https://api.openai.com"}))
    assert elsewhere.sent[0][1] == {}
    assert named.sent[0][1] == {"authorization": "Bearer hush-hush"}
    assert same.sent[0][1] == {"authorization": "Bearer key-of-openai_api_key"}


def test_without_its_key_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "  ")
    wire = Wire(completion())
    with pytest.raises(MissingKey, match="OPENAI_API_KEY is not set"):
        ask(wire, request())
    assert wire.sent == []


def test_a_key_may_go_by_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOGETHERAI_API_KEY")
    monkeypatch.setenv("TOGETHER_API_KEY", "by-its-other-name")
    wire = Wire(completion())
    ask(wire, request("together_ai/m"))
    assert wire.sent[0][1] == {"authorization": "Bearer by-its-other-name"}


PARTS = [{"type": "text", "text": "4"}, {"type": "image_url"}, {"type": "text", "text": "2"}]
THOUGHT = [{"type": "thinking", "thinking": [{"type": "text", "text": "6 × 7"}]}, {"type": "text", "text": "42"}]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (completion(usage=False), {"prompt_tokens": None, "completion_tokens": None}),
        ({**completion(), "usage": {"prompt_tokens": None, "completion_tokens": "3"}}, {"completion_tokens": None}),
        (completion(PARTS), {"text": "42"}),
        (completion(THOUGHT), {"text": "42", "reasoning": "6 × 7"}),
        (completion(reasoning_content="6 × 7"), {"text": "42", "reasoning": "6 × 7"}),
        (completion(reasoning="6 × 7", reasoning_content=None), {"reasoning": "6 × 7"}),
        (completion("<think>6 × 7</think>42"), {"text": "<think>6 × 7</think>42", "reasoning": ""}),
        (completion(finish="length"), {"text": "42", "finish": "length"}),
        (completion(finish="model_length"), {"finish": "length"}),
        (completion(finish=None), {"finish": "stop"}),
        (completion(finish="eos"), {"finish": "stop"}),
        (completion("The begin", finish="content_filter"), {"text": "The begin", "finish": "content_filter"}),
        (completion(""), {"text": "", "finish": "stop"}),
        (
            {
                **completion(),
                "usage": {
                    "prompt_tokens": 12,
                    "completion_tokens": 3,
                    "total_tokens": 115,
                    "completion_tokens_details": {"reasoning_tokens": 100},
                },
            },
            {"completion_tokens": 103},
        ),
    ],
)
def test_servers_differ(document: dict, expected: dict) -> None:
    response = ask(Wire(document), request())
    assert {name: getattr(response, name) for name in expected} == expected


@pytest.mark.parametrize(
    "logprobs",
    [
        {
            "content": [
                {"token": "4", "logprob": math.log(0.9)},
                {"token": "2", "logprob": math.log(0.5)},
                {"token": "?"},
            ]
        },
        {"tokens": ["4", "2"], "token_logprobs": [math.log(0.9), math.log(0.5), None]},
    ],
)
def test_confidence_is_the_mean_probability_of_the_tokens(logprobs: dict) -> None:
    response = ask(Wire(completion(logprobs=logprobs)), request(logprobs=True))
    assert response.confidence == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"", BrokenOff, "an empty reply"),
        (b"<html>Welcome</html>", BrokenOff, "not JSON"),
        (b'{"choices": [', BrokenOff, "not JSON"),
        (b"[" * 100_000, BrokenOff, "not JSON"),
        ([1, 2], BrokenOff, "JSON that is no object"),
        ({}, BrokenOff, "no `choices`"),
        ({"choices": []}, BrokenOff, "no `choices`"),
        ({"choices": None}, BrokenOff, "no `choices`"),
        ({"choices": [{"index": 0, "finish_reason": "stop"}]}, BrokenOff, "without a message"),
        (completion(None), BrokenOff, "wrote no text"),
        (completion(None, "content_filter"), Filtered, "withheld the answer"),
        (completion("", "content_filter"), Filtered, "withheld the answer"),
        (completion(None, refusal="I cannot."), Filtered, "I cannot."),
        (completion(None, "error"), ServerFailed, "in the middle"),
        ({"error": {"message": "Overloaded", "code": 503}}, ServerFailed, "Overloaded"),
        ({"choices": [{"error": {"message": "Slow down", "code": 429}}]}, RateLimited, "Slow down"),
    ],
)
def test_replies_that_are_no_answer(body, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask(Wire(body), request())


def test_a_limit_that_reasoning_used_up_is_named_and_not_tried_again() -> None:
    with pytest.raises(BrokenOff, match="token limit was used up by reasoning") as caught:
        ask(Wire(completion("", "length", reasoning_content="Let me see")), request())
    assert not caught.value.retryable
    assert caught.value.charged
    assert "max_tokens" in caught.value.next_step


USAGE = {"prompt_tokens": 12, "completion_tokens": 3}
STREAMS = {
    "as OpenAI sends it": events(
        {**chunk("", None), "usage": None},
        chunk("4"),
        chunk("2"),
        chunk(None, "stop"),
        {"choices": [], "usage": USAGE, "model": "m"},
    ),
    "no space, comments, event lines": "\n".join(
        [
            ": keep-alive",
            "event: message",
            "id: 1",
            f"data:{json.dumps(chunk('4'))}",
            "",
            "retry: 5",
            ":",
            f"data:{json.dumps(chunk('2', 'stop', usage=USAGE))}",
            "",
            "data:[DONE]",
        ]
    ),
    "no [DONE]": events(chunk("4"), chunk("2", "stop", usage=USAGE), done=False),
    "no reason to finish": events(chunk("4"), chunk("2"), chunk(usage=USAGE)),
    "no empty lines": "\n".join(
        f"data: {json.dumps(each)}" for each in (chunk("4"), chunk("2"), chunk(None, "stop", usage=USAGE))
    ),
    "nulls": events(
        {**chunk("4"), "error": None, "usage": None, "service_tier": None},
        {"choices": [{"index": 0, "delta": {"content": None, "reasoning_content": None}, "logprobs": None}]},
        {"choices": None},
        chunk("2", "stop"),
        {"choices": [], "usage": USAGE},
    ),
    "a document over several lines": f"data: {json.dumps(chunk('42', 'stop', usage=USAGE), indent=1)}".replace(
        "\n", "\ndata: "
    )
    + "\n\n",
    "a whole completion": json.dumps(completion()),
    "a whole completion over several lines": json.dumps(completion(), indent=2),
    "a whole completion as an event": events(completion()),
}


@pytest.mark.parametrize("body", STREAMS.values(), ids=STREAMS)
def test_streams_differ(body: str) -> None:
    response, _ = stream(Wire(body), request())
    assert response.text == "42"
    assert response.finish == "stop"
    assert (response.prompt_tokens, response.completion_tokens) == (12, 3)


def test_reasoning_is_streamed_apart() -> None:
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "6 × 7"}}]}
    response, pieces = stream(Wire(events(thought, chunk("42", "stop"))), request())
    assert response.reasoning == "6 × 7"
    assert pieces == ["42"]


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ("", BrokenOff, "an empty stream"),
        (events(done=False), BrokenOff, "an empty stream"),
        (events(chunk("4"), done=False), BrokenOff, "ends in the middle of the answer"),
        ('data: {"choices": [{"del', BrokenOff, "ends in the middle of a document"),
        ("data: {nonsense}\n\n", BrokenOff, "not JSON"),
        ("data: 3\n\n", BrokenOff, "something else than objects"),
        ("<html>\n</html>", BrokenOff, "something else than a stream"),
        (events(), BrokenOff, "wrote no text"),
        (events(chunk("4"), {"error": {"message": "Slow down", "type": "rate_limit_error"}}), RateLimited, "Slow down"),
        (events({"error": {"message": "Slow down", "code": 429}}), RateLimited, "Slow down"),
        (events({"error": {"message": "Oh", "code": "server_error"}}), ServerFailed, "Oh"),
        (events({"error": "Oh"}), ServerFailed, "Oh"),
        (
            events({"error": {"message": "maximum context length is 8192 tokens", "type": "invalid_request_error"}}),
            ContextTooLong,
            "8192",
        ),
        (json.dumps({"error": {"message": "Overloaded", "code": 503}}), ServerFailed, "Overloaded"),
        (events(chunk(None, "content_filter")), Filtered, "withheld"),
        (events(chunk(None, "length")), BrokenOff, "used up by reasoning"),
    ],
)
def test_streams_that_are_no_answer(body: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        stream(Wire(body), request())


def test_a_refused_stream_says_why() -> None:
    with pytest.raises(RateLimited) as caught:
        stream(Wire({"error": {"message": "Slow down"}}, 429, {"retry-after": "3"}), request())
    assert caught.value.retry_after == 3
