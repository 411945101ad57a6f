"""Writing files of answers: whole or not at all, and for nobody but the user."""

from __future__ import annotations

import gzip
import os
import tempfile
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from moaql.bank.forms import text_of
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDINGS = (".jsonl", ".jsonl.gz")


def check_new(path: str, force: bool) -> None:
    """Refuse a path that cannot be written, before any work is done for it.

    Raises:
        UsageError: if its ending is wrong, its folder is not there, or a file is there and `force` is not given.
    """
    if not path.endswith(ENDINGS):
        raise UsageError(f"`{path}` has no ending of a recorded file", f"End it with {' or '.join(ENDINGS)}.")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise UsageError(f"cannot write `{path}`: there is no such folder", "Make the folder first.")
    if os.path.isdir(path) or (os.path.exists(path) and not force):
        raise UsageError(f"`{path}` is there already", "Name another file, or give `--force` to replace it.")


@contextmanager
def json_lines(path: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that writes one object a line. The file appears under its name when all of it is on the disk.

    Args:
        path: The file; with `.gz` at its end it is packed.

    Raises:
        UsageError: if it cannot be written. What was there before is there still.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=".moaql-", dir=os.path.dirname(os.path.abspath(path)))
        with os.fdopen(handle, "wb") as file:
            # No date and no name in the head: equal answers make equal files.
            packed = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if path.endswith(".gz") else nullcontext(file)
            with packed as stream:
                yield partial(_write, cast("IO[bytes]", stream))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = ""
    except OSError as error:
        raise UsageError(
            f"cannot write `{path}`: {(error.strerror or str(error)).lower()}", "Check the disk."
        ) from None
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def _write(stream: IO[bytes], row: dict[str, Any]) -> None:
    stream.write(text_of(row).encode() + b"\n")
