"""The messages of a chat request: a question for a topology, or turns that only a topology of one call can pass on.

A topology reads texts. A conversation in which tools are called, or images are shown, cannot be put into its prompts; where the
topology is one call, the turns are sent as they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.run.question import Question, as_question
from moaql.serving.failures import wrong

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOOLS = "tools"
IMAGES = "images"
_ROLES = ("system", "developer", "user", "assistant", "tool")
_OTHER_PARTS = {"input_audio": "audio", "file": "files", "refusal": "refusals", "input_image": "images of this form"}
DETAILS = ("auto", "low", "high")


@dataclass(frozen=True)
class Conversation:
    """The messages of a request.

    Attributes:
        question: Their texts.
        turns: The messages as they are sent, without the system's; empty where the question says all.
        passed: What the question cannot hold: `tools`, `images`, or "".
    """

    question: Question
    turns: tuple[dict[str, Any], ...] = ()
    passed: str = ""


def read_conversation(messages: Any, fields: Mapping[str, Any]) -> Conversation:
    """The conversation that `messages` are.

    Args:
        messages: As the request holds them.
        fields: Of the question.

    Raises:
        Failure: with status 400, if they are none, do not end with a question or what a tool said, or hold what cannot be read.
    """
    if not isinstance(messages, list) or not messages:
        raise wrong("`messages` is missing, or not a list of messages", "messages")
    turns = [_turn(message, f"messages[{number}]") for number, message in enumerate(messages)]
    passed = _passed(turns)
    if not passed:
        try:
            return Conversation(as_question(turns, fields=fields))
        except UsageError as error:
            raise wrong(error.message, "messages") from None
    if turns[-1]["role"] not in ("user", "tool"):
        raise wrong("the conversation does not end with a question of the user, or with what a tool said", "messages")
    asked = [_text(turn["content"]) for turn in turns if turn["role"] == "user"]
    if not asked:
        raise wrong("the conversation has no question of the user", "messages")
    system = "\n\n".join(_text(turn["content"]) for turn in turns if turn["role"] == "system")
    question = Question(asked[-1], system, fields=fields)
    return Conversation(question, tuple(turn for turn in turns if turn["role"] != "system"), passed)


def _passed(turns: Sequence[Mapping[str, Any]]) -> str:
    if any(turn["role"] == "tool" or turn.get("tool_calls") for turn in turns):
        return TOOLS
    return IMAGES if any(isinstance(turn["content"], list) for turn in turns) else ""


def _turn(message: Any, place: str) -> dict[str, Any]:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(role, str):
        raise wrong(f"{place} is not a message with a `role` and a `content`", place)
    if role not in _ROLES:
        raise wrong(f"{place} has a role that is not {', '.join(_ROLES)}", f"{place}.role")
    if message.get("function_call"):
        raise wrong("`function_call`: `tool_calls` have replaced it", place, "unsupported_parameter")
    if role == "tool":
        return _told(message, place)
    calls = _calls(message.get("tool_calls"), role, f"{place}.tool_calls")
    content = message.get("content")
    if calls:
        said = None if content is None else _content(content, place, images=False)
        return {"role": role, "content": said, "tool_calls": calls}
    named = "system" if role == "developer" else role
    return {"role": named, "content": _content(content, place, images=role == "user")}


def _told(message: dict[str, Any], place: str) -> dict[str, Any]:
    """What a tool said."""
    id = message.get("tool_call_id")
    if not isinstance(id, str) or not id:
        raise wrong(f"{place} names no call by `tool_call_id`", f"{place}.tool_call_id")
    return {"role": "tool", "tool_call_id": id, "content": _content(message.get("content"), place, images=False)}


def _calls(given: Any, role: str, place: str) -> list[dict[str, Any]]:
    if not given:
        return []
    if role != "assistant" or not isinstance(given, list):
        raise wrong(f"{place} is not a list of an assistant's calls of tools", place)
    return [_call(call, f"{place}[{number}]") for number, call in enumerate(given)]


def _call(call: Any, place: str) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    function = function if isinstance(function, dict) else {}
    known = {"id": call.get("id") if isinstance(call, dict) else None}
    known |= {name: function.get(name) for name in ("name", "arguments")}
    if not all(isinstance(value, str) for value in known.values()) or call.get("type", "function") != "function":
        raise wrong(f"{place} is not a call with `id` and `function`, which has `name` and `arguments`", place)
    named = {"name": known["name"], "arguments": known["arguments"]}
    return {"id": known["id"], "type": "function", "function": named}


def _content(content: Any, place: str, *, images: bool) -> Any:
    """A text; parts where an image is among them."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong(f"the content of {place} is not a text", f"{place}.content")
    parts = [_part(part, f"{place}.content", images=images) for part in content]
    if any(part["type"] != "text" for part in parts):
        return parts
    return "\n".join(part["text"] for part in parts)


def _part(part: Any, place: str, *, images: bool) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    if kind == "image_url" and images:
        return _image(part.get("image_url"), place)
    what = _OTHER_PARTS.get(kind, "parts that are not text") if isinstance(kind, str) else "parts that are not text"
    raise wrong(f"{what}: not supported by a topology", place, "unsupported_content")


def _image(given: Any, place: str) -> dict[str, Any]:
    url = given.get("url") if isinstance(given, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://", "data:image/")):
        raise wrong("an image is given by a `url` that begins with https://, http:// or data:image/", place)
    detail = given.get("detail")
    if detail is not None and detail not in DETAILS:
        raise wrong(f"the `detail` of an image is {', '.join(DETAILS)}", place)
    return {"type": "image_url", "image_url": {"url": url} | ({"detail": detail} if detail else {})}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if part["type"] == "text")
