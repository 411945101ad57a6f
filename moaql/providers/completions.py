"""Reads chat completions as OpenAI's protocol has them, whole and streamed, strictly where the sense is at stake.

Servers differ: usage may be absent, content a text, a list of parts or null, reasoning beside it under two names, a stream may end
with or without `[DONE]`. An answer is taken for whole only where the reply says that it is.
"""

from __future__ import annotations

from typing import Any

from moaql.errors import ServerFailed
from moaql.providers.base import Response
from moaql.providers.events import DONE
from moaql.providers.fields import an_object, count, mean_probability, objects, text
from moaql.providers.replies import Asked, failed_event, no_text, nonsense
from moaql.providers.tool_calls import GatheredCalls
from moaql.providers.wire import Gathered, ended_early

_FINISHES = {"eos": "stop", "eos_token": "stop", "end_turn": "stop", "max_tokens": "length", "model_length": "length"}
"""What some servers call the usual reasons."""
_BROKEN = {"error", "insufficient_system_resource"}
"""Reasons that mean that the server failed in the middle of the answer."""


def read_completion(document: dict[str, Any], asked: Asked) -> Response:
    """The answer of a whole chat completion.

    Args:
        document: The reply.
        asked: Who was asked, for messages.

    Raises:
        BrokenOff: if it is no chat completion, or the model wrote nothing.
        Filtered: if the answer was withheld.
    """
    choices = objects(document.get("choices"))
    if not choices:
        raise nonsense(asked, "a reply without an answer (no `choices`)")
    choice = choices[0]
    if choice.get("error"):
        raise failed_event(asked, choice)
    if not isinstance(choice.get("message"), dict):
        raise nonsense(asked, "an answer without a message")
    message = choice["message"]
    gathered = GatheredCompletion(asked)
    gathered.take(message)
    gathered.finish = text(choice.get("finish_reason")) or "stop"
    gathered.see(document, choice)
    return gathered.response()


class GatheredCompletion(Gathered):
    """The parts of an answer, from the chunks of a stream or from one message."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked)
        self.finish = ""
        self._text: list[str] = []
        self._wrote = False
        self._reasoning: list[str] = []
        self._refusal: list[str] = []
        self._logprobs: list[Any] = []
        self._calls = GatheredCalls()
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._done = False

    def add(self, document: Any) -> str:
        """Take in one chunk; the piece of text in it."""
        if document == DONE:
            self._done = True
            return ""
        if not isinstance(document, dict):
            raise nonsense(self.asked, "a stream of something else than objects")
        choice = next((each for each in objects(document.get("choices")) if not each.get("index")), {})
        if choice.get("error"):
            raise failed_event(self.asked, choice)
        self.see(document, choice)
        self.finish = text(choice.get("finish_reason")) or self.finish
        return self.take(an_object(choice.get("delta")))

    def see(self, document: dict[str, Any], choice: dict[str, Any]) -> None:
        """Take in what stands around a message: usage, the model's name, log-probabilities."""
        self._usage = an_object(document.get("usage")) or self._usage
        self._model = text(document.get("model")) or self._model
        self._logprobs += _logprobs(choice)

    def take(self, message: dict[str, Any]) -> str:
        """Take in a message or a piece of one; its text."""
        content, reasoning = _content(message.get("content"))
        self._wrote = self._wrote or content is not None
        self._text.append(content or "")
        self._reasoning.append(reasoning or text(message.get("reasoning_content")) or text(message.get("reasoning")))
        self._refusal.append(text(message.get("refusal")))
        if self.asked.tools:
            self._calls.take(message)
        return content or ""

    def response(self) -> Response:
        """The whole answer."""
        answer, refusal = "".join(self._text), "".join(self._refusal)
        if not self.finish and not self._done:
            raise ended_early(self.asked, bool(answer))
        finish = _FINISHES.get(self.finish, self.finish or "stop")
        if finish in _BROKEN:
            raise ServerFailed(f"`{self.asked.id}` failed in the middle of its answer", "Try again later.")
        calls = self._calls.calls() if finish not in ("length", "content_filter") else ()  # half a call is none
        finish = "tool_calls" if calls else finish
        # An empty text is an answer, unless something else than the model has kept it empty.
        if not calls and (not self._wrote or (not answer and (refusal or finish in ("length", "content_filter")))):
            raise no_text(self.asked, finish, refusal)
        return Response(
            text=answer,
            reasoning="".join(self._reasoning),
            prompt_tokens=count(self._usage.get("prompt_tokens")),
            completion_tokens=_completion_tokens(self._usage),
            finish=finish,
            model=self._model,
            confidence=mean_probability(self._logprobs),
            tool_calls=calls,
        )


def _content(content: Any) -> tuple[str | None, str]:
    """Text and reasoning of a message's content: a text, or parts, of which those of a reasoning model are marked."""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        return None, ""
    answer: list[str] = []
    reasoning: list[str] = []
    for part in objects(content):
        if part.get("type") in ("thinking", "reasoning"):
            thought = part.get("thinking", part.get("text"))
            reasoning += (
                [thought] if isinstance(thought, str) else [text(each.get("text")) for each in objects(thought)]
            )
        elif isinstance(part.get("text"), str):
            answer.append(part["text"])
    return ("".join(answer) if answer else None), "".join(reasoning)


def _logprobs(choice: dict[str, Any]) -> list[Any]:
    """Log-probabilities of the tokens, in the form of chat completions or in that of the older completions."""
    logprobs = an_object(choice.get("logprobs"))
    if logprobs.get("content"):
        return [token.get("logprob") for token in objects(logprobs["content"])]
    older = logprobs.get("token_logprobs")
    return older if isinstance(older, list) else []


def _completion_tokens(usage: dict[str, Any]) -> int | None:
    """Tokens written, reasoning included: some servers count it apart, which shows in the total."""
    written = count(usage.get("completion_tokens"))
    if written is None:
        return None
    reasoned = count(an_object(usage.get("completion_tokens_details")).get("reasoning_tokens")) or 0
    read, total = count(usage.get("prompt_tokens")), count(usage.get("total_tokens"))
    apart = read is not None and total is not None and reasoned and total == read + written + reasoned
    return written + reasoned if apart else written
