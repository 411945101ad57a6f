"""From an error of a server to an exception that says what happened and what to do."""

import json
from email.utils import formatdate

import pytest
from providers.wires import Wire, ask, events, request, stream

from moaql.errors import (
    ContextTooLong,
    Filtered,
    KeyRefused,
    ProviderError,
    RateLimited,
    Refused,
    ServerFailed,
    UnknownModel,
)
from moaql.providers.replies import Asked, failed_reply, retry_after
from moaql.providers.secrets import shown

ASKED = Asked(
    "openai/gpt-4o", "https://api.openai.com/v1/chat/completions?secret=1", "OPENAI_API_KEY", "hush-hush-hush"
)


def failure(status: int, body, **headers: str) -> ProviderError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failed_reply(ASKED, status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def openai(message: str, code=None, kind="invalid_request_error") -> dict:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


TOO_LONG = {
    "OpenAI": (400, openai("This model's maximum context length is 8192 tokens.", "context_length_exceeded")),
    "llama.cpp": (
        400,
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size (1024 tokens), try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 4000,
                "n_ctx": 1024,
            }
        },
    ),
    "older llama.cpp": (
        500,
        {"error": {"code": 500, "message": "the request exceeds the available context size", "type": "server_error"}},
    ),
    "vLLM": (
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 4096 tokens. However, you requested 9000",
            "code": 400,
        },
    ),
    "vLLM, newer": (
        400,
        {
            "error": {
                "message": "The decoder prompt (length 9000) is longer than the maximum model length of 4096.",
                "code": 400,
            }
        },
    ),
    "Anthropic": (
        400,
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"},
        },
    ),
    "Anthropic, of bytes": (
        413,
        {"type": "error", "error": {"type": "request_too_large", "message": "Request exceeds the maximum size"}},
    ),
    "Gemini": (
        400,
        {
            "error": {
                "code": 400,
                "message": "The input token count exceeds the maximum number of tokens allowed 32768.",
                "status": "INVALID_ARGUMENT",
            }
        },
    ),
    "Mistral": (
        400,
        {
            "object": "error",
            "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            "code": "3051",
        },
    ),
    "Together": (
        422,
        {
            "error": {
                "message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193",
                "type": "invalid_request_error",
            }
        },
    ),
    "LiteLLM's proxy": (
        400,
        {
            "error": {
                "message": "litellm.ContextWindowExceededError: it does not fit",
                "code": "400",
                "type": "ContextWindowExceededError",
            }
        },
    ),
    "a text": (400, b"context length exceeded"),
}


@pytest.mark.parametrize(("status", "body"), TOO_LONG.values(), ids=TOO_LONG)
def test_a_prompt_that_does_not_fit(status: int, body) -> None:
    error = failure(status, body)
    assert type(error) is ContextTooLong
    assert error.status == status
    assert not error.retryable


