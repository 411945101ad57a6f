"""The Gemini API: what is sent, and what is read."""

import math

import pytest
from providers.wires import Wire, ask, events, request, stream

from moaql.errors import BrokenOff, ContextTooLong, Filtered, KeyRefused, RateLimited, UnknownModel
from moaql.providers.base import Response

GEMINI = "gemini/gemini-2.5-flash"
USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 2, "thoughtsTokenCount": 30, "totalTokenCount": 42}


def content(*parts: dict, finish: str | None = "STOP", **more) -> dict:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **more}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-2.5-flash-001"}


TEXT = {"text": "42"}


def test_a_request_in_full_and_its_answer() -> None:
    wire = Wire(content({"text": "6 × 7", "thought": True}, TEXT))
    asked = request(
        GEMINI,
        ("system", "Be brief."),
        ("user", "Hello."),
        ("assistant", "Hello!"),
        ("user", "What is 6 × 7?"),
        ("user", "Quickly."),
        sample=1,
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
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
            {"x-goog-api-key": "key-of-gemini_api_key"},
            {
                "contents": [
                    {"role": "user", "parts": [{"text": "Hello."}]},
                    {"role": "model", "parts": [{"text": "Hello!"}]},
                    {"role": "user", "parts": [{"text": "What is 6 × 7?"}, {"text": "Quickly."}]},
                ],
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "generationConfig": {
                    "temperature": 0.5,
                    "topP": 0.9,
                    "maxOutputTokens": 100,
                    "seed": 4,
                    "stopSequences": ["END"],
                    "responseLogprobs": True,
                },
            },
        )
    ]
    assert response == Response("42", "6 × 7", 10, 32, "stop", "gemini-2.5-flash-001")


def test_only_what_was_asked_for_is_sent() -> None:
    wire = Wire(content(TEXT))
    ask(wire, request(GEMINI, connection={"base_url": "http://localhost:1"}))
    url, headers, body = wire.sent[0]
    assert url == "http://localhost:1/v1beta/models/gemini-2.5-flash:generateContent"
    assert headers == {}
    assert body == {"contents": [{"role": "user", "parts": [{"text": "What is 6 × 7?"}]}]}


def test_a_stream() -> None:
    wire = Wire(events(content({"text": "4"}, finish=None), content({"text": "2"}), done=False))
    response, pieces = stream(wire, request(GEMINI))
    assert wire.sent[0][0].endswith("/models/gemini-2.5-flash:streamGenerateContent?alt=sse")
    assert pieces == ["4", "2"]
    assert response == Response("42", "", 10, 32, "stop", "gemini-2.5-flash-001")


def test_confidence_is_the_mean_probability_of_the_tokens() -> None:
    chosen = [{"token": "4", "logProbability": math.log(0.9)}, {"token": "2", "logProbability": math.log(0.5)}]
    response = ask(Wire(content(TEXT, logprobsResult={"chosenCandidates": chosen})), request(GEMINI, logprobs=True))
    assert response.confidence == pytest.approx(0.7)


def test_an_answer_that_was_cut_off() -> None:
    assert ask(Wire(content(TEXT, finish="MAX_TOKENS")), request(GEMINI)).finish == "length"


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({}, BrokenOff, "no `candidates`"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, Filtered, "the prompt was blocked: SAFETY"),
        (content(finish="SAFETY"), Filtered, "SAFETY"),
        (content(finish="MAX_TOKENS"), BrokenOff, "used up by reasoning"),
        (content(finish="OTHER"), BrokenOff, "wrote no text"),
        (content(), BrokenOff, "wrote no text"),
    ],
)
def test_replies_that_are_no_answer(body: dict, error: type[Exception], words: str) -> None:
    for send in (lambda: ask(Wire(body), request(GEMINI)), lambda: stream(Wire(events(body)), request(GEMINI))):
        if body:
            with pytest.raises(error, match=words):
                send()


def test_a_stream_that_ends_early() -> None:
    with pytest.raises(BrokenOff, match="ends in the middle"):
        stream(Wire(events(content({"text": "4"}, finish=None), done=False)), request(GEMINI))


DELAY = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]


@pytest.mark.parametrize(
    ("code", "status", "said", "error"),
    [
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
            ContextTooLong,
        ),
        (404, "NOT_FOUND", "models/gemini-9 is not found for API version v1beta", UnknownModel),
        (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", KeyRefused),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
            RateLimited,
        ),
    ],
)
def test_errors(code: int, status: str, said: str, error: type[Exception]) -> None:
    body = {"error": {"code": code, "message": said, "status": status, "details": DELAY if code == 429 else []}}
    with pytest.raises(error) as caught:
        ask(Wire(body, code), request(GEMINI))
    assert caught.value.status == code
    assert caught.value.retry_after == (34 if code == 429 else None)
