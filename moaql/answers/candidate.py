"""A candidate: a text with its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of one model, and what later stages attached to it.

    Attributes:
        text: What other models read, without reasoning traces.
        stated: The answer that is in the text, where a recording states it: one element, or none where it states that no answer can
            be read; None where it states nothing.
        node: Id of the call that wrote it. No two calls of a run have the same, so it tells candidates apart.
        model: The model's name in the program.
        model_id: `provider/model` that answered; after a fallback not the one that was asked first.
        sample: Index of the sample, from 0.
        reasoning: The trace that was taken out of its text, or came beside it.
        truncated: Whether its token limit cut it off.
        confidence: Mean probability of its tokens, where the provider says so.
        prompt_tokens: Tokens that were read for it.
        completion_tokens: Tokens that were written.
        cost: List price in dollars; None where a price is unknown.
        paid: Dollars spent now; 0 where it came from the bank, None where a price is unknown.
        latency: Seconds that the call took when it was made.
        banked: Whether it came from the bank.
        critiques: What critics said of it, in order.
        score: From 0 to 1, as attached last.
        tests: What a good answer must pass, as attached.
        tool_calls: Calls of tools that it ends with, as they stand in a chat message; only a topology of one call is given tools.
        shown: For a text written about candidates: the `node` of each that it was shown, in the order of their numbers.
    """

    text: str
    node: str = ""
    model: str = ""
    model_id: str = ""
    sample: int = 0
    reasoning: str = ""
    truncated: bool = False
    confidence: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    paid: float | None = None
    latency: float = 0.0
    banked: bool = False
    critiques: tuple[str, ...] = ()
    score: float | None = None
    tests: str = ""
    shown: tuple[str, ...] = ()
    stated: tuple[str, ...] | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()
