"""One `Call` of a graph, carried out: messages, request, fallbacks, and what becomes of a truncated answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.answers.candidate import Candidate
from moaql.answers.reasoning import ReasoningFilter, split_reasoning
from moaql.check.program import Model, connection_of
from moaql.errors import MissingKey, ProviderError
from moaql.graph.plan import price_of
from moaql.providers.base import Request
from moaql.providers.find import find_provider
from moaql.run.budget import without_price
from moaql.run.caller import Answered, Caller
from moaql.run.events import CallFinished
from moaql.run.render import Rendered, render
from moaql.run.tools import said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.graph.nodes import Call, Graph, Pairs
    from moaql.providers.base import OnText
    from moaql.run.question import Question

_MORE_ROOM = 2
"""`truncated=retry` asks once more with so many times the tokens."""


class TooLate(ProviderError):  # noqa: N818
    """A call took longer than its `timeout`."""


class CutOff(ProviderError):  # noqa: N818
    """An answer was cut off by its token limit, and `truncated=drop` says that such an answer is none."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What all calls of one run share.

    Attributes:
        caller: Makes calls.
        question: What is asked.
        seed: Of the run.
        run: Its id.
        listener: Hears of each call.
    """

    caller: Caller
    question: Question
    seed: int
    run: str
    listener: Callable[[CallFinished], None]


async def carry_out(call: Call, candidates: Sequence[Candidate], asking: Asking, on_text: OnText | None) -> Candidate:
    """Make one call, and ask its model's alternatives in turn where it fails.

    Args:
        call: What to ask of whom.
        candidates: What its prompt shows.
        asking: What all calls of the run share.
        on_text: Is called with the pieces of the answer, reasoning left out.

    Raises:
        ProviderError: if all of them fail; the error is the last one's.
        MoaqlError: if the run must end: budget, bank, a missing key.
    """
    rendered = render(call, asking.question, candidates, asking.seed)
    started, clock = time.time(), time.perf_counter()
    speech, sent = _Speech(on_text) if on_text is not None else None, _Sent()
    models = (_with_settings(call), *call.model.alternatives)
    failed: list[str] = []
    for position, model in enumerate(models):
        try:
            answered, settings = await _ask(call, model, rendered, asking, speech, sent)
        except (ProviderError, MissingKey) as error:
            last = position == len(models) - 1 or (speech is not None and speech.begun)
            if last:
                _tell_loss(call, rendered, asking, error, sent.count, started, clock)
                raise
            failed.append(f"{model.id}: {error.message}")
            # What was held back of this one's words is no part of the next one's.
            speech = _Speech(on_text) if on_text is not None else None
        else:
            break
    if speech is not None:
        speech.end()
    candidate = _candidate(call, model, rendered, answered)
    response = answered.response
    asking.listener(
        CallFinished(
            asking.run,
            call,
            rendered.messages,
            dict(settings),
            candidate,
            said(response),
            "",
            response.model,
            sent.count,
            answered.shared,
            started,
            time.perf_counter() - clock,
            tuple(failed),
        )
    )
    return candidate


async def _ask(
    call: Call, model: Model, rendered: Rendered, asking: Asking, speech: _Speech | None, sent: _Sent
) -> tuple[Answered, Pairs]:
    """Ask one model, within its time, and once more where its answer was cut off and that is to be tried again."""
    settings = tuple(pair for pair in model.settings if pair[0] != "timeout")
    seconds = dict(model.settings).get("timeout")
    truncated = dict(call.reads).get("truncated")
    provider, _, name = model.id.partition("/")
    request = Request(
        provider, name, rendered.messages, settings, call.sample, connection_of(model), asking.question.item
    )
    on_text = speech.hear if speech is not None and truncated in (None, "keep") else None
    asking_it = _answered(asking.caller, request, model, truncated, on_text, sent)
    if seconds is None:
        answered, settings = await asking_it
    else:
        try:
            async with asyncio.timeout(seconds):
                answered, settings = await asking_it
        except TimeoutError:
            raise TooLate(f"`{model.name}` did not answer within {seconds:g} s") from None
    if answered.response.finish == "length" and truncated == "drop":
        raise CutOff(f"the answer of `{model.name}` was cut off by its token limit", "Raise `max_tokens`.")
    return answered, settings


async def _answered(
    caller: Caller, request: Request, model: Model, truncated: str | None, on_text: OnText | None, sent: _Sent
) -> tuple[Answered, Pairs]:
    """The answer, and the settings that it was asked with."""
    price = price_of(model)
    answered = await caller.ask(request, price, context=model.context, on_text=on_text, on_send=sent.once_more)
    cut = answered.response.finish == "length" and truncated == "retry"
    if not cut or "max_tokens" not in dict(request.settings):
        return answered, request.settings
    again = replace(request, settings=_with_more_room(request.settings))
    return _together(
        answered, await caller.ask(again, price, context=model.context, on_send=sent.once_more)
    ), again.settings


def check_prices(graph: Graph, caller: Caller) -> None:
    """Refuse a budget that cannot be kept before the first call is paid, not when the model without a price is to be asked.

    Raises:
        UsageError: if there is a budget, and a model that may be asked has no known price.
    """
    if caller.budget.limit is None or caller.offline:
        return
    for call in graph.calls:
        for model in (call.model, *call.model.alternatives):
            connection = connection_of(model)
            if price_of(model) is None and find_provider(model.id, connection).banked:
                raise without_price(model.id)


def _with_settings(call: Call) -> Model:
    model = call.model
    return Model(
        model.name,
        model.id,
        call.settings,
        model.connection,
        model.price_in,
        model.price_out,
        model.context,
        (),
        model.folder,
    )


def _with_more_room(settings: Pairs) -> Pairs:
    return tuple((name, value * _MORE_ROOM if name == "max_tokens" else value) for name, value in settings)


def _together(first: Answered, second: Answered) -> Answered:
    """The second answer, with the bill of both."""
    cost = first.cost + second.cost if first.cost is not None and second.cost is not None else None
    paid = first.paid + second.paid if first.paid is not None and second.paid is not None else None
    return Answered(
        second.response,
        cost,
        paid,
        first.latency + second.latency,
        first.banked and second.banked,
        first.attempts + second.attempts,
        second.shared,
    )


def _candidate(call: Call, model: Model, rendered: Rendered, answered: Answered) -> Candidate:
    response = answered.response
    text, reasoning = split_reasoning(response.text)
    return Candidate(
        text=text,
        node=call.id,
        model=call.model.name,  # as the program asks it: weights and readers know no alternative
        model_id=model.id,
        sample=call.sample,
        reasoning="\n\n".join(part for part in (response.reasoning, reasoning) if part),
        truncated=response.finish == "length",
        confidence=response.confidence,
        prompt_tokens=response.prompt_tokens or 0,
        completion_tokens=response.completion_tokens or 0,
        cost=answered.cost,
        paid=answered.paid,
        latency=answered.latency,
        banked=answered.banked,
        shown=rendered.shown,
        stated=response.stated,
        tool_calls=response.tool_calls,
    )


def _tell_loss(
    call: Call, rendered: Rendered, asking: Asking, error: Exception, attempts: int, started: float, clock: float
) -> None:
    message = error.message if isinstance(error, ProviderError | MissingKey) else str(error)
    asking.listener(
        CallFinished(
            asking.run,
            call,
            rendered.messages,
            dict(call.settings),
            None,
            error=message,
            attempts=attempts,
            started=started,
            elapsed=time.perf_counter() - clock,
        )
    )


class _Sent:
    """Counts how often a call was sent, retries and alternatives included."""

    def __init__(self) -> None:
        self.count = 0

    def once_more(self) -> None:
        """It was sent."""
        self.count += 1


class _Speech:
    """Passes an answer on as it arrives, without its reasoning, and without the white space around it where there is some.

    Attributes:
        begun: Whether anything was passed on.
    """

    def __init__(self, on_text: OnText) -> None:
        self.begun = False
        self._on_text = on_text
        self._filter = ReasoningFilter()
        self._space: list[str] = []  # not passed on before it is certain that something follows

    def hear(self, piece: str) -> None:
        """The next piece."""
        self._say(self._filter.feed(piece))

    def end(self) -> None:
        """That was all."""
        self._say(self._filter.end())
        if self._space and not self._filter.blocks:
            self._pass_on("".join(self._space))

    def _say(self, text: str) -> None:
        known = text.rstrip()
        if known:
            before = "" if self._filter.blocks and not self.begun else "".join(self._space)
            self._pass_on(before + known)
            self._space.clear()
        if len(known) < len(text):
            self._space.append(text[len(known) :])

    def _pass_on(self, text: str) -> None:
        self.begun = True
        self._on_text(text)
