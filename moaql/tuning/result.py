"""What comes of tuning a prompt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moaql.tuning.optimizers.base import Proposals

if TYPE_CHECKING:
    from moaql.errors import BudgetReached
    from moaql.evaluation.compare import Comparison
    from moaql.tuning.place import Place


@dataclass(frozen=True)
class Measured:
    """Both texts on the items of one part.

    Attributes:
        before: Mean score of the old text.
        after: Of the new one.
        comparison: How much better the new one is.
        items: Items that were measured for both.
    """

    before: float
    after: float
    comparison: Comparison
    items: int


@dataclass(frozen=True)
class Tuned:
    """What came of tuning one prompt.

    Attributes:
        place: The prompt.
        text: The best text; the old one where nothing better was found.
        accepted: Whether its gain on the items that it was not tuned on is certain.
        select: Both texts on those items; None where it did not come to that.
        report: Both texts on the items that decided nothing; None where it was not accepted.
        trained: Mean scores of old and best text on the items that texts were compared on; None where they were not measured.
        calls: Calls of the tuned prompt while it was optimized.
        confirming: Calls of it afterwards.
        texts: Texts that were compared on all of those items, the old one included.
        proposals: What came of the reflection model's replies.
        reflections: Requests to the reflection model.
        stopped: Why the optimization ended, in words.
        ended: The budget, where it ended before all was done.
        simulated: Whether a simulated model took part.
        feedback: Whether the metric said anything besides scores.
    """

    place: Place
    text: str
    accepted: bool = False
    select: Measured | None = None
    report: Measured | None = None
    trained: tuple[float, float] | None = None
    calls: int = 0
    confirming: int = 0
    texts: int = 0
    proposals: Proposals = field(default_factory=Proposals)
    reflections: int = 0
    stopped: str = ""
    ended: BudgetReached | None = None
    simulated: bool = False
    feedback: bool = True

    @property
    def changed(self) -> bool:
        """Whether anything better than the old text was found, certain or not."""
        return self.text != self.place.seed
