"""What a provider is: it turns a request into a response, over the transport that it is given or by itself.

A provider for a wire protocol is pure but for the transport: it knows addresses, headers, bodies and replies. Retries, limits,
the bank, prices and the budget are the runner's, and the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

Pairs: TypeAlias = "tuple[tuple[str, Any], ...]"
OnText: TypeAlias = "Callable[[str], None]"
"""Is called with each piece of an answer as it arrives."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is being answered: known beside the messages, and never sent.

    Attributes:
        question: The question as the user gave it.
        id: Of the item in its data set, or "".
        fields: All fields of the item.
    """

    question: str
    id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of one model.

    Attributes:
        provider: `openai`, `sim`, …: what stands before the first `/` of the model's id.
        model: What stands behind it.
        messages: (role, text) pairs.
        settings: Sampling settings to send, sorted by name: `temperature top_p max_tokens seed stop`, and `logprobs` (true)
            where the confidence of the answer is needed. A server of topologies passes on, to providers that take them,
            `response_format`, `tools`, `tool_choice`, `parallel_tool_calls`, and `turns`: chat messages that are sent as they
            are, in place of all but the system messages. Nothing else is sent.
        sample: Index of the sample, from 0. A provider that takes a seed is sent `seed + sample`.
        connection: `base_url`, `api_key_env`, `file`, `prices`, as stated in the program, sorted by name. `file` and `prices` are
            absolute paths.
        item: What is being answered; for `recorded` and `sim`, and no part of the request's identity.
    """

    provider: str
    model: str
    messages: tuple[tuple[str, str], ...]
    settings: Pairs = ()
    sample: int = 0
    connection: Pairs = ()
    item: Item | None = None

    @property
    def id(self) -> str:
        """`provider/model`."""
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class Response:
    """What a provider said.

    Attributes:
        text: The answer, as it came. Reasoning in `<think>` tags is still in it.
        reasoning: A trace that came beside the text (`reasoning_content`, thinking blocks).
        prompt_tokens: As the provider counts; None where it does not say.
        completion_tokens: Likewise, reasoning included.
        finish: `stop`, `length` for an answer cut off by its token limit, or what else the provider says.
        model: The model as the provider names it.
        confidence: Mean probability of the answer's tokens; None where the provider does not say.
        latency: Seconds that the call took; None where the runner shall measure it. A recording knows it.
        stated: The answer that is in the text, where a recording states it: see `Candidate.stated`.
        tool_calls: Calls of the tools that were sent, as they stand in a chat message. `finish` is `tool_calls` then.
    """

    text: str
    reasoning: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish: str = "stop"
    model: str = ""
    confidence: float | None = None
    latency: float | None = None
    stated: tuple[str, ...] | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP reply. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class StreamedReply(Protocol):
    """An HTTP reply that is read line by line."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """With names in lower case."""
        ...

    def lines(self) -> AsyncIterator[str]:
        """The lines of the body, without their ends.

        Raises:
            BrokenOff: if the connection is lost before the end.
            Stalled: if nothing arrives for too long.
        """
        ...

    async def read(self) -> bytes:
        """The whole body."""
        ...


class Transport(Protocol):
    """Sends requests. There is one implementation, in `moaql/run/transport.py`."""

    async def post(self, url: str, headers: Mapping[str, str], body: Any) -> Reply:
        """POST a JSON body and read the whole reply, whatever its status.

        Raises:
            Unreachable: if there is no connection.
            BrokenOff: if it is lost before the end of the reply.
            Stalled: if nothing arrives for too long.
        """
        ...

    def stream(self, url: str, headers: Mapping[str, str], body: Any) -> AbstractAsyncContextManager[StreamedReply]:
        """POST a JSON body and read the reply as it arrives. Raises as `post`."""
        ...


class Provider(Protocol):
    """What a provider's file defines as `PROVIDER`."""

    @property
    def banked(self) -> bool:
        """Whether its answers are kept in the bank. A recording is its own bank."""
        ...

    async def answer(self, request: Request, transport: Transport, on_text: OnText | None = None) -> Response:
        """Make one call.

        Args:
            request: What to ask.
            transport: How to send it, for providers that send.
            on_text: If given, the answer is streamed: it is called with each piece of text, in order, and the pieces together
                are the text of the response.

        Raises:
            ProviderError: if it fails; the class says how, and whether trying again may help.
        """
        ...
