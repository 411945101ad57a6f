"""The bridge to LiteLLM: what it is called with, and what becomes of its objects and exceptions.

LiteLLM itself runs; `mock_response`, which it has for tests, stands in for the network.
"""

import asyncio
import logging
from typing import Any

import pytest
from providers.wires import request

from moaql.errors import (
    ContextTooLong,
    Filtered,
    KeyRefused,
    MissingKey,
    ProviderError,
    RateLimited,
    Refused,
    ServerFailed,
    Stalled,
    UnknownModel,
    Unreachable,
)
from moaql.providers.base import Request, Response
from moaql.providers.litellm import PROVIDER, _litellm, arguments

# pytest takes back what the bridge does about warnings.
pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:pydantic.*", r"ignore::UserWarning:litellm.*")
litellm = _litellm()
COHERE = "cohere/command-r"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What LiteLLM is called with; it answers "It is 42." """
    calls: list[dict[str, Any]] = []
    real = litellm.acompletion

    async def acompletion(**given):
        calls.append(given)
        return await real(**given, mock_response="It is 42.")

    monkeypatch.setattr(litellm, "acompletion", acompletion)
    return calls


def ask(asked: Request, on_text=None) -> Response:
    return asyncio.run(PROVIDER.answer(asked, None, on_text))


def test_a_request_in_full_and_its_answer(called: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", "hush-hush")
    asked = request(
        "litellm/openai/gpt-4o",
        ("system", "Be brief."),
        ("user", "What is 6 × 7?"),
        sample=2,
        connection={"api_key_env": "HOUSE_KEY"},
        temperature=0.5,
        top_p=0.9,
        max_tokens=100,
        seed=3,
        stop="END",
        logprobs=True,
    )
    response = ask(asked)
    assert called == [
        {
            "model": "openai/gpt-4o",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 6 × 7?"}],
            "num_retries": 0,
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 100,
            "seed": 5,
            "stop": ["END"],
            "logprobs": True,
            "api_key": "hush-hush",
        }
    ]
    assert response.text == "It is 42."
    assert response.finish == "stop"
    assert response.prompt_tokens is not None
    assert response.completion_tokens is not None


def test_a_provider_without_log_probabilities_is_not_asked_for_them(called: list) -> None:
    assert ask(request(COHERE, seed=1, logprobs=True)).confidence is None
    assert "logprobs" not in called[0]
    assert called[0]["seed"] == 1


def test_only_what_was_asked_for_is_sent(called: list) -> None:
    ask(request(COHERE))
    assert called == [
        {"model": "cohere/command-r", "messages": [{"role": "user", "content": "What is 6 × 7?"}], "num_retries": 0}
    ]


def test_an_answer_in_pieces(called: list) -> None:
    pieces: list[str] = []
    response = ask(request(COHERE), pieces.append)
    assert called[0]["stream"] is True
    assert called[0]["stream_options"] == {"include_usage": True}
    assert len(pieces) > 1
    assert "".join(pieces) == response.text == "It is 42."
    assert response.finish == "stop"
    assert response.completion_tokens


def test_it_can_be_insisted_on() -> None:
    given = arguments(request("litellm/openai/gpt-4o", connection={"base_url": "http://localhost:1"}), "", False)
    assert given["model"] == "openai/gpt-4o"
    assert given["api_base"] == "http://localhost:1"


def test_without_the_key_that_is_named_nothing_is_sent(called: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUSE_KEY", raising=False)
    with pytest.raises(MissingKey, match="HOUSE_KEY"):
        ask(request(COHERE, connection={"api_key_env": "HOUSE_KEY"}))
    assert called == []


def raised(kind: type, message: str = "It failed.", **more) -> Exception:
    return kind(message=message, model="command-r", llm_provider="cohere", **more)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (lambda: raised(litellm.RateLimitError), RateLimited),
        (lambda: raised(litellm.ContextWindowExceededError), ContextTooLong),
        (lambda: raised(litellm.BadRequestError, "This model's maximum context length is 4096 tokens"), ContextTooLong),
        (lambda: raised(litellm.BadRequestError, "temperature must be below 1"), Refused),
        (lambda: raised(litellm.UnsupportedParamsError, "cohere does not support logprobs"), Refused),
        (lambda: raised(litellm.BadRequestError, "LLM Provider NOT provided. You passed model=x"), UnknownModel),
        (lambda: raised(litellm.NotFoundError), UnknownModel),
        (lambda: raised(litellm.AuthenticationError), KeyRefused),
        (lambda: raised(litellm.ContentPolicyViolationError), Filtered),
        (lambda: raised(litellm.Timeout), Stalled),
        (lambda: raised(litellm.APIConnectionError), Unreachable),
        (lambda: raised(litellm.ServiceUnavailableError), ServerFailed),
        (lambda: raised(litellm.InternalServerError), ServerFailed),
        (lambda: raised(litellm.APIError, status_code=502), ServerFailed),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_its_exceptions(error, kind: type[ProviderError], streamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def acompletion(**given):
        raise error()

    monkeypatch.setattr(litellm, "acompletion", acompletion)
    with pytest.raises(ProviderError) as caught:
        ask(request(COHERE), (lambda text: None) if streamed else None)
    assert type(caught.value) is kind
    assert "`cohere/command-r` failed" in str(caught.value)
    assert caught.value.__context__ is None


def test_a_mistake_in_the_program_is_no_fault_of_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    async def acompletion(**given):
        raise KeyError("a mistake")

    monkeypatch.setattr(litellm, "acompletion", acompletion)
    with pytest.raises(KeyError):
        ask(request(COHERE))


def test_no_key_is_shown_whatever_it_repeats(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("COHERE_API_KEY", "hush-of-the-environment")
    monkeypatch.setenv("HOUSE_KEY", "hush-that-was-named")

    async def acompletion(**given):
        raise raised(litellm.AuthenticationError, f"bad {given['api_key']}, hush-of-the-environment, Bearer hush")

    monkeypatch.setattr(litellm, "acompletion", acompletion)
    with pytest.raises(KeyRefused, match=r"Check the key in HOUSE_KEY") as caught:
        ask(request(COHERE, connection={"api_key_env": "HOUSE_KEY"}))
    assert "hush" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_it_prints_and_logs_nothing(called: list, capfd: pytest.CaptureFixture) -> None:
    ask(request(COHERE))
    assert capfd.readouterr() == ("", "")
    assert litellm.suppress_debug_info
    assert not logging.getLogger("LiteLLM").isEnabledFor(logging.ERROR)


def test_a_provider_that_it_does_not_know(capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(UnknownModel, match="failed"):
        ask(request("litellm/nobody/x"))
    assert capfd.readouterr() == ("", "")
