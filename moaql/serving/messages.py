"""Requests of Anthropic's Messages API: put into the form of a chat request, and then read as one.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moaql.serving.chat import MOST_STOPS, read_chat
from moaql.serving.failures import wrong

if TYPE_CHECKING:
    from moaql.serving.chat import Chat

_SAME = ("model", "max_tokens", "temperature", "top_p", "stream", "moaql")
_READ = {*_SAME, "messages", "system", "stop_sequences", "tools", "tool_choice"}
PASSED_OVER = {
    "metadata", "service_tier", "inference_geo", "speed", "diagnostics", "user_profile_id", "workspace_id", "cache_control",
}  # fmt: skip
"""They say nothing about the answer."""
UNSUPPORTED = {
    "top_k": "`top_k`",
    "thinking": "thinking",
    "container": "containers",
    "mcp_servers": "MCP servers",
    "context_management": "context management",
    "output_config": "`output_config`",
    "output_format": "`output_format`",
}
CHOICES = {"auto": "auto", "any": "required", "none": "none"}
"""What a choice of tools is called there and here."""
_OTHER_BLOCKS = {"document": "documents", "search_result": "search results", "server_tool_use": "tools of the server"}


def read_message(body: Any) -> Chat:
    """The request that a JSON document is.

    Raises:
        Failure: with status 400, if it is none, or asks for what is not supported.
    """
    if not isinstance(body, dict):
        raise wrong("the body is not a JSON object")
    for name, value in body.items():
        _check_known(name, value)
    if body.get("max_tokens") is None:
        raise wrong("`max_tokens` is missing", "max_tokens")
    chat = {name: body[name] for name in _SAME if name in body}
    chat["messages"] = _system(body.get("system")) + _messages(body.get("messages"))
    chat["stop"] = _stops(body.get("stop_sequences"))
    return read_chat(chat | _tools(body))


def _check_known(name: str, value: Any) -> None:
    if name in _READ or name in PASSED_OVER:
        return
    if name not in UNSUPPORTED:
        raise wrong(f"the parameter `{name[:60]}` is not known", name[:60], "unknown_parameter")
    if value not in (None, [], {}, {"type": "disabled"}):
        raise wrong(f"{UNSUPPORTED[name]}: not supported by a topology", name, "unsupported_parameter")


def _stops(given: Any) -> list[str] | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > MOST_STOPS or not all(isinstance(x, str) and x for x in given):
        raise wrong(f"`stop_sequences` is a list of at most {MOST_STOPS} texts", "stop_sequences")
    return given


def _system(given: Any) -> list[dict[str, Any]]:
    if given is None or given in ("", []):
        return []
    parts = [given] if isinstance(given, str) else given
    if not isinstance(parts, list):
        raise wrong("`system` is a text, or a list of blocks of text", "system")
    texts = [part if isinstance(part, str) else _text(part, "system") for part in parts]
    return [{"role": "system", "content": "\n".join(texts)}]


def _messages(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not given:
        raise wrong("`messages` is missing, or not a list of messages", "messages")
    return [turn for number, message in enumerate(given) for turn in _turns(message, f"messages[{number}]")]


def _turns(message: Any, place: str) -> list[dict[str, Any]]:
    """The chat messages that a message is: what tools said stands in messages of its own there."""
    role, content = (message.get("role"), message.get("content")) if isinstance(message, dict) else (None, None)
    if role not in ("user", "assistant"):
        raise wrong(f"{place} has a role that is not user or assistant", f"{place}.role")
    if isinstance(content, str):
        return [{"role": role, "content": content}]
    if not isinstance(content, list):
        raise wrong(f"the content of {place} is not a text or a list of blocks", f"{place}.content")
    told: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for block in content:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "tool_result" and role == "user":
            told.append(_told(block, place))
        elif kind == "tool_use" and role == "assistant":
            calls.append(_call(block, place))
        elif kind not in ("thinking", "redacted_thinking"):  # what an assistant thought is not shown again
            parts.append(_part(block, place, images=role == "user"))
    if calls:
        said = "\n".join(part["text"] for part in parts)
        return [{"role": role, "content": said or None, "tool_calls": calls}]
    return told + ([{"role": role, "content": parts}] if parts or not told else [])


def _part(block: Any, place: str, *, images: bool) -> dict[str, Any]:
    if images and isinstance(block, dict) and block.get("type") == "image":
        return {"type": "image_url", "image_url": {"url": _image(block.get("source"), place)}}
    return {"type": "text", "text": _text(block, f"{place}.content")}


def _text(block: Any, place: str) -> str:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text" and isinstance(block.get("text"), str):
        return str(block["text"])
    what = _OTHER_BLOCKS.get(kind, "blocks that are not text") if isinstance(kind, str) else "blocks that are not text"
    raise wrong(f"{what}: not supported by a topology", place, "unsupported_content")


def _image(source: Any, place: str) -> str:
    kind = source.get("type") if isinstance(source, dict) else None
    if kind == "url" and isinstance(source.get("url"), str) and source["url"].startswith(("https://", "http://")):
        return str(source["url"])
    if kind == "base64":
        media, data = source.get("media_type"), source.get("data")
        if isinstance(media, str) and media.startswith("image/") and isinstance(data, str):
            return f"data:{media};base64,{data}"
    raise wrong("the `source` of an image is of type url, or base64 with `media_type` and `data`", f"{place}.content")


def _told(block: dict[str, Any], place: str) -> dict[str, Any]:
    id, content = block.get("tool_use_id"), block.get("content")
    if not isinstance(id, str) or not id:
        raise wrong(f"{place} names no call by `tool_use_id`", f"{place}.content")
    blocks = content if isinstance(content, list) else []
    if content is not None and not isinstance(content, str | list):
        raise wrong(f"what a tool said in {place} is not a text or a list of blocks", f"{place}.content")
    said = content if isinstance(content, str) else "\n".join(_text(each, f"{place}.content") for each in blocks)
    return {"role": "tool", "tool_call_id": id, "content": said}


def _call(block: dict[str, Any], place: str) -> dict[str, Any]:
    id, name, given = block.get("id"), block.get("name"), block.get("input")
    if not isinstance(id, str) or not isinstance(name, str) or not isinstance(given, dict):
        raise wrong(f"{place} holds a call of a tool without `id`, `name` and `input`", f"{place}.content")
    try:
        arguments = json.dumps(given)
    except RecursionError:
        raise wrong(f"{place} is nested too deeply", f"{place}.content") from None
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _tools(body: dict[str, Any]) -> dict[str, Any]:
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is not None and not (isinstance(tools, list) and all(_is_tool(tool) for tool in tools)):
        raise wrong(
            "`tools` is a list of tools with `name` and `input_schema`; those of a server are not supported", "tools"
        )
    found: dict[str, Any] = {"tools": [_tool(tool) for tool in tools or ()]}
    if choice is None:
        return found
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind == "tool" and isinstance(choice.get("name"), str) and choice["name"]:
        found["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
    elif isinstance(kind, str) and kind in CHOICES:
        found["tool_choice"] = CHOICES[kind]
    else:
        raise wrong("`tool_choice` is of type auto, any, none, or tool with a `name`", "tool_choice")
    alone = choice.get("disable_parallel_tool_use")
    if alone is not None and not isinstance(alone, bool):
        raise wrong("`disable_parallel_tool_use` is true or false", "tool_choice")
    return found | ({"parallel_tool_calls": not alone} if alone is not None and tools else {})


def _is_tool(tool: Any) -> bool:
    return (
        isinstance(tool, dict)
        and tool.get("type", "custom") in ("custom", None)
        and isinstance(tool.get("name"), str)
        and bool(tool["name"])
        and isinstance(tool.get("input_schema"), dict)
    )


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    said = {"description": tool["description"]} if isinstance(tool.get("description"), str) else {}
    function = {"name": tool["name"], **said, "parameters": tool["input_schema"]}
    return {"type": "function", "function": function}
