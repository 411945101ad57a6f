"""Files that commands write: what somebody else wrote is not overwritten, and what cannot be written is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def refuse_foreign(output: str | None, mark: str, who: str, *, force: bool) -> None:
    """Refuse to overwrite a file that has another origin.

    Args:
        output: Where a command would write.
        mark: What stands in everything that it has written.
        who: Its name, for the message.
        force: Whether the user wants it overwritten.

    Raises:
        UsageError: if there is such a file.
    """
    if output is not None and not force and os.path.exists(output) and not _holds(output, mark):
        raise UsageError(f"`{output}` exists, and was not written by {who}", "Choose another `-o`, or give `--force`.")


def _holds(path: str, mark: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            return mark in file.read()
    except (OSError, UnicodeDecodeError):
        return False


def write_files(texts: Mapping[str, str]) -> None:
    """Write texts by path, in order; their folders are made.

    Raises:
        UsageError: if one cannot be written.
    """
    for path, text in texts.items():
        try:
            os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
            with open(path, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(
                f"cannot write `{path}`: {(error.strerror or str(error)).lower()}",
                "What was paid for is kept: try again.",
            ) from None
