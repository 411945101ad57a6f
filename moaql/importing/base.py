"""What an import format is: a program from a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Imported:
    """A program.

    Attributes:
        text: Formatted, with what was lost in comments at its top.
        losses: What could not be carried over, or is not what the source seems to say; one sentence each.
    """

    text: str
    losses: tuple[str, ...] = ()


class Format(Protocol):
    """What a format's file defines as `FORMAT`."""

    @property
    def name(self) -> str:
        """As the user types it."""
        ...

    def matches(self, text: str) -> bool:
        """Whether a text looks like this format."""
        ...

    def read(self, text: str, source: str) -> Imported:
        """The program.

        Args:
            text: What the other system is configured with.
            source: Where it is from, for messages and the comment at the top.

        Raises:
            UsageError: if the text is not in this format, or says nothing that can run.
        """
        ...
