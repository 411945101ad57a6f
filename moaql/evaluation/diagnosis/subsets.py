"""Votes of subsets of the members: what quality and diversity each are worth, and whether a smaller panel does as well.

Nothing is asked: a vote of three of the members is counted from the answers that they gave. The best of many subsets looks better
than it is, because it was chosen on the items that it is measured on; so its cross-validated figure stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

from moaql.evaluation.diagnosis.figures import correlation
from moaql.evaluation.votes import SubsetVotes, subset_votes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from moaql.evaluation.votes import Answers

    Array = NDArray[Any]

SIZES = (2, 3, 5)
MORE_SIZES = (2, 3, 4, 5)
"""Sizes where there are at most 12 members."""
_FEW = 12
CAP = 200_000
"""Subsets at most, all sizes together."""
_WORK = 400_000_000
"""Subsets times items times repeats of the cross-validation at most."""
_REPEATS = 20


@dataclass(frozen=True, slots=True)
class Subset:
    """The vote of one subset.

    Attributes:
        members: Names.
        vote: Accuracy of its majority vote.
        ceiling: Share of items on which at least one of them is right.
        quality: Mean accuracy of its members.
        disagreement: Share of items on which just one of two is right, mean over pairs.
    """

    members: tuple[str, ...]
    vote: float
    ceiling: float
    quality: float
    disagreement: float


@dataclass(frozen=True, slots=True)
class SizeFigures:
    """All subsets of one size.

    Attributes:
        size: Members in each.
        count: How many subsets.
        of: How many members they are drawn from: all, or the most accurate where all would give too many.
        mean: Mean accuracy of their votes.
        best: The subset with the highest; of several the first.
        with_quality: Correlation of the vote's accuracy with the members' mean accuracy; None where one is the same for all.
        with_disagreement: Its correlation with their disagreement.
    """

    size: int
    count: int
    of: int
    mean: float
    best: Subset
    with_quality: float | None
    with_disagreement: float | None


@dataclass(frozen=True, slots=True)
class Validated:
    """What a choice on one half of the items scores on the other half.

    Attributes:
        subset: Accuracy of the subset that was best on one half, on the other; mean over both directions of all repeats.
        single: The same for the best single member.
        repeats: How often the items were divided at random.
    """

    subset: float
    single: float
    repeats: int


@dataclass(frozen=True, eq=False)
class Subsets:
    """Votes of subsets.

    Attributes:
        members: Names, in order.
        sizes: Of each size.
        votes: All subsets, a block for each size; its `members` are positions in `members`.
        best_single: The most accurate member; of several the first.
        best_single_accuracy: Its accuracy on the same items.
        validated: What choosing gives on items that it was not made on; None with fewer than four items.
    """

    members: tuple[str, ...]
    sizes: tuple[SizeFigures, ...]
    votes: tuple[SubsetVotes, ...]
    best_single: str
    best_single_accuracy: float
    validated: Validated | None

    @property
    def count(self) -> int:
        """How many subsets there are."""
        return sum(each.count for each in self.sizes)

    def best(self, most: int) -> list[Subset]:
        """The subsets whose votes are the most accurate; of equal ones the smaller first, then those of earlier members."""
        import numpy as np

        accuracy = np.concatenate([block.accuracy for block in self.votes])
        starts = np.cumsum([0, *(len(block.accuracy) for block in self.votes)])
        order = np.argsort(-accuracy.round(12), kind="stable")[:most]
        found = []
        for at in order.tolist():
            block = int(np.searchsorted(starts, at, side="right")) - 1
            found.append(_subset(self.members, self.votes[block], int(at - starts[block])))
        return found


def subsets_of(answers: Answers, seed: int = 0) -> Subsets | None:
    """The votes of all subsets of 2, 3 and 5 members, also of 4 where there are at most 12 members.

    Where there would be more than 200,000, those of the largest size are of the most accurate members only.

    Args:
        answers: Of all members, to the items that all were asked.
        seed: Of the divisions of the cross-validation.

    Returns:
        None where there are fewer than two members.
    """
    count = len(answers.members)
    if count < 2:
        return None
    accuracy = answers.accuracy
    best = max(range(count), key=lambda member: accuracy[member])
    chosen = list(_sizes(accuracy))
    blocks = [_block(answers, size, members) for size, members in chosen]
    figures = tuple(
        _figures(answers.members, size, len(members), block)
        for (size, members), block in zip(chosen, blocks, strict=True)
    )
    validated = _validated(answers, chosen, blocks, seed)
    return Subsets(answers.members, figures, tuple(blocks), answers.members[best], accuracy[best], validated)


def _sizes(accuracy: Sequence[float]) -> Iterator[tuple[int, list[int]]]:
    """Each size, and the members that its subsets are drawn from."""
    count, left = len(accuracy), CAP
    ranked = sorted(range(count), key=lambda member: -accuracy[member])
    for size in MORE_SIZES if count <= _FEW else SIZES:
        if size > count:
            return
        drawn = count
        while comb(drawn, size) > left:
            drawn -= 1
        left -= comb(drawn, size)
        yield size, sorted(ranked[:drawn])


def _block(answers: Answers, size: int, members: list[int]) -> SubsetVotes:
    """The subsets of a size, with positions among all members."""
    import numpy as np

    found = subset_votes(answers.only(members), size)
    everyone = np.asarray(members)[found.members]
    return SubsetVotes(everyone, found.accuracy, found.ceiling, found.quality, found.disagreement)


def _subset(names: Sequence[str], block: SubsetVotes, row: int) -> Subset:
    return Subset(
        tuple(names[member] for member in block.members[row].tolist()),
        float(block.accuracy[row]),
        float(block.ceiling[row]),
        float(block.quality[row]),
        float(block.disagreement[row]),
    )


def _figures(names: Sequence[str], size: int, drawn: int, block: SubsetVotes) -> SizeFigures:
    best = int(block.accuracy.round(12).argmax())
    votes = block.accuracy.tolist()
    return SizeFigures(
        size=size,
        count=len(votes),
        of=drawn,
        mean=float(block.accuracy.mean()),
        best=_subset(names, block, best),
        with_quality=correlation(votes, block.quality.tolist()),
        with_disagreement=correlation(votes, block.disagreement.tolist()),
    )


def _validated(
    answers: Answers, chosen: Sequence[tuple[int, list[int]]], blocks: Sequence[SubsetVotes], seed: int
) -> Validated | None:
    """Choose on one half, score on the other, both ways, several times."""
    import numpy as np

    items = answers.codes.shape[1]
    if items < 4:
        return None
    whole = np.concatenate([block.accuracy for block in blocks])
    single = answers.right.mean(axis=1)
    repeats = max(1, min(_REPEATS, _WORK // (len(whole) * items)))
    rng = np.random.default_rng(seed)
    scores: list[tuple[float, float]] = []
    for _ in range(repeats):
        half = rng.permutation(items)[: items // 2]
        votes = np.concatenate([_block(answers.on(half), size, members).accuracy for size, members in chosen])
        alone = answers.right[:, half].mean(axis=1)
        rest_votes, rest_alone = (
            _rest(all_, part, items, len(half)) for all_, part in ((whole, votes), (single, alone))
        )
        scores.append((_chosen(votes, rest_votes), _chosen(alone, rest_alone)))
        scores.append((_chosen(rest_votes, votes), _chosen(rest_alone, alone)))
    subset, best = np.mean(scores, axis=0).tolist()
    return Validated(subset, best, repeats)


def _rest(whole: Array, part: Array, items: int, taken: int) -> Array:
    """Accuracies on the items that are not in a part, from those on all and on the part."""
    rest: Array = (whole * items - part * taken) / (items - taken)
    return rest


def _chosen(seen: Array, unseen: Array) -> float:
    """What the one that was best on what was seen has on what was not: of several that are level, their mean."""
    rounded = seen.round(9)
    return float(unseen[rounded == rounded.max()].mean())
