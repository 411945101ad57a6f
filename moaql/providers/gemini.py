"""Google's Gemini API: `generateContent` and `streamGenerateContent`. The key goes into a header, never into the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from moaql.providers.base import Response
from moaql.providers.endpoints import base_url, below
from moaql.providers.fields import an_object, count, mean_probability, objects, text, total
from moaql.providers.replies import Asked, no_text, nonsense
from moaql.providers.turns import apart
from moaql.providers.wire import Gathered, Wire, ended_early, texts

if TYPE_CHECKING:
    from moaql.providers.base import Request

_SETTINGS = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxOutputTokens"}
_FINISHES = {"STOP": "stop", "MAX_TOKENS": "length", "FINISH_REASON_UNSPECIFIED": "stop"}
_WITHHELD = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"}


class Gemini(Wire):
    """Providers that speak Gemini's protocol."""

    def url(self, request: Request, streamed: bool) -> str:
        """`…/models/MODEL:generateContent` below the base URL."""
        name = request.model if request.model.startswith(("models/", "tunedModels/")) else f"models/{request.model}"
        method = "streamGenerateContent" if streamed else "generateContent"
        parts = urlsplit(below(base_url(request, "v1beta"), f"/{quote(name)}:{method}"))
        query = "&".join(filter(None, (parts.query, "alt=sse" if streamed else "")))
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))

    def headers(self, key: str) -> dict[str, str]:
        """The key."""
        return {"x-goog-api-key": key} if key else {}

    def body(self, request: Request, streamed: bool) -> dict[str, Any]:
        """Contents and settings."""
        del streamed
        system, turns = apart(request.messages)
        body: dict[str, Any] = {
            "contents": [
                {"role": "model" if role == "assistant" else role, "parts": [{"text": part} for part in parts]}
                for role, parts in turns
            ]
        }
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        settings = dict(request.settings)
        config = {new: settings[old] for old, new in _SETTINGS.items() if settings.get(old) is not None}
        if settings.get("seed") is not None:
            config["seed"] = settings["seed"] + request.sample
        if settings.get("stop") is not None:
            config["stopSequences"] = texts(settings["stop"])
        if settings.get("logprobs"):
            config["responseLogprobs"] = True
        if config:
            body["generationConfig"] = config
        return body

    def read(self, document: dict[str, Any], asked: Asked) -> Response:
        """The answer of a whole reply."""
        if not objects(document.get("candidates")) and not _blocked(document):
            raise nonsense(asked, "a reply without an answer (no `candidates`)")
        gathered = GatheredContent(asked)
        gathered.add(document)
        return gathered.response()

    def gather(self, asked: Asked) -> Gathered:
        """What takes in the pieces of a streamed reply."""
        return GatheredContent(asked)


class GatheredContent(Gathered):
    """The parts of an answer. A reply that came whole is a stream of one piece."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked)
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._logprobs: list[Any] = []
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._finish = ""

    def add(self, document: Any) -> str:
        """Take in one piece of the stream; its text."""
        piece = an_object(document)
        blocked = _blocked(piece)
        if blocked:
            raise no_text(self.asked, "content_filter", f"the prompt was blocked: {blocked}")
        self._usage = an_object(piece.get("usageMetadata")) or self._usage
        self._model = text(piece.get("modelVersion")) or self._model
        candidate = next(iter(objects(piece.get("candidates"))), {})
        self._finish = text(candidate.get("finishReason")) or self._finish
        chosen = objects(an_object(candidate.get("logprobsResult")).get("chosenCandidates"))
        self._logprobs += [token.get("logProbability") for token in chosen]
        written: list[str] = []
        for part in objects(an_object(candidate.get("content")).get("parts")):
            if isinstance(part.get("text"), str):
                (self._reasoning if part.get("thought") else written).append(part["text"])
        self._text += written
        return "".join(written)

    def response(self) -> Response:
        """The whole answer."""
        answer = "".join(self._text)
        if not self._finish:
            raise ended_early(self.asked, bool(answer))
        finish = "content_filter" if self._finish in _WITHHELD else _FINISHES.get(self._finish, self._finish.lower())
        if not answer and (not self._text or finish != "stop"):
            raise no_text(self.asked, finish, self._finish if finish == "content_filter" else "")
        return Response(
            text=answer,
            reasoning="".join(self._reasoning),
            prompt_tokens=count(self._usage.get("promptTokenCount")),
            completion_tokens=total(self._usage.get("candidatesTokenCount"), self._usage.get("thoughtsTokenCount")),
            finish=finish,
            model=self._model,
            confidence=mean_probability(self._logprobs),
        )


def _blocked(document: dict[str, Any]) -> str:
    return text(an_object(document.get("promptFeedback")).get("blockReason"))


PROVIDER = Gemini()
