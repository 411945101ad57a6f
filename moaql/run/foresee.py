"""What a run would find in the bank, without making a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.bank.key import key_of
from moaql.errors import MoaqlError, NoCandidates, ProviderError
from moaql.providers.find import find_provider
from moaql.run.caller import Answered, Caller
from moaql.run.events import CallFinished
from moaql.run.executor import run
from moaql.run.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.bank.base import Bank
    from moaql.graph.nodes import Graph
    from moaql.providers.base import OnText, Request
    from moaql.run.caller import OnSend, Price
    from moaql.run.events import Event
    from moaql.run.question import Question


class _Unasked(ProviderError):  # noqa: N818 - is seen by nobody
    """The bank does not hold it, and nobody asks."""


class _Reader(Caller):
    """Reads the bank, and makes no call."""

    async def ask(
        self,
        request: Request,
        price: Price | None,
        *,
        context: int | None = None,
        on_text: OnText | None = None,
        on_send: OnSend | None = None,
    ) -> Answered:
        """What the bank holds."""
        del context, on_send
        provider = find_provider(request.id, request.connection)
        entry = await self.bank.find(key_of(request)) if provider.banked else None
        if entry is None:
            raise _Unasked("not in the bank")
        return self._from_bank(entry, price, on_text)


async def banked_calls(graph: Graph, questions: Sequence[Question], bank: Bank) -> int:
    """How many calls of these questions are paid already: those whose answers, and whose inputs' answers, are in the bank."""
    found = 0

    def count(event: Event) -> None:
        nonlocal found
        found += isinstance(event, CallFinished) and event.candidate is not None

    async with HttpTransport() as transport:
        reader = _Reader(bank, transport)
        for question in questions:
            try:
                await run(graph, question, reader, listeners=[count])
            except NoCandidates:
                continue
            except MoaqlError:
                break  # such as a field that no question has: a run would say so
    return found
