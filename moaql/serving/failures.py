"""What a client is told when something is wrong: OpenAI's error shape, and nothing of what is inside.

Messages of providers, paths, addresses and stack traces stay here: they go to the log, if anywhere. Where moaql has tried
again already, `x-should-retry: false` keeps clients that know it from paying for the same failure several times.
"""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING, Any

from moaql.errors import (
    BankError,
    BudgetReached,
    ContextTooLong,
    MoaqlError,
    NoCandidates,
    NotBanked,
    ProgramError,
    ProviderError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

INVALID = "invalid_request_error"
_NO_RETRY = {"x-should-retry": "false"}


class Failure(Exception):  # noqa: N818 - reads better where it is caught
    """A request that is not answered as it was meant.

    Attributes:
        status: HTTP status.
        message: What the client is told.
        kind: OpenAI's `type`.
        code: OpenAI's `code`, for programs.
        param: The parameter that is wrong.
        headers: Sent beside it.
        reason: For the log alone.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = INVALID,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.headers = dict(headers or {})
        self.reason = reason or message

    def body(self) -> dict[str, Any]:
        """The error as OpenAI writes it."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}


def wrong(message: str, param: str | None = None, code: str | None = None) -> Failure:
    """A request that makes no sense (400)."""
    return Failure(400, message, param=param, code=code)


def too_many(message: str, seconds: float, code: str) -> Failure:
    """One that may be sent again after so many seconds (429)."""
    wait = {"retry-after": str(max(1, int(-(-seconds // 1))))}
    return Failure(429, message, kind="rate_limit_error", code=code, headers=wait)


def failure_of(error: BaseException, model: str) -> Failure:
    """What a client is told of an exception that ended a run.

    Args:
        error: The exception.
        model: Name of the topology, as the client asked for it.
    """
    if isinstance(error, Failure):
        return error
    status, message, kind, code = _told(error, model)
    again = {} if isinstance(error, BankError | CancelledError) or status == 400 else _NO_RETRY
    param = "messages" if status == 400 else None
    return Failure(status, message, kind=kind, code=code, param=param, headers=again, reason=_reason(error))


def _told(error: BaseException, model: str) -> tuple[int, str, str, str]:
    if isinstance(error, CancelledError):
        return 503, "the server ends", "server_error", "server_ends"
    if isinstance(error, BudgetReached):
        return 429, "the dollars that may be spent are used up", "insufficient_quota", "insufficient_quota"
    if isinstance(error, NotBanked):
        return 503, "the server is offline, and has no answer to this in its bank", "server_error", "not_banked"
    if isinstance(error, ContextTooLong) or (isinstance(error, NoCandidates) and error.too_long):
        return 400, f"the conversation is too long for the models of `{model}`", INVALID, "context_length_exceeded"
    if isinstance(error, NoCandidates | ProviderError):
        return 502, f"no model of `{model}` gave an answer", "upstream_error", "no_answer"
    if isinstance(error, TimeoutError):
        return 504, f"`{model}` took too long", "upstream_error", "timeout"
    if isinstance(error, UsageError | ProgramError):
        return 500, f"the server is not set up to run `{model}`", "server_error", "not_set_up"
    if isinstance(error, BankError):
        return 500, "the server cannot read or write its bank", "server_error", "bank_failed"
    return 500, "the server failed", "server_error", "internal_error"


def _reason(error: BaseException) -> str:
    """One line for the log. Messages of moaql's own exceptions hold no keys; of others only the class is named."""
    if isinstance(error, CancelledError):
        return "cut off because the server ends"
    if isinstance(error, MoaqlError):
        return " ".join(f"{error.message}. {error.next_step}".split())
    return type(error).__name__
