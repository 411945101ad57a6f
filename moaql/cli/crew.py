"""Further processes of `moaql search`, which search the same space beside the one that was started by hand."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from typing import IO, Any

import click

_PATIENCE = 10.0
"""Seconds that a process has to end after it was interrupted twice."""
_PASSED_ON = ("seed", "budget", "concurrency", "attempts", "trace", "trials", "study")
"""Options with a value that all of them have. What may hold a password goes by the environment."""
_FLAGS = ("offline", "no_bank", "otel")


class Processes:
    """The workers of a search but for the first.

    Args:
        target: What is searched, as `FILE[::NAME]`.
        count: How many there are.
        given: The options of the command by name, as they were read.
    """

    def __init__(self, target: str, count: int, given: dict[str, Any]) -> None:
        self._target, self._count, self._given = target, count, given
        self._running: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []

    def start(self) -> None:
        """Start them; they search until there is nothing to do, and confirm nothing."""
        for number in range(1, self._count + 1):
            said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with its process
            process = subprocess.Popen(  # noqa: S603 - this program itself
                self._arguments(number),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,  # Ctrl-C reaches them through this process, so that it counts once
            )
            self._running.append((process, said))

    def interrupt(self) -> None:
        """Pass a Ctrl-C on."""
        for process, _ in self._running:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)

    async def ended(self) -> None:
        """Wait until they have ended; what those said that failed goes to standard error."""
        while any(process.poll() is None for process, _ in self._running):
            await asyncio.sleep(0.05)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.interrupt()
        for number, (process, said) in enumerate(self._running, 1):
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            with said:
                if process.returncode and kind is None:
                    said.seek(0)
                    _tell(number, process.returncode, said.read().decode("utf-8", "replace"))

    def _arguments(self, number: int) -> list[str]:
        options = [f"--{name}={value}" for name in _PASSED_ON if (value := self._given.get(name)) is not None]
        flags = [f"--{name.replace('_', '-')}" for name in _FLAGS if self._given.get(name)]
        return [sys.executable, "-m", "moaql", "search", *options, *flags, f"--worker={number}", "--", self._target]

    def _environment(self) -> dict[str, str]:
        named = {"MOAQL_BANK": self._given.get("bank"), "MOAQL_STORAGE": self._given.get("storage")}
        # It ends when this process does, whatever ends it.
        return {
            **{name: value for name, value in os.environ.items() if name not in named},
            **{name: value for name, value in named.items() if value},
            "MOAQL_PARENT": str(os.getpid()),
        }


def orphaned() -> bool:
    """Whether the process that started this one is gone."""
    parent = os.environ.get("MOAQL_PARENT")
    return parent is not None and sys.platform != "win32" and os.getppid() != int(parent)


def _tell(number: int, code: int, said: str) -> None:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    for line in [how, *said.splitlines()]:
        click.echo(f"worker {number}: {line}", err=True)