UNKNOWN = {
    "OpenAI": (404, openai("The model `gpt-9` does not exist or you do not have access to it.", "model_not_found")),
    "OpenAI, of another project": (403, openai("Project has no access to it", "model_not_found")),
    "Anthropic": (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-9"}}),
    "Ollama": (404, {"error": {"message": 'model "gpt-4o" not found, try pulling it first', "type": "api_error"}}),
    "its name": (404, {"detail": "gpt-4o?"}),
    "OpenRouter": (400, {"error": {"message": "x/y is not a valid model ID", "code": 400}}),
    "DeepSeek": (400, openai("Model Not Exist")),
    "Groq": (
        400,
        openai("The model `llama2` has been decommissioned and is no longer supported.", "model_decommissioned"),
    ),
    "Mistral": (400, {"object": "error", "message": "Invalid model: gpt-4o", "type": "invalid_model"}),
}


@pytest.mark.parametrize(("status", "body"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_model_that_is_not_there(status: int, body) -> None:
    assert type(failure(status, body)) is UnknownModel


def test_a_short_name_is_not_found_in_other_words() -> None:
    asked = Asked("vllm/m", "http://localhost:8000/chat/completions")
    assert type(failed_reply(asked, 404, {}, b"No command here")) is Refused
    assert type(failed_reply(asked, 404, {}, b"There is no `m` here")) is UnknownModel


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, openai("Unsupported parameter: 'temperature' is not supported with this model."), Refused, "not supported with this"),
        (400, openai("For the model o3 the parameter logprobs is not supported"), Refused, "logprobs"),
        (422, {"detail": [{"loc": ["body", "top_p"], "msg": "must be below 1"}]}, Refused, "must be below 1"),
        (400, b"", Refused, "failed with status 400"),
        (401, openai("Incorrect API key provided: sk-proj-********abcd"), KeyRefused, "Check the key in OPENAI_API_KEY"),
        (403, b"Forbidden", KeyRefused, "Forbidden"),
        (404, b"<html><head><title>404 Not\nFound</title></head></html>", Refused, "nothing at api.openai.com/v1/chat/completions for"),
        (404, {"detail": "Not Found"}, Refused, "most end in `/v1`"),
        (301, b"", Refused, "leads to another one"),
        (402, {"error": {"message": "Insufficient Balance"}}, Refused, "no credit left"),
        (429, openai("You exceeded your current quota", "insufficient_quota", "insufficient_quota"), Refused, "no credit left"),
        (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}, Refused, "no credit left"),
        (413, openai("Request too large on tokens per minute (TPM)", "rate_limit_exceeded", "tokens"), Refused, "limit of tokens a minute"),
        (400, openai("The response was filtered due to Azure's content management policy", "content_filter"), Filtered, "filtered"),
        (429, openai("Slow down", "rate_limit_exceeded"), RateLimited, "Ask less at once"),
        (429, b"", RateLimited, "status 429"),
        (408, b"", ServerFailed, "status 408"),
        (409, b"", ServerFailed, "status 409"),
        (500, {"error": "no slot"}, ServerFailed, "no slot"),
        (502, b"<html><title>Bad Gateway</title><body>nginx</body></html>", ServerFailed, "502: Bad Gateway"),
        (503, [{"error": {"message": "in a list"}}], ServerFailed, "in a list"),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, ServerFailed, "Overloaded"),
        (500, b"\xff\xfe{", ServerFailed, "status 500"),
        (500, b"[]", ServerFailed, "status 500"),
        (502, {"error": {"message": "Provider returned error", "metadata": {"raw": "GPU is gone"}}}, ServerFailed, "GPU is gone"),
    ],
)  # fmt: skip
def test_errors(status: int, body, kind: type[ProviderError], words: str) -> None:
    error = failure(status, body)
    assert type(error) is kind
    assert error.status == status
    assert words in str(error)
    assert "secret" not in str(error)


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "86400"}, 120),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 99 Foo"}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please try again in 850ms.", 0.85),
        ("Please retry in 34.5s.", 34.5),
        ("try again in 2m", 120),
        ("Slow down", None),
    ],
)
def test_a_wait_may_stand_in_the_sentence(message: str, seconds: float | None) -> None:
    assert failure(429, openai(message)).retry_after == seconds
    assert failure(429, openai(message), retry_after="7").retry_after == 7


KEY = "hush-hush/hush"
ECHOES = [
    f'{{"error": {{"message": "Incorrect API key: {KEY}"}}}}',
    f'{{"detail": "authorization: Bearer {KEY}"}}',
    f"You sent {KEY}",
    f"<html><title>{KEY}</title></html>",
    "/v1?key=hush-hush%2Fhush&x",
    "Bearer eyJhbGciOiJIUzI1NiJ9.e30.abcdef",
    "sk-proj-abcdefghijklmnop and gsk_abcdefghijk and AIzaSyA-1234567890abcdef and hf_abcdefgh",
]


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500])
@pytest.mark.parametrize("body", ECHOES)
def test_no_key_is_shown_whatever_a_server_repeats(status: int, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", KEY)
    asked = request("house/m", connection={"base_url": "https://host/v1", "api_key_env": "HOUSE_KEY"})
    for send in (ask, stream):
        with pytest.raises(ProviderError) as caught:
            send(Wire(body, status), asked)
        said = f"{caught.value!s} {caught.value!r} {caught.value.__context__!r}"
        for secret in ("hush", "eyJ", "sk-proj", "gsk_", "AIza", "hf_a"):
            assert secret not in said


def test_no_key_is_shown_of_a_stream_that_fails() -> None:
    with pytest.raises(ProviderError) as caught:
        stream(Wire(events({"error": {"message": "bad key-of-openai_api_key"}})), request())
    assert str(caught.value).startswith("`openai/gpt-4o` failed with status 500: bad ***")


def test_who_was_asked_shows_no_key() -> None:
    assert "hush" not in repr(ASKED)


def test_what_a_server_says_is_shortened_and_harmless() -> None:
    said = shown("\x1b[31mred\x1b[0m\n\n" + "\u202eevil " + "long " * 100)
    assert said.startswith("[31mred [0m evil long long")
    assert len(said) == 300
    assert said.isprintable()


def test_a_key_is_hidden_even_where_the_text_is_cut() -> None:
    assert "hush" not in shown("x" * 295 + KEY, KEY)
