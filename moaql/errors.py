"""The exceptions of moaql: what the outside world does wrong, each with an exit code and a next step.

    MoaqlError
    ├── UsageError         the call itself is wrong                                      exit 2
    │   ├── MissingPackage an optional package is not installed
    │   └── MissingKey     a key is not in the environment
    ├── ProgramError       the program has errors; carries its diagnostics               exit 1
    ├── ProviderError      a model could not be asked                                    exit 3
    │   ├── Unreachable    no connection                                                 tried again
    │   ├── BrokenOff      the connection, or the sense of the reply, was lost           tried again
    │   ├── Stalled        nothing arrived for too long                                  tried again
    │   ├── RateLimited    429                                                           tried again
    │   ├── ServerFailed   408, 409, 5xx                                                 tried again
    │   ├── KeyRefused     401, 403
    │   ├── UnknownModel   404
    │   ├── ContextTooLong the prompt does not fit
    │   ├── Filtered       the provider's filter withheld the answer
    │   ├── NotRecorded    a recording has no such answer
    │   └── Refused        any other 4xx
    ├── NoCandidates       every candidate was lost                                      exit 3
    ├── NotBanked          offline, and the bank has no such answer                      exit 3
    ├── BankError          the bank cannot be read or written                            exit 3
    └── BudgetReached      another call could cost more than is left                     exit 4

A mistake in a program is not an exception but a `Diagnostic`. `ProgramError` exists for callers of the Python API, who asked
for a program and cannot be given one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.diagnostics import Diagnostic


class MoaqlError(Exception):
    """Base of all exceptions that moaql raises on purpose.

    Args:
        message: One sentence that says what happened.
        next_step: What the user can do about it.
    """

    exit_code = 2

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}\n{self.next_step}" if self.next_step else self.message


class UsageError(MoaqlError):
    """The command or function was called with something that it cannot use."""

    exit_code = 2


class MissingPackage(UsageError):  # noqa: N818 - reads better where it is caught
    """An optional package is needed and not installed."""

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package `{package}`.", f"Install it with `pip install {package}`.")


class MissingKey(UsageError):  # noqa: N818
    """A provider needs a key, and the environment has none."""

    def __init__(self, model: str, variable: str) -> None:
        super().__init__(
            f"`{model}` needs a key, and {variable} is not set",
            f"Set {variable} in the environment or in a `.env` file here.",
        )


class ProgramError(MoaqlError):
    """A program has errors. `diagnostics` holds all of them, with their places."""

    exit_code = 1

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        errors = [each for each in self.diagnostics if each.severity == "error"]
        count = f"{len(errors)} errors" if len(errors) != 1 else "1 error"
        super().__init__(f"the program has {count}", "\n".join(each.one_line() for each in errors))


class ProviderError(MoaqlError):
    """A model could not be asked, or did not answer in a form that can be read.

    Attributes:
        retryable: Whether the same request may succeed when it is sent again.
        charged: Whether the provider may have charged for it all the same.
        retry_after: Seconds to wait that the provider asked for.
        status: HTTP status, where there was one.
    """

    exit_code = 3
    retryable = False
    charged = False

    def __init__(
        self, message: str, next_step: str = "", *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, next_step)
        self.status = status
        self.retry_after = retry_after


class Unreachable(ProviderError):  # noqa: N818
    """There is no connection to the endpoint."""

    retryable = True


class BrokenOff(ProviderError):  # noqa: N818
    """The connection was lost before the end of the reply, or the reply makes no sense."""

    retryable = True
    charged = True


class Stalled(ProviderError):  # noqa: N818
    """Nothing arrived for too long."""

    retryable = True
    charged = True


class RateLimited(ProviderError):  # noqa: N818
    """The provider asks to slow down (429)."""

    retryable = True


class ServerFailed(ProviderError):  # noqa: N818
    """The provider failed (408, 409, 5xx)."""

    retryable = True


class KeyRefused(ProviderError):  # noqa: N818
    """The key is wrong, expired, or not allowed to do this (401, 403)."""


class UnknownModel(ProviderError):  # noqa: N818
    """The provider has no such model (404)."""


class ContextTooLong(ProviderError):  # noqa: N818
    """The prompt does not fit the model's context."""


class Filtered(ProviderError):  # noqa: N818
    """The provider's filter withheld the answer."""

    charged = True


class NotRecorded(ProviderError):  # noqa: N818
    """A recording has no such answer.

    Attributes:
        absent: Whether the question is one that a recording can answer, and only the answer is missing.
    """

    def __init__(self, message: str, next_step: str = "", *, absent: bool = True) -> None:
        super().__init__(message, next_step)
        self.absent = absent


class Refused(ProviderError):  # noqa: N818
    """The provider did not accept the request (other 4xx)."""


class NoCandidates(MoaqlError):  # noqa: N818
    """Every candidate that an answer could be made of was lost. `losses` says why, one line each.

    Attributes:
        losses: See above.
        unrecorded: Whether that is so only because a recording does not hold the answers.
        too_long: Whether that is so only because the prompts do not fit the models' contexts.
    """

    exit_code = 3

    def __init__(
        self, message: str, losses: Sequence[str] = (), *, unrecorded: bool = False, too_long: bool = False
    ) -> None:
        self.losses = tuple(losses)
        self.unrecorded = unrecorded
        self.too_long = too_long
        super().__init__(message, "\n".join(f"- {loss}" for loss in losses))


class NotBanked(MoaqlError):  # noqa: N818
    """No call may be made, and the bank does not hold the answer."""

    exit_code = 3


class BankError(MoaqlError):
    """The bank cannot be opened, read or written. Nothing in it was changed."""

    exit_code = 3


class BudgetReached(MoaqlError):  # noqa: N818
    """The next call could cost more than is left of the budget. What is done is kept, and a later run goes on from there."""

    exit_code = 4
