"""What a plan assumes where nothing is known yet: tokens and seconds of calls that were never made.

The token figures describe the recorded answers of 29 to 41 models to four question sets (`docs/plan.md` has the table and the
command): an answer has 40 tokens at the 10th percentile, 200 on average, and 800 at the 90th percentile of the set with the
longest answers. The speeds are those of hosted models from slow to fast.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A low, an expected and a high value of one quantity."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def times(self, factor: float) -> Estimate:
        """Each value times the factor."""
        return Estimate(self.low * factor, self.expected * factor, self.high * factor)

    def at_most(self, limit: float) -> Estimate:
        """Each value cut at the limit."""
        return Estimate(min(self.low, limit), min(self.expected, limit), min(self.high, limit))


ZERO = Estimate(0, 0, 0)
ANSWER_TOKENS = Estimate(40, 200, 800)
QUESTION_TOKENS = Estimate(15, 60, 500)
LABEL_TOKENS = Estimate(1, 5, 20)
"""Answer of a call that names a class."""
NO_TOKENS = Estimate(1, 1, 1)
"""Answer of a call that gives a vector."""
MESSAGE_TOKENS = 4
"""What a message costs besides its text."""
CHARACTERS_A_TOKEN = 3.5
"""Of the recorded texts, on average."""

WAIT_SECONDS = Estimate(0.2, 0.6, 2.0)
"""Until the first token."""
TOKENS_A_SECOND = Estimate(150, 60, 25)
"""From fast to slow, so that `low` is the least time."""


def tokens_of(text: str) -> float:
    """Tokens of a text, estimated by its length."""
    return len(text) / CHARACTERS_A_TOKEN


def seconds_for(tokens: Estimate) -> Estimate:
    """How long an answer of so many tokens takes."""
    speed = TOKENS_A_SECOND
    return WAIT_SECONDS + Estimate(tokens.low / speed.low, tokens.expected / speed.expected, tokens.high / speed.high)
