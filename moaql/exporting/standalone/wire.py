"""OpenAI's chat completions and embeddings, and Anthropic's messages: what is sent, and how replies read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from moaql.exporting.standalone.records import Messages, Model


def openai_body(model: Model, messages: Messages, sample: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Model, messages, and the settings that were asked for."""
    body: dict[str, Any] = {
        "model": model.id,
        "messages": [{"role": role, "content": text} for role, text in messages],
    }
    for name, value in settings.items():
        if name == "max_tokens":
            body[model.limit] = value
        elif name == "seed":
            body[model.seed] = value + sample  # samples of one model are told apart by their seeds
        elif name == "stop":
            body["stop"] = [value] if isinstance(value, str) else list(value)
        else:
            body[name] = value
    return body


def openai_reply(document: dict[str, Any]) -> tuple[str | None, str, int, int, float | None]:
    """Text, reason to end, tokens in, tokens out, confidence; no text where it was withheld."""
    choice = document["choices"][0]
    message, usage = choice["message"], document.get("usage") or {}
    finish = choice.get("finish_reason") or "stop"
    finish = {"eos": "stop", "max_tokens": "length", "model_length": "length"}.get(finish, finish)
    text = message.get("content")
    if isinstance(text, list):
        text = "".join(part["text"] for part in text if part.get("type", "text") not in ("thinking", "reasoning"))
    if not text and (message.get("refusal") or finish in ("length", "content_filter")):
        text = None
    tokens = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    logprobs = [each["logprob"] for each in (choice.get("logprobs") or {}).get("content") or ()]
    confidence = sum(math.exp(min(each, 0.0)) for each in logprobs) / len(logprobs) if logprobs else None
    return text, finish, *tokens, confidence


def anthropic_body(model: Model, messages: Messages, sample: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Model, messages, and the settings that were asked for. There is no seed, and no probabilities of tokens."""
    del sample
    system = [text for role, text in messages if role == "system"]
    turns: list[tuple[str, list[str]]] = []
    for role, text in messages:
        if role != "system" and turns and turns[-1][0] == role:
            turns[-1][1].append(text)  # the speakers take turns
        elif role != "system":
            turns.append((role, [text]))
    if not turns:
        turns, system = [("user", system)], []
    body: dict[str, Any] = {
        "model": model.id,
        "max_tokens": settings.get("max_tokens", 4096),  # must be given
        "messages": [
            {
                "role": role,
                "content": texts[0] if len(texts) == 1 else [{"type": "text", "text": each} for each in texts],
            }
            for role, texts in turns
        ],
    }
    if system:
        body["system"] = "\n\n".join(system)
    body |= {name: settings[name] for name in ("temperature", "top_p") if name in settings}
    if "stop" in settings:
        stop = settings["stop"]
        body["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    return body


def anthropic_reply(document: dict[str, Any]) -> tuple[str | None, str, int, int, float | None]:
    """Text, reason to end, tokens in, tokens out, no confidence; no text where it was withheld."""
    texts = [block["text"] for block in document["content"] if block["type"] == "text"]
    reason = document.get("stop_reason") or "stop"
    finish = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length"}.get(reason, reason)
    usage = document.get("usage") or {}
    read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    text = "".join(texts) if "".join(texts) or (texts and finish not in ("length", "refusal")) else None
    return text, finish, sum(usage.get(name) or 0 for name in read), usage.get("output_tokens") or 0, None


def embeddings_body(model: Model, messages: Messages, sample: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Model, and the text of the last message."""
    del sample, settings
    return {"model": model.id, "input": messages[-1][1]}


def embeddings_reply(document: dict[str, Any]) -> tuple[str | None, str, int, int, float | None]:
    """The vector as JSON, and tokens in; a vector has no more."""
    vector = [float(f"{value:.6g}") for value in document["data"][0]["embedding"]]
    if not vector or not all(map(math.isfinite, vector)):
        raise ValueError("no vector")
    return json.dumps(vector), "stop", (document.get("usage") or {}).get("prompt_tokens") or 0, 1, None
