"""`distinct`: of candidates that give the same answer, the first goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.answers.readings import same_answers

if TYPE_CHECKING:
    from moaql.answers.candidate import Candidate
    from moaql.operations.base import Given


def distinct(given: Given) -> tuple[Candidate, ...]:
    """The first candidate of every answer, in order. A candidate without an answer equals no other, and stays.

    Parameter of the node: `by`.
    """
    candidates = given.present()
    found = same_answers(candidates, given.parameters.get("by", "exact"))
    repeated = {position for group in found for position in group[1:]}
    return tuple(each for position, each in enumerate(candidates) if position not in repeated)


OPERATION = distinct
