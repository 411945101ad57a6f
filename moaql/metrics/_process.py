"""A process with a bound on its time and on what it writes. Nothing of it is left behind, however it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST_WORDS = 1.0
"""Seconds that a process has to end what it started itself, before it is killed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended.

    Attributes:
        out: What it wrote to standard output, up to the bound.
        err: What it wrote to standard error, up to the bound.
        code: Its exit code; negative where a signal ended it.
        late: Whether it was stopped because its time was over.
        long: Whether it was stopped because it wrote too much.
    """

    out: bytes
    err: bytes
    code: int
    late: bool = False
    long: bool = False


class _TooLong(Exception):  # noqa: N818
    """It wrote more than it may."""


async def run_process(
    command: Sequence[str], given: bytes, folder: str | None, seconds: float, most: int = 65536
) -> Finished:
    """Run a command in its own process group, without environment.

    Args:
        command: The program and its arguments.
        given: Its standard input.
        folder: Where it runs.
        seconds: How long it may take.
        most: Bytes that it may write to each of its two outputs.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={},
        start_new_session=True,
    )
    out, err = bytearray(), bytearray()
    late = long = False
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        async with asyncio.timeout(seconds):
            await asyncio.gather(
                _write(process, given), _read(process.stdout, out, most), _read(process.stderr, err, most)
            )
            await process.wait()
    except TimeoutError:
        late = True
    except _TooLong:
        long = True
    finally:
        await _end(process)
    assert process.returncode is not None
    return Finished(bytes(out), bytes(err), process.returncode, late, long)


async def _write(process: asyncio.subprocess.Process, given: bytes) -> None:
    assert process.stdin is not None
    # It may end before it has read everything.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.wait_closed()


async def _read(stream: asyncio.StreamReader, into: bytearray, most: int) -> None:
    while block := await stream.read(8192):
        into += block[: most - len(into)]
        if len(into) >= most:
            raise _TooLong


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the process and its group, and collect it, also when this task is being cancelled."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(process.wait(), _LAST_WORDS)
    # Also after it has ended: it may have left others in its group.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    # The pipes may still be held open by a process that left the group, and there is no public way to close them.
    process._transport.close()  # type: ignore[attr-defined]
