"""Anthropic's Messages API: what is sent, and what is read."""

import pytest
from providers.wires import Wire, ask, events, request, stream

from moaql.errors import BrokenOff, ContextTooLong, Filtered, ServerFailed
from moaql.providers.base import Response

CLAUDE = "anthropic/claude-sonnet-4-5"


def message(*blocks: dict, stop: str = "end_turn", **usage) -> dict:
    return {
        "id": "m-1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": list(blocks),
        "stop_reason": stop,
        "usage": {"input_tokens": 10, "output_tokens": 5, **usage},
    }


TEXT = {"type": "text", "text": "42"}


def test_a_request_in_full_and_its_answer() -> None:
    wire = Wire(message({"type": "thinking", "thinking": "6 × 7", "signature": "s"}, TEXT))
    asked = request(
        CLAUDE,
        ("system", "Be brief."),
        ("user", "Hello."),
        ("assistant", "Hello!"),
        ("user", "What is 6 × 7?"),
        ("user", "Quickly."),
        temperature=0.5,
        top_p=0.9,
        max_tokens=100,
        seed=3,
        stop="END",
        logprobs=True,
    )
    response = ask(wire, asked)
    assert wire.sent == [
        (
            "https://api.anthropic.com/v1/messages",
            {"anthropic-version": "2023-06-01", "x-api-key": "key-of-anthropic_api_key"},
            {
                "model": "claude-sonnet-4-5",
                "max_tokens": 100,
                "messages": [
                    {"role": "user", "content": "Hello."},
                    {"role": "assistant", "content": "Hello!"},
                    {
                        "role": "user",
                        "content": [{"type": "text", "text": "What is 6 × 7?"}, {"type": "text", "text": "Quickly."}],
                    },
                ],
                "system": "Be brief.",
                "temperature": 0.5,
                "top_p": 0.9,
                "stop_sequences": ["END"],
            },
        )
    ]
    assert response == Response("42", "6 × 7", 10, 5, "stop", "claude-sonnet-4-5-20250929")


def test_a_limit_is_sent_where_none_was_asked_for() -> None:
    wire = Wire(message(TEXT))
    ask(wire, request(CLAUDE))
    assert wire.sent[0][2] == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "What is 6 × 7?"}],
    }


def test_a_system_message_alone_is_what_is_asked() -> None:
    wire = Wire(message(TEXT))
    ask(wire, request(CLAUDE, ("system", "Say 42.")))
    assert wire.sent[0][2]["messages"] == [{"role": "user", "content": "Say 42."}]
    assert "system" not in wire.sent[0][2]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://host", "https://host/v1/messages"),
        ("https://host/v1/", "https://host/v1/messages"),
        ("https://host/anthropic", "https://host/anthropic/v1/messages"),
    ],
)
def test_a_base_url_may_be_written_in_any_form(given: str, address: str) -> None:
    wire = Wire(message(TEXT))
    ask(wire, request(CLAUDE, connection={"base_url": given, "api_key_env": None}))
    assert wire.sent[0][:2] == (address, {"anthropic-version": "2023-06-01"})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (message(TEXT, cache_creation_input_tokens=100, cache_read_input_tokens=1000), {"prompt_tokens": 1110}),
        ({**message(TEXT), "usage": None}, {"prompt_tokens": None, "completion_tokens": None}),
        (message(TEXT, TEXT), {"text": "4242"}),
        (message(TEXT, stop="max_tokens"), {"finish": "length"}),
        (message(TEXT, stop="stop_sequence"), {"finish": "stop"}),
        (message(TEXT, stop="pause_turn"), {"finish": "pause_turn"}),
    ],
)
def test_answers(document: dict, expected: dict) -> None:
    response = ask(Wire(document), request(CLAUDE))
    assert {name: getattr(response, name) for name in expected} == expected


START = {
    "type": "message_start",
    "message": {"model": "claude", "stop_reason": None, "usage": {"input_tokens": 10, "output_tokens": 1}},
}
STREAM = (
    START,
    {"type": "ping"},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "6 × 7"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "4"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "2"}},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 5, "input_tokens": None},
    },
    {"type": "message_stop"},
)


@pytest.mark.parametrize("event_lines", [True, False])
def test_a_stream(event_lines: bool) -> None:
    wire = Wire(events(*STREAM, done=False, event_lines=event_lines))
    response, pieces = stream(wire, request(CLAUDE))
    assert wire.sent[0][2]["stream"] is True
    assert pieces == ["4", "2"]
    assert response == Response("42", "6 × 7", 10, 5, "stop", "claude")


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({}, BrokenOff, "no `content`"),
        (message(), BrokenOff, "wrote no text"),
        (message(stop="refusal"), Filtered, "withheld"),
        (message({"type": "thinking", "thinking": "…"}, stop="max_tokens"), BrokenOff, "used up by reasoning"),
    ],
)
def test_replies_that_are_no_answer(body: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask(Wire(body), request(CLAUDE))


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (events(done=False), BrokenOff, "an empty stream"),
        (events(*STREAM[:8], done=False), BrokenOff, "ends in the middle"),
        (
            events(START, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            ServerFailed,
            "Overloaded",
        ),
    ],
)
def test_streams_that_are_no_answer(body: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        stream(Wire(body), request(CLAUDE))


@pytest.mark.parametrize(
    ("status", "kind", "said", "error"),
    [
        (529, "overloaded_error", "Overloaded", ServerFailed),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", ContextTooLong),
    ],
)
def test_errors(status: int, kind: str, said: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=said):
        ask(Wire({"type": "error", "error": {"type": kind, "message": said}}, status), request(CLAUDE))
