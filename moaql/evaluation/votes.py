"""Answers as small numbers, and what votes over them give: without a call, for thousands of subsets a second.

The rules are those of `moaql.operations.vote` with `tie=first`: the answer of the greatest weight wins, of several the one that was
given first; who has no answer does not vote; where nobody votes, the first member's answer, which is none, goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

RIGHT, NO_ANSWER = 0, -1
_CELLS = 4_000_000  # subsets times items in memory at once
_TIE = 1e-9  # weights are decimal fractions: 0.1 + 0.2 and 0.3 are a tie


@dataclass(frozen=True, eq=False)
class Answers:
    """What members answered to items, as codes that mean something within one item.

    Attributes:
        members: Names, in order.
        codes: One row a member, one column an item: 0 is the target, -1 is no answer, equal numbers are equal answers.
    """

    members: tuple[str, ...]
    codes: Array

    @property
    def right(self) -> Array:
        """Whether each answer equals its target."""
        found: Array = self.codes == RIGHT
        return found

    @property
    def accuracy(self) -> tuple[float, ...]:
        """Of each member: the share of items that it answers rightly."""
        return tuple(self.right.mean(axis=1).tolist())

    def only(self, members: Sequence[int]) -> Answers:
        """The same items, these members in this order."""
        return Answers(tuple(self.members[each] for each in members), self.codes[list(members)])

    def on(self, items: Sequence[int] | Array) -> Answers:
        """The same members, these items."""
        return Answers(self.members, self.codes[:, items])


@dataclass(frozen=True, eq=False)
class SubsetVotes:
    """Majority votes of all subsets of one size; each field has one row a subset.

    Attributes:
        members: Positions of the members, in order.
        accuracy: Of the vote.
        ceiling: Share of items on which at least one of them is right.
        quality: Mean accuracy of the members.
        disagreement: Share of items on which just one of two is right, mean over pairs (Kuncheva and Whitaker 2003).
    """

    members: Array
    accuracy: Array
    ceiling: Array
    quality: Array
    disagreement: Array


def encode(answers: Mapping[str, Sequence[str | None]], targets: Sequence[str]) -> Answers:
    """Writes answers as codes.

    Args:
        answers: By member, one answer an item, in a canonical spelling (`moaql.answers.extract`); None where it gives none.
        targets: The right answers.

    Raises:
        UsageError: There is no member or no item, or a member has another number of answers than there are targets.
    """
    import numpy as np

    if not answers or not targets:
        raise UsageError("there are no answers", "Give at least one member and one item.")
    for member, said in answers.items():
        if len(said) != len(targets):
            raise UsageError(
                f"`{member}` has {len(said)} answers to {len(targets)} items",
                "Write None where a member did not answer.",
            )
    known: list[dict[str | None, int]] = [{None: NO_ANSWER, target: RIGHT} for target in targets]
    codes = np.array(
        [
            [item.setdefault(answer, len(item) - 1) for item, answer in zip(known, said, strict=True)]
            for said in answers.values()
        ],
        dtype=np.int32,
    )
    return Answers(tuple(answers), codes)


def vote(answers: Answers, weights: Sequence[float] | None = None) -> Array:
    """What a vote of all members gives.

    Args:
        answers: Whose, and to what.
        weights: One for each member; 1 for all where there are none.

    Returns:
        The winning code of each item, -1 where nobody voted.
    """
    import numpy as np

    codes = answers.codes
    heavy = np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=float)
    if heavy.shape != (len(codes),):
        raise UsageError(f"{len(heavy)} weights do not fit {len(codes)} members", "Give one weight for each member.")
    columns = np.arange(codes.shape[1])
    totals = np.zeros((codes.shape[1], int(codes.max()) + 2))
    for row, weight in zip(codes, heavy, strict=True):
        totals[columns, row] += weight  # -1 adds to the last column, which no answer has
    standing = np.where(codes == NO_ANSWER, -np.inf, totals[columns, codes])
    # argmax finds the first of those that are level, and the first member where nobody votes
    leader = (standing >= standing.max(axis=0) - _TIE).argmax(axis=0)
    winner: Array = codes[leader, columns]
    return winner


def vote_accuracy(answers: Answers, weights: Sequence[float] | None = None) -> float:
    """The share of items that a vote of all members gets right."""
    return float((vote(answers, weights) == RIGHT).mean())


def subset_votes(answers: Answers, size: int) -> SubsetVotes:
    """The majority vote of every subset of a size, with what its members are like.

    Args:
        answers: Of all members.
        size: Members in a subset.

    Raises:
        UsageError: There are fewer members than that.
    """
    import numpy as np

    count = len(answers.codes)
    if not 1 <= size <= count:
        raise UsageError(f"{count} members have no subset of {size}", f"Choose a size from 1 to {count}.")
    right = answers.right
    single = right.mean(axis=1)
    apart = (right[:, None] != right[None]).mean(axis=2)
    parts = [_votes_of(answers.codes, right, chosen) for chosen in _blocks(count, size, answers.codes.shape[1])]
    members, accuracy, ceiling = (np.concatenate(each) for each in zip(*parts, strict=True))
    pairs = list(combinations(range(size), 2))
    disagreement = (
        np.mean([apart[members[:, one], members[:, other]] for one, other in pairs], axis=0) if pairs else None
    )
    return SubsetVotes(
        members=members,
        accuracy=accuracy,
        ceiling=ceiling,
        quality=single[members].mean(axis=1),
        disagreement=np.zeros(len(members)) if disagreement is None else disagreement,
    )


def _blocks(count: int, size: int, items: int) -> Iterator[Array]:
    import numpy as np

    every = np.fromiter(
        (each for chosen in combinations(range(count), size) for each in chosen), np.intp, comb(count, size) * size
    ).reshape(-1, size)
    rows = max(1, _CELLS // items)
    yield from (every[start : start + rows] for start in range(0, len(every), rows))


def _votes_of(codes: Array, right: Array, chosen: Array) -> tuple[Array, Array, Array]:
    """Subsets, the accuracy of their votes and their ceilings.

    A member stands where it counts the others who answer as it does. The first of those who stand highest wins.
    """
    import numpy as np

    size = chosen.shape[1]
    said = [codes[chosen[:, position]] for position in range(size)]
    votes = np.stack([(each != NO_ANSWER).astype(np.int8) for each in said])
    for one, other in combinations(range(size), 2):
        alike = (said[one] == said[other]) & (said[one] != NO_ANSWER)
        votes[one] += alike
        votes[other] += alike
    best, won = votes[0], said[0] == RIGHT
    for position in range(1, size):
        higher = votes[position] > best
        best = np.where(higher, votes[position], best)
        won = np.where(higher, said[position] == RIGHT, won)
    some = right[chosen[:, 0]]
    for position in range(1, size):
        some = some | right[chosen[:, position]]
    return chosen, won.mean(axis=1), some.mean(axis=1)
