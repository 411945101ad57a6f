"""A progress bar on standard error: items, dollars paid of the budget, dollars saved by the bank, time left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType


class Progress:
    """A bar where standard error is a terminal, nothing where it is not.

    Args:
        shown: Whether to show it at all.
        unit: What is counted, such as `questions`.
    """

    def __init__(self, shown: bool, unit: str) -> None:
        self._bar: Any = None
        self._task: Any = None
        if shown and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                MofNCompleteColumn(),
                TextColumn(unit),
                TimeRemainingColumn(),
                TextColumn("{task.fields[bill]}"),
                BarColumn(20),
                console=Console(stderr=True),
                transient=True,
            )

    def begin(self, total: int, done: int) -> None:
        """So many items there are, and so many are done already."""
        if self._bar is not None:
            self._task = self._bar.add_task("", total=total, completed=done, bill="")

    def advance(self, bill: str) -> None:
        """One more is done, and that is the bill so far."""
        if self._bar is not None:
            self._bar.update(self._task, advance=1, bill=bill)

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
