"""Anthropic's Messages API.

It differs from chat completions in what matters here: the system message is a field of its own, `max_tokens` must be given, there
is no seed and there are no log-probabilities, thinking comes in blocks of its own, and the tokens of a cache are counted apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.providers.base import Response
from moaql.providers.endpoints import base_url, below
from moaql.providers.fields import an_object, count, objects, text, total
from moaql.providers.replies import Asked, no_text, nonsense
from moaql.providers.turns import apart
from moaql.providers.wire import Gathered, Wire, ended_early, texts

if TYPE_CHECKING:
    from moaql.providers.base import Request

VERSION = "2023-06-01"
MAX_TOKENS = 4096
"""Sent where a program states no `max_tokens`: the API demands one, and its models write at least as much."""
_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}


class Anthropic(Wire):
    """Providers that speak Anthropic's protocol."""

    def url(self, request: Request, streamed: bool) -> str:
        """`…/v1/messages` below the base URL, whether that ends in `/v1` or not."""
        del streamed
        return below(below(base_url(request, "v1"), "/v1"), "/messages")

    def headers(self, key: str) -> dict[str, str]:
        """The key and the version of the API."""
        return {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}

    def body(self, request: Request, streamed: bool) -> dict[str, Any]:
        """Model, messages and settings. A seed and log-probabilities cannot be asked for, and are left out."""
        system, turns = apart(request.messages)
        settings = dict(request.settings)
        limit = settings.get("max_tokens")
        body: dict[str, Any] = {
            "model": request.model,
            "max_tokens": limit if limit is not None else MAX_TOKENS,
            "messages": [{"role": role, "content": _content(parts)} for role, parts in turns],
        }
        if system:
            body["system"] = system
        for name in ("temperature", "top_p"):
            if settings.get(name) is not None:
                body[name] = settings[name]
        if settings.get("stop") is not None:
            body["stop_sequences"] = texts(settings["stop"])
        if streamed:
            body["stream"] = True
        return body

    def read(self, document: dict[str, Any], asked: Asked) -> Response:
        """The answer of a whole message."""
        if not isinstance(document.get("content"), list):
            raise nonsense(asked, "a reply without an answer (no `content`)")
        gathered = GatheredMessage(asked)
        gathered.start(document)
        for block in objects(document["content"]):
            gathered.take(block)
        return gathered.response()

    def gather(self, asked: Asked) -> Gathered:
        """What takes in the events of a streamed message."""
        return GatheredMessage(asked)

    def is_whole(self, document: Any) -> bool:
        """Whether it is a message, not an event."""
        return isinstance(document, dict) and document.get("type") == "message"


class GatheredMessage(Gathered):
    """The parts of a message, from its blocks or from the events of a stream. Events that are not known are passed over."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked)
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._stop = ""
        self._begun = self._done = False

    def add(self, document: Any) -> str:
        """Take in one event; the piece of text in it."""
        event = an_object(document)
        kind = event.get("type")
        if kind == "message_start":
            self.start(an_object(event.get("message")))
        elif kind == "content_block_start":
            return self.take(an_object(event.get("content_block")))
        elif kind == "content_block_delta":
            return self.take(an_object(event.get("delta")))
        elif kind == "message_delta":
            self._stop = text(an_object(event.get("delta")).get("stop_reason")) or self._stop
            self._count(event)
        elif kind == "message_stop":
            self._done = True
        return ""

    def start(self, message: dict[str, Any]) -> None:
        """Take in what stands around a message's blocks."""
        self._begun = True
        self._model = text(message.get("model"))
        self._stop = text(message.get("stop_reason"))
        self._count(message)

    def take(self, block: dict[str, Any]) -> str:
        """Take in a block or a piece of one; its text."""
        kind = block.get("type")
        if kind in ("thinking", "thinking_delta"):
            self._reasoning.append(text(block.get("thinking")))
        if kind not in ("text", "text_delta"):
            return ""
        piece = text(block.get("text"))
        self._text.append(piece)
        return piece

    def response(self) -> Response:
        """The whole answer."""
        if not self._stop and not self._done:
            raise ended_early(self.asked, self._begun)
        answer = "".join(self._text)
        finish = _FINISHES.get(self._stop, self._stop or "stop")
        if not answer and (not self._text or finish in ("length", "refusal")):
            raise no_text(self.asked, finish)
        usage = self._usage
        return Response(
            text=answer,
            reasoning="".join(self._reasoning),
            prompt_tokens=total(
                usage.get("input_tokens"),
                usage.get("cache_creation_input_tokens"),
                usage.get("cache_read_input_tokens"),
            ),
            completion_tokens=count(usage.get("output_tokens")),
            finish=finish,
            model=self._model,
        )

    def _count(self, holder: dict[str, Any]) -> None:
        # The counts at the end of a stream are those of the whole message, and some may be absent.
        known = {name: value for name, value in an_object(holder.get("usage")).items() if value is not None}
        self._usage = {**self._usage, **known}


def _content(parts: list[str]) -> str | list[dict[str, str]]:
    return parts[0] if len(parts) == 1 else [{"type": "text", "text": part} for part in parts]


PROVIDER = Anthropic()
