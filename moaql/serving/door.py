"""The way in and out: who may enter, which path leads where, what is logged, and what a client is told when something fails."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from moaql.serving.answering import ANTHROPIC, OPENAI, Chats
from moaql.serving.body import ClientLeft, refuse
from moaql.serving.description import describe
from moaql.serving.failures import Failure, failure_of
from moaql.serving.message_answers import error_body
from moaql.serving.metrics import TYPE, Metrics
from moaql.serving.visit import LEFT, Rules, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Message, Receive, Scope, Send

    from moaql.run.events import Listener
    from moaql.serving.accounts import Accounts
    from moaql.serving.programs import Programs, Served

HEALTH = "/health"
"""The one path that needs no key: it says nothing."""
CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
_log = logging.getLogger(__name__)


class Door:
    """The whole server as an ASGI application.

    Args:
        programs: What is served.
        accounts: Who may ask.
        rules: Limits.
        seed: Of all that is drawn, where a request states none.
        listeners: Hear of everything that happens in the runs.
        log: Is given one line for each request; None where none is wanted.

    Attributes:
        metrics: Counts.
    """

    def __init__(
        self,
        programs: Programs,
        accounts: Accounts,
        rules: Rules,
        *,
        seed: int = 0,
        listeners: Sequence[Listener] = (),
        log: Callable[[str], None] | None,
    ) -> None:
        from starlette.routing import Route, Router

        self.metrics = Metrics(accounts.callers)
        self._programs = programs
        self._accounts = accounts
        self._rules = rules
        self._write = log
        chats = Chats(OPENAI, programs, self.metrics, rules, seed, listeners)
        messages = Chats(ANTHROPIC, programs, self.metrics, rules, seed, listeners)
        self._chats = {CHAT: chats, MESSAGES: messages}
        self._router = Router(
            [
                Route(CHAT, chats, methods=["POST"]),
                Route(MESSAGES, messages, methods=["POST"]),
                Route("/v1/models", self._models, methods=["GET"]),
                Route("/v1/models/{name:path}", self._model, methods=["GET"]),
                Route(HEALTH, self._health, methods=["GET"]),
                Route("/metrics", self._metrics, methods=["GET"]),
                Route("/openapi.json", self._openapi, methods=["GET"]),
            ],
            redirect_slashes=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        scope = dict(scope)  # what is written into it is for nobody else
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        visit = Visit(scope["method"], scope["path"])
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun, visit.status = True, message["status"]
            await send(message)

        try:
            try:
                self._enter(scope, path, visit)
                scope["moaql.visit"], scope["app"] = visit, self  # where there is an `app`, unknown paths raise
                # Nearly all requests: they need no search for their route, which knows what to say to other methods.
                chats = self._chats.get(path) if scope["method"] == "POST" else None
                await (chats or self._router)(scope, receive, sending)
            except ClientLeft:
                visit.status = LEFT
            except (Exception, asyncio.CancelledError) as error:
                failure = self._failure(error, visit)
                visit.status, visit.reason = failure.status, failure.reason
                if not begun:
                    body = error_body(failure) if path.startswith(MESSAGES) else failure.body()
                    await refuse(failure, body, receive, send)
                if isinstance(error, asyncio.CancelledError):
                    raise
        finally:
            self._leave(visit)

    def _enter(self, scope: Scope, path: str, visit: Visit) -> None:
        """Find out who it is.

        Raises:
            Failure: if they may not enter.
        """
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if (
            self._rules.hosts is not None
            and _host(headers.get(b"host", b"").decode("latin-1")) not in self._rules.hosts
        ):
            # A page that makes its own name point to this machine would otherwise be let in like its user.
            raise Failure(403, "this server is not called by that name")
        if path == HEALTH:
            return
        own = headers.get(b"x-api-key")  # as clients of Anthropic send it
        given = headers.get(b"authorization") or (b"Bearer " + own if own else None)
        visit.account = self._accounts.find((given or b"").decode("latin-1"))
        if visit.account is None:
            which = "is missing" if given is None else "is wrong"
            raise Failure(
                401,
                f"the key {which}: send `Authorization: Bearer KEY`",
                kind="authentication_error",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )

    def _failure(self, error: BaseException, visit: Visit) -> Failure:
        from starlette.exceptions import HTTPException

        if isinstance(error, HTTPException):
            known = {404: "there is nothing at this path", 405: "this path takes another method"}
            return Failure(error.status_code, known.get(error.status_code, "refused"), headers=error.headers)
        failure = failure_of(error, visit.model)
        if failure is not error:
            _log.debug("a request failed", exc_info=error)
        return failure

    def _leave(self, visit: Visit) -> None:
        if visit.is_chat:
            self.metrics.asked(visit.model, visit.status, visit.seconds, visit.tally)
        if self._write is not None:
            self._write(visit.line())

    # What is not chat

    async def _models(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        del request
        return JSONResponse({"object": "list", "data": [_row(each) for each in self._programs.served]})

    async def _model(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        served = self._programs.find(request.path_params["name"])
        if served is None:
            raise Failure(404, "there is no model of that name", code="model_not_found")
        return JSONResponse(_row(served))

    async def _health(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        del request
        return JSONResponse({"status": "ok"})

    async def _metrics(self, request: Request) -> Response:
        from starlette.responses import Response

        del request
        return Response(self.metrics.text(), media_type=TYPE)

    async def _openapi(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        del request
        names = [each.id for each in self._programs.served]
        return JSONResponse(describe(names, need_keys=self._accounts.need_keys))


def _row(served: Served) -> dict[str, object]:
    return {
        "id": served.id,
        "object": "model",
        "created": served.created,
        "owned_by": "moaql",
        "moaql": {"calls_at_most": sum(1 for _ in served.graph.calls), "simulated": served.simulated},
    }


def _host(header: str) -> str:
    """The name in a `Host` header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.rpartition(":")[0].lower() if ":" in header else header.lower()
