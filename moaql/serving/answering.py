"""A conversation through a topology, answered as one document or as a stream, in the form of OpenAI or of Anthropic.

A client that leaves ends its runs, and with them every call that nobody else waits for.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.run.executor import run
from moaql.serving.body import ClientLeft, read_json
from moaql.serving.chat import Chat, read_chat
from moaql.serving.completions import Head, bill_of, completion
from moaql.serving.failures import Failure, failure_of, too_many, wrong
from moaql.serving.leaving import left, unless_left
from moaql.serving.message_answers import MessageStream, message
from moaql.serving.messages import read_message
from moaql.serving.passing import refuse_unless_passed_on
from moaql.serving.streams import ChatStream, Stream
from moaql.serving.writers import adapted, unused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import Receive, Scope, Send

    from moaql.run.events import Listener
    from moaql.run.result import Answer
    from moaql.serving.metrics import Metrics
    from moaql.serving.programs import Programs, Served
    from moaql.serving.visit import Rules, Visit

    OnPiece = Callable[[int, str], None]


@dataclass(frozen=True)
class Wire:
    """How requests and replies are written.

    Attributes:
        read: The request that a JSON document is.
        whole: A reply as one document.
        stream: A reply as events.
    """

    read: Callable[[Any], Chat]
    whole: Callable[[Head, Sequence[Answer], Served, Sequence[str]], dict[str, Any]]
    stream: type[Stream]


OPENAI = Wire(read_chat, completion, ChatStream)
ANTHROPIC = Wire(read_message, message, MessageStream)


_AT_ONCE = 256
"""Pieces that are sent as one: each costs a call of the system, and one to a client that has left a line in asyncio's log."""


