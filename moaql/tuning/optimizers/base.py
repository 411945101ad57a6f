"""What an optimizer is given, and what it must do: look for a text that scores higher than the one there is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from moaql.tuning.template import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.tuning.bridge import Bridge
    from moaql.tuning.reflection import Reflection
    from moaql.tuning.trials import Trial, Trials

PATIENCE = 3
"""Replies without a usable text, one behind the other, after which a reflection model is asked no more."""


@dataclass
class Proposals:
    """What came of the replies of a reflection model.

    Attributes:
        replies: All of them.
        refused: Texts that could not take the place of the old one, such as because a placeholder was lost.
        unreadable: Replies in which no text was found.
        reasons: Why texts were refused, each once.
    """

    replies: int = 0
    refused: int = 0
    unreadable: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def refuse(self, reason: str) -> None:
        """A text was refused."""
        self.refused += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


@dataclass
class Work:
    """What an optimizer works on.

    Attributes:
        seed_text: The text as it is.
        trials: Asks texts; its task holds the items to learn from.
        learn: Positions of the items whose answers may be shown to the reflection model.
        judge: Positions of the items that candidates are compared on.
        reflection: The model that writes new texts.
        bridge: From the optimizer's thread to the session's loop.
        calls: Calls of the tuned prompt at most.
        seed: Of all that is drawn.
        proposals: To be kept up to date.
        scored: By text: its mean score on the items to judge by. To be filled in, so that the best is known however it ends.
    """

    seed_text: str
    trials: Trials
    learn: Sequence[int]
    judge: Sequence[int]
    reflection: Reflection
    bridge: Bridge
    calls: int
    seed: int = 0
    proposals: Proposals = field(default_factory=Proposals)
    scored: dict[str, float] = field(default_factory=dict)

    def __deepcopy__(self, memo: object) -> Work:
        """The same one: optimizers copy what they tune."""
        return self

    def ask(self, text: str, items: Sequence[int]) -> list[Trial]:
        """Ask a text these items, and wait. For an optimizer's thread; raises as `Trials.ask`."""
        return self.bridge.wait(self.trials.ask(text, items))

    def note(self, text: str) -> None:
        """Keep the score of a text that was asked all items to judge by; nothing where some are missing."""
        trials = [self.trials.known.get((text, at)) for at in self.judge]
        known = [each.score for each in trials if each is not None]
        if known and len(known) == len(self.judge):
            self.scored[text] = sum(known) / len(known)

    def refusal(self, text: str) -> str:
        """Why a text cannot take the place of the seed; "" where it can."""
        return refusal(self.seed_text, text)

    @property
    def best(self) -> str:
        """The text with the highest score; the seed where none is above it."""
        if not self.scored:
            return self.seed_text
        best = max(self.scored, key=lambda text: self.scored[text])
        return best if self.scored[best] > self.scored.get(self.seed_text, 0.0) else self.seed_text


class Optimizer(Protocol):
    """What an optimizer's file defines as `OPTIMIZER`."""

    @property
    def summary(self) -> str:
        """One sentence, with its source."""
        ...

    def optimize(self, work: Work) -> str:
        """Look for better texts, in a thread of its own. What it finds is in `work.scored`.

        Returns:
            Why it stopped, in words: `its calls are used up`.

        Raises:
            Enough: if calls or dollars are used up.
            BudgetReached, BankError, NotBanked, UsageError, ProviderError: what it found before is in `work.scored`.
        """
        ...
