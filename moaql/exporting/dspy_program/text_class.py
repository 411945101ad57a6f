"""The head of the module, and the methods of its class, as text.

It is text because it defines subclasses of DSPy's classes, and nobody who only exports loads DSPy.
"""

HEAD = r'''
from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import dspy
from dspy import lm15

if __package__:
    from . import topology
else:
    import topology


@dataclass(frozen=True)
class Prompt:
    """Messages, one of which is an instruction.

    Attributes:
        function: Makes these messages in topology.py, with the instruction that is written there.
        messages: (role, template) pairs.
        place: Which of them is the instruction.
        shown: By placeholder, what is put in for it, from the question and the candidates.
        reads: Whether candidates are put in.
        history: Whether a template shows the conversation.
    """

    function: Callable[..., topology.Messages]
    messages: Sequence[tuple[str, str]]
    place: int
    shown: Mapping[str, Callable[[topology.Question, Sequence[topology.Candidate]], str]]
    reads: bool = False
    history: bool = False
'''

METHODS = r'''
    def forward(
        self,
        question: str | topology.Question,
        system: str = "",
        history: Sequence[tuple[str, str]] = (),
        fields: Mapping[str, Any] | None = None,
    ) -> dspy.Prediction:
        """Answer a question.

        Args:
            question: Its text, or all of it.
            system: The user's system message.
            history: The conversation before it, as (role, text) pairs.
            fields: Of the question, for prompts that show them.

        Returns:
            `answer`; `candidates`, all texts that the topology ends with; `calls` that were made, and their `cost` in dollars, None
            where a price is unknown: what DSPy's cache answered counts for neither; `lost` calls with reasons; `notes`.

        Raises:
            topology.NoAnswer: if every candidate was lost.
            topology.NoKey: if a model needs a key and the environment has none.
        """
        return waited(self.aforward(question, system, history, fields))

    async def aforward(
        self,
        question: str | topology.Question,
        system: str = "",
        history: Sequence[tuple[str, str]] = (),
        fields: Mapping[str, Any] | None = None,
    ) -> dspy.Prediction:
        """As `forward`."""
        if isinstance(question, str):
            question = topology.Question(question, system, tuple((role, text) for role, text in history), fields or {})
        return await answered(self, question)

    def load_state(self, state: dict[str, Any], **more: Any) -> None:
        """Take over the instructions of a saved state.

        Raises:
            ValueError: if one of them cannot be sent.
        """
        for name, prompt in PROMPTS.items():
            if reason := refusal(prompt, state[name]["signature"]["instructions"]):
                raise ValueError(f"the instructions of `{name}` cannot be sent: {reason}")
        super().load_state(state, **more)

    def set_lm(self, lm: Any) -> None:
        """Refuse: its models differ from call to call.

        Raises:
            ValueError: always.
        """
        raise ValueError("the models of a topology stand in topology.py: change them there")
'''
