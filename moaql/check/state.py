"""What is known of the candidates at one point of a pipeline, before anything is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.records import Entity, Record
from moaql.stages.base import NONE, Bounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moaql.check.arguments import Bound


class State(Record):
    """What is known of the candidates at one point of a pipeline.

    Attributes:
        candidates: How many there are.
        attached: What stages surely attached to them: `critiques`, `scores`, `tests`.
        perhaps: What stages may have attached to them.
        stale: What was attached to candidates that have been replaced since.
        unseen: What was attached, and nothing has looked at.
        writers: Ids of the models that may have written them.
    """

    candidates: Bounds = NONE
    attached: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    writers: frozenset[str] = frozenset()


class Use(Entity):
    """A use of a stage, with the state before and behind it.

    Attributes:
        alternative: Whether it stands in a hole, so that a search may leave it out.
    """

    bound: Bound
    before: State
    after: State
    alternative: bool


START = State()
EVERYTHING = frozenset({"critiques", "scores", "tests"})
"""All that stages attach."""


def either(states: Iterable[State]) -> State:
    """What is known when one of several ways was taken."""
    first, *others = states
    for other in others:
        first = State(
            Bounds(min(first.candidates.low, other.candidates.low), max(first.candidates.high, other.candidates.high)),
            first.attached & other.attached,
            first.perhaps | other.perhaps,
            first.stale | other.stale,
            first.unseen & other.unseen,
            first.writers | other.writers,
        )
    return first
