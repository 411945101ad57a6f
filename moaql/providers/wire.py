"""What the providers that speak HTTP have in common: send, look at the status, read the reply whole or as it arrives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moaql.providers.base import Response
from moaql.providers.endpoints import key_of, key_variable
from moaql.providers.events import documents, parsed
from moaql.providers.replies import Asked, failed_event, failed_reply, nonsense
from moaql.providers.secrets import scrubbed_name, shown

if TYPE_CHECKING:
    from moaql.providers.base import OnText, Request, Transport


class Gathered(ABC):
    """A streamed answer while it arrives.

    Args:
        asked: Who was asked, for messages.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    @abstractmethod
    def add(self, document: Any) -> str:
        """Take in one document of the stream; the piece of the answer's text that it brings."""

    @abstractmethod
    def response(self) -> Response:
        """The whole answer, at the end of the stream.

        Raises:
            ProviderError: if it is none.
        """


class Wire(ABC):
    """A protocol. Its methods say what is sent and how replies read; no state is kept between calls."""

    banked = True

    async def answer(self, request: Request, transport: Transport, on_text: OnText | None = None) -> Response:
        """Make one call. See `moaql.providers.base.Provider`.

        Raises:
            MissingKey: if the model needs a key and the environment has none. Nothing is sent then.
            ProviderError: if the call fails.
        """
        key = key_of(request)
        streamed = on_text is not None
        tools = any(name == "tools" for name, _ in request.settings)
        asked = Asked(request.id, self.url(request, streamed), key_variable(request), key, tools)
        headers, body = self.headers(key), self.body(request, streamed)
        if on_text is None:
            reply = await transport.post(asked.url, headers, body)
            if not 200 <= reply.status < 300:
                raise failed_reply(asked, reply.status, reply.headers, reply.body)
            return self._whole(parsed(reply.body, asked), asked)
        async with transport.stream(asked.url, headers, body) as stream:
            if not 200 <= stream.status < 300:
                raise failed_reply(asked, stream.status, stream.headers, await stream.read())
            gathered = self.gather(asked)
            async for document in documents(stream, asked):
                whole = self.is_whole(document)
                if whole:  # a server that does not stream
                    response = self._whole(document, asked)
                    on_text(response.text)
                    return response
                if isinstance(document, dict) and document.get("error"):
                    raise failed_event(asked, document)
                if piece := gathered.add(document):
                    on_text(piece)
            return without_keys(gathered.response(), asked)

    def _whole(self, document: dict[str, Any], asked: Asked) -> Response:
        # Some servers say that they failed with a status of 200.
        if document.get("error"):
            raise failed_event(asked, document)
        return without_keys(self.read(document, asked), asked)

    @abstractmethod
    def url(self, request: Request, streamed: bool) -> str:
        """Where the request goes."""

    @abstractmethod
    def headers(self, key: str) -> dict[str, str]:
        """What is sent beside the body; without a key for servers that need none."""

    @abstractmethod
    def body(self, request: Request, streamed: bool) -> dict[str, Any]:
        """What is sent: the messages, and the settings that were asked for."""

    @abstractmethod
    def read(self, document: dict[str, Any], asked: Asked) -> Response:
        """The answer in a reply that came whole.

        Raises:
            ProviderError: if there is none.
        """

    @abstractmethod
    def gather(self, asked: Asked) -> Gathered:
        """What takes in a streamed reply."""

    def is_whole(self, document: Any) -> bool:
        """Whether a document of a stream is a reply that came whole."""
        del document
        return False


def without_keys(response: Response, asked: Asked) -> Response:
    """The response, kept from saying a key where a server says names: those are written to traces and to the bank."""
    model = scrubbed_name(response.model, asked.id, asked.key)
    finish = response.finish if response.finish in ("stop", "length") else shown(response.finish, asked.key)
    if (model, finish) == (response.model, response.finish):
        return response
    return replace(response, model=model, finish=finish)


def ended_early(asked: Asked, begun: bool) -> Exception:
    """The exception for a stream that ends without saying so.

    Args:
        asked: Who was asked, for messages.
        begun: Whether there was anything in it.
    """
    return nonsense(asked, "a stream that ends in the middle of the answer" if begun else "an empty stream")


def texts(setting: Any) -> list[str]:
    """The `stop` setting as a list: a program may give one text or several."""
    return [setting] if isinstance(setting, str) else list(setting)
