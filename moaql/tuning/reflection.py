"""The model that writes new texts: asked by moaql's own requests, through bank and budget.

Asked the same again, it is asked for another sample. The count of equal requests is the sample's index, so that a second run of the
same command finds every one of them in the bank.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moaql.bank.key import key_of
from moaql.check.program import connection_of
from moaql.errors import MoaqlError
from moaql.graph.nodes import Call
from moaql.graph.plan import price_of
from moaql.providers.base import Request, Response
from moaql.providers.find import find_provider
from moaql.records import replace
from moaql.run.budget import without_price
from moaql.run.calls import Asking, carry_out
from moaql.run.events import RunFinished, RunStarted
from moaql.run.question import Question
from moaql.stages.base import Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.program import Model
    from moaql.providers.base import Pairs
    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener

PURPOSE = "rewrite"
"""What these calls are for, as a trace says it."""


class Occurrences:
    """Counts equal requests: the first is sample 0 of its answers, the second sample 1."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[bytes] = Counter()

    def numbered(self, request: Request) -> Request:
        """The request with the index of its sample. At temperature 0 there is one answer, whatever the sample."""
        if dict(request.settings).get("temperature") == 0:
            return request
        key = key_of(request)
        with self._lock:
            sample = self._seen[key]
            self._seen[key] += 1
        return Request(
            request.provider,
            request.model,
            request.messages,
            request.settings,
            sample,
            request.connection,
            request.item,
        )


@dataclass
class Reflection:
    """A model that reads what went wrong and writes a new text.

    Attributes:
        model: Whom to ask.
        caller: Makes the calls.
        occurrences: Numbers equal requests.
        asked: Requests so far.
        listeners: Hear of its calls.
    """

    model: Model
    caller: Caller
    occurrences: Occurrences = field(default_factory=Occurrences)
    asked: int = 0
    listeners: Sequence[Listener] = ()

    def check(self) -> None:
        """Refuse a budget that cannot be kept, before anything is paid.

        Raises:
            UsageError: if there is a budget, and the price of the model is not known.
        """
        limited = self.caller.budget.limit is not None and not self.caller.offline
        for model in (self.model, *self.model.alternatives):
            banked = find_provider(model.id, connection_of(model)).banked
            if limited and banked and price_of(model) is None:
                raise without_price(model.id)

    async def ask(self, messages: tuple[tuple[str, str], ...]) -> str:
        """What it answers, without its reasoning.

        Raises:
            ProviderError, BudgetReached, NotBanked, BankError: if neither the model nor one of its alternatives can be asked.
        """
        return (await self.respond(messages)).text

    async def respond(self, messages: tuple[tuple[str, str], ...], settings: Pairs = ()) -> Response:
        """The same with its tokens, and with more settings than the model's own. Raises as `ask`."""
        call = self._call(messages, settings)
        run = f"{random.getrandbits(48):012x}"
        asking = Asking(self.caller, Question(messages[-1][1]), 0, run, self._tell)
        self._tell(RunStarted(run, PURPOSE, messages[-1][1], "", time.time()))
        started, said, error, cost, paid = time.perf_counter(), "", "", None, None
        try:
            answer = await carry_out(call, (), asking, None)
            said, cost, paid = answer.text, answer.cost, answer.paid
        except BaseException as failure:
            error = failure.message if isinstance(failure, MoaqlError) else type(failure).__name__
            raise
        finally:
            elapsed = time.perf_counter() - started
            self._tell(RunFinished(run, said, error, cost, paid, elapsed, elapsed))
        self.asked += 1
        finish = "length" if answer.truncated else "stop"
        return Response(answer.text, answer.reasoning, answer.prompt_tokens, answer.completion_tokens, finish)

    def _call(self, messages: tuple[tuple[str, str], ...], settings: Pairs) -> Call:
        """The request as a call of a graph, so that it is made, retried, traced and paid as any other."""
        model = self.model
        given = {**dict(model.settings), **dict(settings)}
        truncated = given.pop("truncated", None)
        asked = tuple(sorted((key, value) for key, value in given.items() if value is not None))
        provider, _, name = model.id.partition("/")
        sent = tuple(pair for pair in asked if pair[0] != "timeout")
        sample = self.occurrences.numbered(Request(provider, name, messages, sent, 0, connection_of(model))).sample
        # A call's messages are templates, and these texts are none.
        prompt = Prompt(tuple((role, text.replace("{", "{{").replace("}", "}}")) for role, text in messages))
        reads = (("truncated", truncated),) if truncated is not None else ()
        bare = replace(model, settings=())
        return Call(f"{PURPOSE}/{model.name}", PURPOSE, bare, prompt, asked, sample, reads=reads)

    def _tell(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)