class Chats:
    """Answers chat requests; an ASGI application.

    Args:
        wire: How requests and replies are written.
        programs: What is served.
        metrics: Counts.
        rules: Limits.
        seed: Of all that is drawn, where a request states none.
        listeners: Hear of everything that happens in the runs.
    """

    def __init__(
        self,
        wire: Wire,
        programs: Programs,
        metrics: Metrics,
        rules: Rules,
        seed: int = 0,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._wire = wire
        self._programs = programs
        self._metrics = metrics
        self._rules = rules
        self._seed = seed
        self._listeners = tuple(listeners)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            Failure: where nothing was sent yet, and the client must be told why there is no answer.
            ClientLeft: if nobody waits for it any more.
        """
        visit: Visit = scope["moaql.visit"]
        visit.is_chat = True
        assert visit.account is not None
        wait = visit.account.rate.wait(time.monotonic())
        if wait:
            raise too_many("too many requests in a minute for this key", wait, "rate_limit_exceeded")
        if self._metrics.in_progress >= self._rules.at_once:
            raise too_many("too many requests are being answered", 1.0, "too_many_requests")
        self._metrics.in_progress += 1
        try:
            chat = self._wire.read(await read_json(scope, receive, self._rules))
            served = self._find(chat, visit)
            if chat.stream:
                await self._stream(chat, served, visit, receive, send)
            else:
                await self._whole(chat, served, visit, receive, send)
        finally:
            self._metrics.in_progress -= 1

    def _find(self, chat: Chat, visit: Visit) -> Served:
        served = self._programs.find(chat.model)
        if served is None:
            raise Failure(
                404, f"there is no model `{chat.model[:100]}`; GET /v1/models lists them", code="model_not_found"
            )
        visit.model, visit.stream = served.id, chat.stream
        refuse_unless_passed_on(chat, served)
        return served

    async def _whole(self, chat: Chat, served: Served, visit: Visit, receive: Receive, send: Send) -> None:
        try:
            answers = await unless_left(receive, self._answers(chat, served, visit), self._rules.timeout)
        except TimeoutError as error:
            raise self._failure(error, chat, served) from None
        head = Head(chat.model, served.fingerprint)
        document = self._wire.whole(head, answers, served, unused(served.writers, chat.settings))
        data = json.dumps(document).encode("ascii")
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    async def _stream(self, chat: Chat, served: Served, visit: Visit, receive: Receive, send: Send) -> None:
        pieces: asyncio.Queue[tuple[int, str] | None] = asyncio.Queue()

        def hear(choice: int, piece: str) -> None:
            if piece:
                pieces.put_nowait((choice, piece))

        work = asyncio.create_task(self._answers_in_time(chat, served, visit, hear))
        leaving = asyncio.create_task(left(receive))
        for task in (work, leaving):
            task.add_done_callback(lambda _: pieces.put_nowait(None))
        stream = self._wire.stream(Head(chat.model, served.fingerprint), send, self._metrics)
        try:
            while True:
                heard = await _next(pieces, self._rules.alive_seconds)
                if leaving.done() and not work.done():
                    raise ClientLeft
                said = [piece for piece in heard if piece is not None]
                if said:
                    await stream.say(said)
                elif not heard:
                    await stream.alive()
                if len(said) < len(heard):
                    break
            await self._end_stream(chat, served, visit, stream, work)
        finally:
            stream.over()
            await _end(work, leaving)

    async def _end_stream(
        self, chat: Chat, served: Served, visit: Visit, stream: Stream, work: asyncio.Task[list[Answer]]
    ) -> None:
        try:
            answers = await work
        except Exception as error:
            failure = failure_of(error, served.id)
            if not stream.begun:
                raise failure from None
            visit.status, visit.reason = failure.status, failure.reason
            await stream.fail(failure)
            return
        bill = bill_of(answers, served, unused(served.writers, chat.settings))
        await stream.end(answers, bill, usage=chat.usage)

    async def _answers_in_time(self, chat: Chat, served: Served, visit: Visit, on_piece: OnPiece) -> list[Answer]:
        try:
            async with asyncio.timeout(self._rules.timeout):
                return await self._answers(chat, served, visit, on_piece)
        except TimeoutError as error:
            raise self._failure(error, chat, served) from None

    async def _answers(self, chat: Chat, served: Served, visit: Visit, on_piece: OnPiece | None = None) -> list[Answer]:
        """One answer for each choice. Where one fails, all end.

        Raises:
            Failure: if there are none.
        """
        try:
            if chat.count == 1:
                answers = [await self._answer(chat, served, visit, 0, on_piece)]
            else:
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._answer(chat, served, visit, number, on_piece))
                        for number in range(chat.count)
                    ]
                answers = [task.result() for task in tasks]
        except ExceptionGroup as group_error:
            raise self._failure(group_error.exceptions[0], chat, served) from None
        except Exception as error:
            raise self._failure(error, chat, served) from None
        visit.trace = answers[0].run
        return answers

    async def _answer(self, chat: Chat, served: Served, visit: Visit, choice: int, on_piece: OnPiece | None) -> Answer:
        graph = adapted(served.graph, served.writers, chat.settings, choice)
        seed = (self._seed if chat.seed is None else chat.seed) + choice
        on_text = None if on_piece is None else lambda piece: on_piece(choice, piece)
        assert visit.account is not None
        listeners: list[Listener] = [visit.tally, *self._listeners]
        return await run(graph, chat.question, visit.account.caller, seed=seed, listeners=listeners, on_text=on_text)

    def _failure(self, error: Exception, chat: Chat, served: Served) -> Failure:
        missing = sorted(served.fields - set(chat.question.fields))
        if type(error) is UsageError and missing:
            names = ", ".join(f"`{name}`" for name in missing)
            return wrong(f'`{served.id}` needs fields: give {names} in "moaql": {{"fields": {{…}}}}', "moaql")
        return failure_of(error, served.id)


async def _next(pieces: asyncio.Queue[tuple[int, str] | None], seconds: float) -> list[tuple[int, str] | None]:
    """The next pieces, as many as there are; none where none came in that time; None behind the last one."""
    if pieces.qsize() > _AT_ONCE:
        await asyncio.sleep(0)  # so that a burst does not keep the server from seeing that its client has left
    try:
        async with asyncio.timeout(seconds):
            heard = [await pieces.get()]
    except TimeoutError:
        return []
    while len(heard) < _AT_ONCE and not pieces.empty():
        heard.append(pieces.get_nowait())
    return heard


async def _end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel, and wait until all is over."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
