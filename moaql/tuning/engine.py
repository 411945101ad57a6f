"""The engine that DSPy's calls go through: moaql's transport, bank, budget and trace instead of DSPy's own.

DSPy 3.4 asks an engine for one attempt per call, from threads or in asynchronous code, and never tells it which of several equal
calls it is. Retries are the caller's here, and equal requests are told apart by counting them (`reflection.Occurrences`).
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from moaql import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.providers.base import Pairs, Response
    from moaql.tuning.bridge import Bridge

Messages = tuple[tuple[str, str], ...]
_SETTINGS = ("temperature", "top_p", "max_tokens", "seed", "stop")
_FINISHES = ("stop", "length", "content_filter")
_ERRORS: tuple[tuple[type[errors.MoaqlError], str], ...] = (
    (errors.RateLimited, "RateLimitError"),
    (errors.Stalled, "TimeoutError"),
    (errors.Unreachable, "TransportError"),
    (errors.BrokenOff, "TransportError"),
    (errors.ServerFailed, "ServerError"),
    (errors.KeyRefused, "AuthError"),
    (errors.UnknownModel, "UnsupportedModelError"),
    (errors.ContextTooLong, "ContextLengthError"),
    (errors.ProviderError, "InvalidRequestError"),
)
"""moaql's errors and DSPy's. What is none of them (the budget, the bank, a wrong setting) is tried by nobody again."""


class Asked(Protocol):
    """How an engine asks its model."""

    async def __call__(self, messages: Messages, settings: Pairs) -> Response:
        """The response to messages, sent with these settings besides the model's own."""
        ...


class Engine:
    """A model as DSPy's `engine`: `dspy.LM("moaql/NAME", engine=Engine(…), cache=False, num_retries=0)`.

    Args:
        asked: Makes the calls.
        bridge: From DSPy's threads to the session's loop.
        note: Said to the model behind DSPy's own system message.

    Attributes:
        ended: The first error that no other call would be spared either, such as `BudgetReached`.
    """

    def __init__(self, asked: Asked, bridge: Bridge, note: str = "") -> None:
        self.ended: errors.MoaqlError | None = None
        self.asynchronous = _Asynchronous(self)
        self._asked, self._bridge, self._note = asked, bridge, note

    def __deepcopy__(self, memo: object) -> Engine:
        """The same one: DSPy copies programs with all that is in them."""
        return self

    def complete(self, request: Any) -> Any:
        """Answer a `dspy.lm15.Request` with a `dspy.lm15.Response`, from a thread.

        Raises:
            dspy.lm15.LM15Error: with moaql's error as its cause.
        """
        return self._bridge.wait(self.answer(request))

    async def answer(self, request: Any) -> Any:
        """The same, on the session's loop."""
        try:
            if self.ended is not None:
                raise self.ended
            response = await self._asked(self._messages(request), _settings(request.config))
        except errors.MoaqlError as error:
            if not isinstance(error, errors.ProviderError):
                self.ended = self.ended or error
            raise as_dspy_error(error) from error
        return _as_dspy_response(request.model, response)

    def _messages(self, request: Any) -> Messages:
        system = request.system
        if system is not None and not isinstance(system, str):
            system = "".join(part.text for part in system)
        if self._note:
            system = f"{system}\n\n{self._note}" if system else self._note
        said = tuple((message.role, "".join(part.text for part in message.parts)) for message in request.messages)
        return ((("system", system),) if system else ()) + said


class _Asynchronous:
    """An engine for `acall`, on whatever loop that runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __deepcopy__(self, memo: object) -> _Asynchronous:
        return self

    async def complete(self, request: Any) -> Any:
        """As `Engine.complete`."""
        engine = self._engine
        return await asyncio.wrap_future(engine._bridge.begin(engine.answer(request)))


def language_model(name: str, engine: Engine) -> Any:
    """A `dspy.LM` that asks by an engine: without DSPy's caches, and without its retries."""
    import dspy  # type: ignore[import-untyped]

    return dspy.LM(
        f"moaql/{name}", engine=engine, async_engine=engine.asynchronous, cache=False, num_retries=0, max_tokens=None
    )


def as_dspy_error(error: errors.MoaqlError) -> Exception:
    """The error of `dspy.lm15` that says the same; raise it from the original."""
    from dspy import lm15

    name = next((name for kind, name in _ERRORS if isinstance(error, kind)), "ConfigurationError")
    details = {"status": getattr(error, "status", None), "retry_after": getattr(error, "retry_after", None)}
    given = {key: value for key, value in details.items() if value is not None}
    found: Exception = getattr(lm15, name)(error.message, **given)
    return found


def as_moaql_error(error: BaseException | None) -> errors.MoaqlError | None:
    """The error of moaql that one of DSPy's came from; None where it came from none."""
    while error is not None:
        if isinstance(error, errors.MoaqlError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _settings(config: Any) -> Pairs:
    given = {name: getattr(config, name, None) for name in _SETTINGS}
    if isinstance(given["stop"], tuple):
        given["stop"] = list(given["stop"]) or None
    return tuple(sorted((name, value) for name, value in given.items() if value is not None))


def _as_dspy_response(model: str, response: Response) -> Any:
    from dspy import lm15

    tokens = (response.prompt_tokens, response.completion_tokens)
    usage = lm15.Usage(tokens[0], tokens[1], sum(each or 0 for each in tokens))
    finish = response.finish if response.finish in _FINISHES else "stop"
    return lm15.Response(None, model, lm15.Message.assistant(response.text or " "), finish, usage)


@contextmanager
def silence() -> Iterator[None]:
    """DSPy, Optuna and what they use write nothing to the user's terminal meanwhile: logs, experimental warnings."""
    import logging
    import warnings

    loggers = [logging.getLogger(name) for name in ("dspy", "optuna")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


CASE: ContextVar[str] = ContextVar("case")
"""Key of the item that this thread's call of the tuned prompt is about."""
