"""The simulated models behind an OpenAI-compatible HTTP port, so that transport, retries and load are tested over a socket."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.errors import ContextTooLong, UnknownModel
from moaql.providers.base import Item
from moaql.simulation.answer import answer_in
from moaql.simulation.draws import digest, uniform
from moaql.simulation.faults import DELAYS, NO_FAULT, RateLimit, draw_fault, send_fault
from moaql.simulation.wire import BadRequest, chunks, completion, error_body, read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from moaql.providers.base import Request, Response
    from moaql.simulation.world import World

LARGEST_BODY = 32 * 1024 * 1024


@dataclass(frozen=True)
class Serving:
    """How the server behaves.

    Attributes:
        world: Where the models come from.
        speed: Answers take their assumed latency divided by this; 0 answers at once.
        faults: Share of requests that meet each kind of fault.
        rate_limit: Requests a second that are let through; 0 for no limit.
        seed: Another seed is another draw of answers and faults.
        key: Questions whose answer is known, with the fields of their items.
    """

    world: World
    speed: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    rate_limit: float = 0.0
    seed: int = 0
    key: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


async def serve(serving: Serving, host: str, port: int, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set.

    Args:
        serving: How to behave.
        host: Address to listen on.
        port: Port, or 0 for any that is free.
        ready: Called with the base URL once the server listens.
        stop: Set it to end.

    Raises:
        OSError: if the port cannot be had.
    """
    from aiohttp import web

    runner = web.AppRunner(_application(serving), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        ready(f"http://{f'[{host}]' if ':' in host else host}:{bound}/v1")
        await stop.wait()
    finally:
        await runner.cleanup()


def _application(serving: Serving) -> web.Application:
    from aiohttp import web

    handler = _Handler(serving)
    application = web.Application(client_max_size=LARGEST_BODY)
    application.router.add_post("/v1/chat/completions", handler.chat)
    application.router.add_get("/v1/models", handler.models)
    application.router.add_get("/health", handler.health)
    return application


class _Handler:
    """Answers requests. Equal requests without a seed are samples 0, 1, 2, … of each other."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._limit = RateLimit(serving.rate_limit)
        self._asked: Counter[str] = Counter()
        self._number = 0

    async def health(self, request: web.Request) -> web.Response:
        """`{"status": "ok"}`."""
        from aiohttp import web

        del request
        return web.json_response({"status": "ok", "simulated": True})

    async def models(self, request: web.Request) -> web.Response:
        """The models of the world."""
        from aiohttp import web

        del request
        rows = [
            {"id": name, "object": "model", "created": 0, "owned_by": "simulated"}
            for name in sorted(self._serving.world.models)
        ]
        return web.json_response({"object": "list", "data": rows})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """One chat completion, streamed where the body says so."""
        from aiohttp import web

        fault = self._fault()
        refused = await send_fault(fault, request) if fault != NO_FAULT else None
        if refused is not None:
            return refused
        wait = self._limit.wait()
        if wait > 0:
            return web.json_response(
                error_body("too many requests", "rate_limit_error", 429),
                status=429,
                headers={"Retry-After": f"{wait:.2f}"},
            )
        try:
            body = await request.json()
        except ValueError:
            return web.json_response(error_body("the body is not JSON", "invalid_request_error", 400), status=400)
        try:
            asked, count, options = read_request(body)
            responses = self._answers(asked, count)
        except BadRequest as error:
            return web.json_response(error_body(str(error), "invalid_request_error", 400), status=400)
        except UnknownModel as error:
            return web.json_response(error_body(error.message, "invalid_request_error", "model_not_found"), status=404)
        except ContextTooLong as error:
            return web.json_response(
                error_body(error.message, "invalid_request_error", "context_length_exceeded"), status=400
            )
        name = f"chatcmpl-{digest(self._serving.seed, self._number)}"
        await self._pause(responses, fault)
        if options.stream:
            return await self._stream(request, name, responses, options.usage, fault)
        return await _send_whole(request, completion(name, responses, logprobs=options.logprobs), fault)

    def _fault(self) -> str:
        self._number += 1
        return draw_fault(self._serving.faults, uniform(self._serving.seed, "fault", self._number))

    def _answers(self, asked: Request, count: int) -> list[Response]:
        from dataclasses import replace

        settings = dict(asked.settings)
        first = 0
        if "seed" not in settings:
            name = digest(asked.model, asked.messages, asked.settings)
            first = self._asked[name] + self._serving.seed * 1_000_003
            self._asked[name] += count
        item = _item(self._serving.key, asked.messages)
        return [
            answer_in(self._serving.world, replace(asked, sample=first + number, item=item)) for number in range(count)
        ]

    async def _pause(self, responses: list[Response], fault: str) -> None:
        speed = self._serving.speed
        if fault in DELAYS:
            await asyncio.sleep(DELAYS[fault])
        if speed > 0:
            await asyncio.sleep(max(each.latency or 0.0 for each in responses) / speed)

    async def _stream(
        self, request: web.Request, name: str, responses: list[Response], usage: bool, fault: str
    ) -> web.StreamResponse:
        from aiohttp import web

        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await reply.prepare(request)
        pieces = list(chunks(name, responses, usage=usage and fault != "no-usage"))
        for place, piece in enumerate(pieces):
            if fault == "reset" and place >= len(pieces) // 2:
                _break_off(request)
                return reply
            await reply.write(f"data: {json.dumps(piece, ensure_ascii=False)}\n\n".encode())
        await reply.write(b"data: [DONE]\n\n")
        await reply.write_eof()
        return reply


async def _send_whole(request: web.Request, body: dict[str, Any], fault: str) -> web.StreamResponse:
    from aiohttp import web

    if fault == "no-usage":
        body.pop("usage")
    elif fault == "no-choices":
        body["choices"] = []
    elif fault == "null-content":
        for choice in body["choices"]:
            choice["message"]["content"] = None
    if fault != "reset":
        return web.json_response(body)
    data = json.dumps(body).encode()
    reply = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(data))})
    await reply.prepare(request)
    await reply.write(data[: len(data) // 2])
    _break_off(request)
    return reply


def _break_off(request: web.Request) -> None:
    """Close the connection in the middle of a reply."""
    if request.transport is not None:
        request.transport.abort()


def _item(key: Mapping[str, Mapping[str, Any]], messages: tuple[tuple[str, str], ...]) -> Item | None:
    """The item of the key whose question the messages ask: a whole message first, then the longest that one contains."""
    if not key:
        return None
    users = [text.strip() for role, text in reversed(messages) if role == "user"]
    for text in users:
        if text in key:
            return Item(text, fields=key[text])
    everything = "\n".join(text for _, text in messages)
    held = [question for question in key if question in everything]
    if not held:
        return None
    question = max(held, key=len)
    return Item(question, fields=key[question])
