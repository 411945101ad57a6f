"""`shuffle`: another order of the candidates, the same for the same seed and question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.operations._seeded import seeded

if TYPE_CHECKING:
    from moaql.answers.candidate import Candidate
    from moaql.operations.base import Given


def shuffle(given: Given) -> tuple[Candidate, ...]:
    """All candidates in an order drawn from the node's `seed`, or else from the run's.

    A lost candidate changes the order of no other: places are drawn before the lost are left out.
    """
    inputs = list(given.inputs.get("candidates", ()))
    seed = given.parameters.get("seed")
    seeded("shuffle", given.seed if seed is None else seed, given.question).shuffle(inputs)
    return tuple(each for each in inputs if each is not None)


OPERATION = shuffle
