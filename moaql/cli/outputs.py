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
    if output is not None and not force and os.path.exists(output) and mark not in _text_of(output):
        raise UsageError(f"`{output}` exists, and was not written by {who}", "Choose another `-o`, or give `--force`.")


def refuse_changed(texts: Mapping[str, str], *, force: bool) -> None:
    """Refuse to overwrite files that say something else than what would be written.

    Args:
        texts: What would be written, by path.
        force: Whether the user wants them overwritten.

    Raises:
        UsageError: if there is such a file.
    """
    changed = [path for path, text in texts.items() if os.path.exists(path) and _text_of(path) != text]
    if changed and not force:
        raise UsageError(
            f"`{changed[0]}` is there already, and says something else",
            "Somebody may have edited it: write elsewhere, or over it with `--force`.",
        )


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


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
                "Choose another place, and run the same command again. Answers that were paid for are kept.",
            ) from None
