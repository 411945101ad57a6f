"""What came of one item: its score, what it took, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["scored", "failed", "unreadable", "missing"]
"""`failed` counts as a score of 0. What is `unreadable` or `missing` was not measured, and counts as nothing."""


UNJUDGED = "the judge could not be asked:"
"""How the feedback of an item begins whose judge could not be asked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One topology's answer to one item, scored.

    Attributes:
        item: Id of the item.
        status: `scored`; `failed` where there was no answer or the user's metric raised; `unreadable` where the judge's verdict
            cannot be read; `missing` where a recording holds no answer to this item.
        score: From 0 to 1; None where nothing was measured.
        answer: Its text.
        feedback: What the metric had to say, or why there is no score.
        cost: List price in dollars; None where unknown, or where there is no answer.
        latency_s: Seconds along the longest path of calls.
        calls: Calls that were answered.
        lost: Nodes whose calls were lost, each with its reason.
        paid: Dollars that the topology's calls took now; None where a price is unknown.
        simulated: Whether a simulated model took part.
    """

    item: str
    status: Status
    score: float | None
    answer: str = ""
    feedback: str = ""
    cost: float | None = None
    latency_s: float = 0.0
    calls: int = 0
    lost: tuple[tuple[str, str], ...] = ()
    paid: float | None = None
    simulated: bool = False

    @property
    def answered(self) -> bool:
        """Whether the topology gave an answer, scored or not."""
        return self.calls > 0
