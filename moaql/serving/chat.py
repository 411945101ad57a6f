"""The body of a chat request, read strictly: what is not supported is refused by name, never passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.serving.conversation import TOOLS, read_conversation
from moaql.serving.failures import wrong
from moaql.serving.tools import plain_json, read_tools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.graph.nodes import Pairs
    from moaql.run.question import Question

MOST_CHOICES = 16
MOST_STOPS = 4
_HANDLED = {
    "model", "messages", "n", "stream", "stream_options", "seed", "stop", "max_tokens", "max_completion_tokens", "temperature",
    "top_p", "response_format", "tools", "tool_choice", "parallel_tool_calls", "moaql",
}  # fmt: skip
PASSED_OVER = {
    "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
}  # fmt: skip
"""They say nothing about the answer, and are passed over."""
UNSUPPORTED = {
    "functions": "`functions`, which `tools` have replaced", "function_call": "`function_call`, which `tool_choice` has replaced",
    "logprobs": "log-probabilities", "top_logprobs": "log-probabilities", "logit_bias": "`logit_bias`",
    "modalities": "other output than text", "audio": "audio", "prediction": "predicted outputs", "web_search_options": "web search",
    "presence_penalty": "`presence_penalty`", "frequency_penalty": "`frequency_penalty`", "reasoning_effort": "`reasoning_effort`",
    "verbosity": "`verbosity`",
}  # fmt: skip
"""What a topology cannot do for a client, by parameter."""
_NOTHING = (None, False, 0, "", "none", "auto")
"""Values of these that ask for nothing."""


_SETTINGS = frozenset(
    {"temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop", "response_format"}
)


@dataclass(frozen=True)
class Chat:
    """One chat request.

    Attributes:
        model: Name of a topology.
        question: The conversation, and the fields that came with it.
        count: Choices that are wanted.
        stream: Whether as a stream.
        usage: Whether the stream ends with the tokens.
        seed: Of the request, or None.
        settings: For the calls that write the answer: those that were given of `temperature`, `top_p`, `max_tokens`,
            `seed`, `stop` and `response_format`, and what is passed on as it is: `tools`, `tool_choice`,
            `parallel_tool_calls` and `turns`.
        passed: Names what only a topology of one call can be asked for, such as `tools`; "" where there is nothing of that.
    """

    model: str
    question: Question
    count: int = 1
    stream: bool = False
    usage: bool = False
    seed: int | None = None
    settings: Pairs = ()
    passed: str = ""


def read_chat(body: Any) -> Chat:
    """The request that a JSON document is.

    Raises:
        Failure: with status 400, if it is none, or asks for what is not supported.
    """
    if not isinstance(body, dict):
        raise wrong("the body is not a JSON object")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise wrong("`model` is missing, or not a text", "model")
    _refuse_unsupported(body)
    stream = _flag(body, "stream")
    seed = _whole(body, "seed", -(2**63), 2**63 - 1)
    conversation = read_conversation(body.get("messages"), _fields(body))
    tools = read_tools(body)
    more: Pairs = (("turns", conversation.turns),) if conversation.turns else ()
    return Chat(
        model,
        conversation.question,
        _whole(body, "n", 1, MOST_CHOICES) or 1,
        stream,
        _usage(body, stream),
        seed,
        tuple(sorted((*_settings(body, seed), *tools.items(), *more))),
        TOOLS if tools else conversation.passed,
    )


def _refuse_unsupported(body: dict[str, Any]) -> None:
    for name, value in body.items():
        if name in _HANDLED or name in PASSED_OVER:
            continue
        if name not in UNSUPPORTED:
            raise wrong(f"the parameter `{name[:60]}` is not known", name[:60], "unknown_parameter")
        if value not in _NOTHING and value not in ([], {}, ["text"]):
            raise wrong(f"{UNSUPPORTED[name]}: not supported by a topology", name, "unsupported_parameter")


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    """Fields of the question, for `{field.NAME}`: an extension of ours, `"moaql": {"fields": {…}}`."""
    given = body.get("moaql")
    if given is None:
        return {}
    fields = given.get("fields") if isinstance(given, dict) and set(given) == {"fields"} else None
    if not isinstance(fields, dict) or not all(isinstance(each, str | int | float | bool) for each in fields.values()):
        raise wrong('`moaql` looks like {"fields": {"name": "value"}}', "moaql")
    return dict(fields)


def _settings(body: dict[str, Any], seed: int | None) -> Pairs:
    if _SETTINGS.isdisjoint(body):
        return ()
    found: dict[str, Any] = {
        "temperature": _number(body, "temperature", 0, 2),
        "top_p": _number(body, "top_p", 0, 1),
        "max_tokens": _limit(body),
        "seed": seed,
        "stop": _stops(body),
        "response_format": _format(body),
    }
    return tuple(sorted((name, value) for name, value in found.items() if value is not None))


def _limit(body: dict[str, Any]) -> int | None:
    newer, older = (_whole(body, name, 1, 2**31) for name in ("max_completion_tokens", "max_tokens"))
    return newer if newer is not None else older


def _stops(body: dict[str, Any]) -> tuple[str, ...] | None:
    given = body.get("stop")
    stops: Sequence[Any] = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    if given is not None and (
        len(stops) > MOST_STOPS
        or (not stops and given != [])
        or not all(isinstance(each, str) and each for each in stops)
    ):
        raise wrong(f"`stop` is a text, or a list of at most {MOST_STOPS} texts", "stop")
    return tuple(stops) or None


def _format(body: dict[str, Any]) -> dict[str, Any] | None:
    given = body.get("response_format")
    if given is None or given == {"type": "text"}:
        return None
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "json_object" or (kind == "json_schema" and isinstance(given.get("json_schema"), dict)):
        return dict(plain_json(given, "response_format"))
    raise wrong("`response_format` is of type text, json_object or json_schema", "response_format")


def _usage(body: dict[str, Any], stream: bool) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict) or not stream:
        raise wrong("`stream_options` is an object, and goes with `stream`", "stream_options")
    return _flag(options, "include_usage")


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise wrong(f"`{name}` is true or false", name)
    return bool(value)


def _whole(body: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # to JSON, 1.0 and 1 are one number
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise wrong(f"`{name}` is a whole number from {low} to {high}", name)
    return value


def _number(body: dict[str, Any], name: str, low: float, high: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise wrong(f"`{name}` is a number from {low:g} to {high:g}", name)
    return float(value)
