"""One question on its way: calls with fallbacks, stages side by side, notes on what went wrong."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moaql.exporting.standalone.client import Client, Failed, NoKey, Reply
from moaql.exporting.standalone.reasoning import without_reasoning
from moaql.exporting.standalone.records import Answer, Candidate, Candidates, Messages, Model, Question

Prompt = Callable[[Question, Sequence[Candidate]], Messages]


class NoAnswer(Exception):  # noqa: N818
    """Every candidate was lost."""


@dataclass
class Sent:
    """A request: its reply, the model that it is charged as, and how many wait for it."""

    reply: asyncio.Task[Reply]
    model: Model
    waiting: int = 0

    def has_failed(self) -> bool:
        """Whether it must be sent again."""
        return self.reply.cancelled() or (self.reply.done() and self.reply.exception() is not None)


class Run:
    """What the stages of one question share.

    Args:
        question: What is asked.
        client: Sends the calls.
        seed: Of all that is drawn: orders, ties.
    """

    def __init__(self, question: Question, client: Client, seed: int) -> None:
        self.question = question
        self.seed = seed
        self.stages: dict[str, list[Any]] = {}
        self.lost: list[str] = []
        self.notes: list[str] = []
        self.replies: dict[int, tuple[Reply, Model]] = {}
        self._client = client
        self._sent: dict[Any, Sent] = {}
        self._numbers = itertools.count(1)

    async def ask(
        self,
        model: Model,
        prompt: Prompt,
        seen: Sequence[Candidate | None] | None = None,
        *,
        sample: int = 0,
        least: int = 1,
        shuffled: str = "",
        truncated: str = "keep",
        instead: Sequence[tuple[Model, Mapping[str, Any]]] = (),
        **settings: Any,
    ) -> Candidate | None:
        """Ask one model, and those `instead` of it in turn where it fails.

        Args:
            model: Whom to ask.
            prompt: Makes the messages.
            seen: The candidates that they show; None where they show none.
            sample: Which of the equal calls this is.
            least: How many candidates there must be, or nobody is asked.
            shuffled: Name of the call, where its candidates are shown in an order drawn from the seed.
            truncated: `keep`, `drop` or `retry` for an answer that its token limit cut off.
            instead: Other models, with their settings.
            settings: What is sent besides the messages; `timeout` is the longest wait in seconds.

        Returns:
            The answer, or None where there was nothing to show, or everybody failed.
        """
        present = [each for each in seen or () if each is not None]
        if seen is not None and len(present) < least:
            return None
        if shuffled and len(present) > 1:
            random.Random(f"{self.seed}\n{shuffled}\n{self.question.text}").shuffle(present)  # noqa: S311
        messages = prompt(self.question, present)
        failures: list[str] = []
        for one, sent in ((model, settings), *instead):
            try:
                reply = await self._in_time(one, messages, sample, dict(sent), truncated)
            except (Failed, NoKey) as error:
                failures.append(str(error))
                if isinstance(error, NoKey) and len(failures) > len(instead):
                    raise
                continue
            return Candidate(
                text=without_reasoning(reply.text),
                node=str(next(self._numbers)),
                model=model.name,  # as it was asked: weights and readers know no other
                truncated=reply.finish == "length",
                confidence=reply.confidence,
                shown=tuple(each.node for each in present),
            )
        self.lost.append("; ".join(failures))
        return None

    async def _in_time(
        self, model: Model, messages: Messages, sample: int, settings: dict[str, Any], truncated: str
    ) -> Reply:
        seconds = settings.pop("timeout", None)
        try:
            async with asyncio.timeout(seconds):
                reply = await self._once(model, messages, sample, settings)
                if reply.finish == "length" and truncated == "retry" and "max_tokens" in settings:
                    settings["max_tokens"] *= 2
                    reply = await self._once(model, messages, sample, settings)
        except TimeoutError:
            raise Failed(f"{model.name} did not answer within {seconds} s") from None
        if reply.finish == "length" and truncated == "drop":
            raise Failed(f"the answer of {model.name} was cut off by its token limit")
        return reply

    async def _once(self, model: Model, messages: Messages, sample: int, settings: dict[str, Any]) -> Reply:
        """Send a request. Equal requests are one, whoever makes them; one that nobody waits for any more is given up."""
        key = (model.url, model.id, tuple(messages), sample, repr(sorted(settings.items())))
        sent = self._sent.get(key)
        if sent is None or sent.has_failed():
            task = asyncio.ensure_future(self._client.ask(model, messages, sample, settings))
            sent = self._sent[key] = Sent(task, model)
        sent.waiting += 1
        try:
            reply = await asyncio.shield(sent.reply)
        finally:
            sent.waiting -= 1
            if not sent.waiting and not sent.reply.done():
                sent.reply.cancel()
        self.replies[id(sent)] = (reply, sent.model)
        return reply

    def apply(
        self,
        operation: Callable[[Given], Sequence[Candidate | None]],
        candidates: Candidates,
        said: Mapping[str, Candidates] | None = None,
        **parameters: Any,
    ) -> Candidates:
        """What an operation makes of candidates, and of what judges said of them, by role."""
        inputs = {"candidates": tuple(candidates), **{role: tuple(texts) for role, texts in (said or {}).items()}}
        return list(operation(Given(inputs, parameters, self.question.text, self.seed, self.notes)))

    def answer(self, outputs: Candidates, started: float) -> Answer:
        """The answer and its bill.

        Raises:
            NoAnswer: if no candidate is left.
        """
        left = [each.text for each in outputs if each is not None]
        if not left:
            raise NoAnswer("no candidate is left: " + ("; ".join(self.lost) or "all were filtered out"))
        costs = [reply.cost(model) for reply, model in self.replies.values()]
        return Answer(
            text=left[0],
            calls=len(costs),
            cost=None if None in costs else sum(each for each in costs if each is not None),
            prompt_tokens=sum(reply.prompt_tokens for reply, _ in self.replies.values()),
            completion_tokens=sum(reply.completion_tokens for reply, _ in self.replies.values()),
            seconds=time.perf_counter() - started,
            lost=tuple(self.lost),
            notes=tuple(self.notes),
            outputs=tuple(left),
        )


@dataclass(frozen=True)
class Given:
    """What an operation reads: candidates and judgements by role, its parameters, and where to leave notes."""

    inputs: Mapping[str, tuple[Candidate | None, ...]]
    parameters: Mapping[str, Any]
    question: str = ""
    seed: int = 0
    notes: list[str] = field(default_factory=list)

    def present(self, role: str = "candidates") -> list[Candidate]:
        """The inputs of a role that are there, in order."""
        return [each for each in self.inputs.get(role, ()) if each is not None]


async def gathered(awaitables: Iterable[Awaitable[Any]]) -> list[Any]:
    """All results, in order. Where one fails, the others are given up."""
    tasks = [asyncio.ensure_future(each) for each in awaitables]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def some(stage: Awaitable[Candidates], *places: int) -> Candidates:
    """Some of a stage's candidates, by their places; None where there are not that many."""
    candidates = await stage
    return [candidates[place] if place < len(candidates) else None for place in places]


async def joined(*stages: Awaitable[Candidates]) -> Candidates:
    """The candidates of several stages, one behind the other."""
    return [each for candidates in await gathered(stages) for each in candidates]
