"""What an operation is given. An operation is a pure function of candidates; it makes no call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.answers.candidate import Candidate


@dataclass(frozen=True)
class Given:
    """What one reduction reads.

    Attributes:
        inputs: Its inputs by role, in order. A candidate that was lost, or was filtered out before, is None, so that positions
            mean what they meant when the graph was built.
        parameters: Those of the `Reduce` node; a parameter that was not given is absent.
        question: The question of this run.
        seed: Seed of the run, for what is drawn.
        notes: The operation adds a sentence for what the user must hear of, such as a ranking that cannot be read.
    """

    inputs: Mapping[str, tuple[Candidate | None, ...]]
    parameters: Mapping[str, Any]
    question: str = ""
    seed: int = 0
    notes: list[str] = field(default_factory=list)

    def present(self, role: str = "candidates") -> list[Candidate]:
        """The inputs of a role that are there, in order."""
        return [each for each in self.inputs.get(role, ()) if each is not None]


class Operation(Protocol):
    """What an operation's file defines as `OPERATION`."""

    def __call__(self, given: Given) -> tuple[Candidate | None, ...]:
        """The candidates that come out, none where nothing came in; None where a place means something and nobody stands there."""
        ...
