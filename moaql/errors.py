"""The exceptions of moaql: what the outside world does wrong, each with an exit code and a next step.

    MoaqlError
    ├── UsageError       the call itself is wrong                                        exit 2
    ├── ProgramError     the program has errors; carries its diagnostics                 exit 1
    └── MissingPackage   an optional package is not installed                            exit 2

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


class MissingPackage(MoaqlError):  # noqa: N818 - reads better where it is caught
    """An optional package is needed and not installed."""

    exit_code = 2

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package `{package}`.", f"Install it with `pip install {package}`.")


class ProgramError(MoaqlError):
    """A program has errors. `diagnostics` holds all of them, with their places."""

    exit_code = 1

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        errors = [each for each in self.diagnostics if each.severity == "error"]
        count = f"{len(errors)} errors" if len(errors) != 1 else "1 error"
        super().__init__(f"the program has {count}", "\n".join(each.one_line() for each in errors))
