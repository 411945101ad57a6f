"""What a server calls its model, and its reason to stop, is kept in traces and banks: no key may stand in it."""

from typing import Any

import pytest
from providers.wires import Wire, ask, events, request, stream

from moaql.providers.secrets import scrubbed_name

KEY = "Qx7/plain+key=with&odd$chars"
USUAL = "sk-proj-PrivateKey0123456789abcdef"
OPENAI = {"choices": [{"message": {"content": "42"}, "finish_reason": KEY}], "model": f"proxy for {KEY}"}
CHUNK = {"choices": [{"delta": {"content": "42"}, "finish_reason": KEY}], "model": f"proxy for {KEY}"}
ANTHROPIC = {
    "type": "message",
    "content": [{"type": "text", "text": "42"}],
    "stop_reason": KEY,
    "model": f"proxy for {KEY}",
}
GEMINI = {
    "candidates": [{"content": {"parts": [{"text": "42"}]}, "finishReason": "STOP"}],
    "modelVersion": f"proxy for {KEY}",
}


@pytest.mark.parametrize(
    ("model", "reply"),
    [("openai/gpt-4o", OPENAI), ("anthropic/claude-sonnet-4-5", ANTHROPIC), ("gemini/gemini-2.5-pro", GEMINI)],
)
def test_a_key_that_a_server_repeats_is_taken_out(model: str, reply: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    asked = request(model, connection={"api_key_env": "MY_KEY"})
    wire = Wire(reply)
    response = ask(wire, asked)
    assert any(KEY in value for value in wire.sent[0][1].values())
    assert (response.text, response.model) == ("42", "proxy for ***")
    assert KEY not in repr(response)


def test_a_key_that_a_stream_repeats_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    asked = request(connection={"api_key_env": "MY_KEY"})
    for body in (events(CHUNK), OPENAI):
        response, _ = stream(Wire(body), asked)
        assert response.model == "proxy for ***"
        assert KEY not in repr(response)


def test_what_looks_like_a_key_is_taken_out_and_the_name_that_was_asked_for_is_not() -> None:
    assert scrubbed_name(f"gpt-4o@{USUAL}", "openai/gpt-4o") == "gpt-4o@***"
    assert scrubbed_name(f"gpt-4o\n{'x' * 400}", "openai/gpt-4o").startswith("gpt-4o xxx")
    for name in ("gpt-4o", "gpt-4o-2024-08-06", "Qwen/Qwen2.5-72B-Instruct", ""):
        assert scrubbed_name(name, "openai/gpt-4o") == name
    # Perplexity's models have names that look like its keys.
    assert scrubbed_name("pplx-70b-online", "perplexity/pplx-70b-online") == "pplx-70b-online"
    # A local server has a key that is no secret.
    assert scrubbed_name("ollama", "openai/ollama", "ollama") == "ollama"
