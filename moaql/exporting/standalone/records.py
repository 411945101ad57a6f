"""What is asked, of whom, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Model:
    """A model behind an HTTP address.

    Attributes:
        name: As the votes and the cost report call it.
        id: As its provider calls it.
        url: Where requests go; "" where nobody has said it yet.
        protocol: `openai`, `anthropic` or `embeddings`.
        keys: Environment variables that may hold its key, the first that is set counts; none where it needs no key.
        price: Dollars per million tokens in and out; None where it is unknown.
        limit: What its provider calls the longest answer.
        seed: What its provider calls the seed.
    """

    name: str
    id: str
    url: str
    protocol: str = "openai"
    keys: tuple[str, ...] = ()
    price: tuple[float, float] | None = None
    limit: str = "max_tokens"
    seed: str = "seed"


@dataclass(frozen=True)
class Candidate:
    """One answer, and what later stages attached to it.

    Attributes:
        text: Without reasoning traces.
        node: Tells candidates apart: the number of its call.
        model: Name of the model that was asked.
        truncated: Whether its token limit cut it off.
        confidence: Mean probability of its tokens, where the provider says so.
        critiques: What critics said of it.
        score: From 0 to 1.
        tests: What a good answer must pass.
        shown: For a text about candidates: the `node` of each that it was shown, in the order of their numbers.
    """

    text: str
    node: str = ""
    model: str = ""
    truncated: bool = False
    confidence: float | None = None
    critiques: tuple[str, ...] = ()
    score: float | None = None
    tests: str = ""
    shown: tuple[str, ...] = ()


Candidates = list[Candidate | None]
"""In order; None where one was lost or filtered out, so that positions keep their meaning."""
Messages = list[tuple[str, str]]
"""(role, text) pairs."""


@dataclass(frozen=True)
class Question:
    """What is asked: the last thing the user said, the conversation before it, and fields that prompts may show."""

    text: str
    system: str = ""
    history: tuple[tuple[str, str], ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """The answer, and what it took.

    Attributes:
        text: The answer.
        calls: Requests that were answered, equal ones counted once.
        cost: Dollars for them; None where a price is unknown.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written.
        seconds: From question to answer.
        lost: Calls that gave no answer, and why.
        notes: What else to know, such as a ranking that could not be read.
        outputs: All texts that the topology ends with; the answer is the first.
    """

    text: str
    calls: int
    cost: float | None
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
