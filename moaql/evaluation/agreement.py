"""Whether members err together: what a combination of them can gain is decided there, not by their accuracies.

Pairwise figures understate how often all err at once, so the share of items on which all are wrong is given too: no way of choosing
among answers can do better than the rest (`ceiling`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.evaluation.scores import checked, is_binary
from moaql.evaluation.votes import NO_ANSWER, Answers, vote_accuracy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

Matrix = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Diversity:
    """How members err, each and together; rows and columns in the order of the members.

    Attributes:
        members: Names.
        accuracy: Of each: share of items answered rightly.
        phi: Error correlation of each two, see `phi`.
        same_wrong: Of the items on which both are wrong, the share on which they give the same answer; None where they never are.
            Two that give no answer are wrong, but do not give the same one.
        agreement: Share of items on which both give the same answer, right or wrong.
        ceiling: Share of items on which at least one is right.
        all_wrong: Share of items on which none is.
    """

    members: tuple[str, ...]
    accuracy: tuple[float, ...]
    phi: Matrix
    same_wrong: Matrix
    agreement: Matrix
    ceiling: float
    all_wrong: float


def phi(correct_a: Sequence[float], correct_b: Sequence[float]) -> float | None:
    """Correlation of two members' errors: Pearson's, which is phi (Yule 1912) for two values.

    Args:
        correct_a: 1 or True where the first is right, an item each.
        correct_b: The same of the second, on the same items.

    Returns:
        From -1 to 1: 0 for independent errors; None where one of the two is always right or always wrong.

    Raises:
        UsageError: The two have different numbers of items or none, or a value is neither 0 nor 1.
    """
    import numpy as np

    one, other = checked(correct_a, "the first"), checked(correct_b, "the second")
    if len(one) != len(other):
        raise UsageError(
            f"{len(one)} items cannot be paired with {len(other)}", "Give the same items in the same order."
        )
    if not (is_binary(one) and is_binary(other)):
        raise UsageError("an error correlation is of right and wrong", "Give 1 for right and 0 for wrong.")
    return _phi(np.stack([one, other]))[0][1]


def diversity(answers: Answers) -> Diversity:
    """All pairs at once.

    Args:
        answers: Of the members, to the same items.
    """
    right = answers.right.astype(float)
    items = right.shape[1]
    alike = _alike(answers.codes)
    both_wrong = (1 - right) @ (1 - right).T
    same_wrong = alike - right @ right.T
    some = float(answers.right.any(axis=0).mean())
    return Diversity(
        members=answers.members,
        accuracy=answers.accuracy,
        phi=_phi(right),
        same_wrong=_matrix(same_wrong, both_wrong),
        agreement=_matrix(alike, alike * 0 + items),
        ceiling=some,
        all_wrong=float((~answers.right.any(axis=0)).mean()),
    )


def leave_one_out(answers: Answers, weights: Sequence[float] | None = None) -> tuple[float, ...]:
    """How much each member adds to the vote of all.

    Args:
        answers: Of at least two members.
        weights: Of the vote, one for each member; 1 for all where there are none.

    Returns:
        For each member, the accuracy of the vote of all less that of the vote without it: negative where it does harm.

    Raises:
        UsageError: There is only one member.
    """
    count = len(answers.members)
    if count < 2:
        raise UsageError("a vote of one has nobody to leave out", "Give at least two members.")
    full = vote_accuracy(answers, weights)
    lost = []
    for left_out in range(count):
        rest = [member for member in range(count) if member != left_out]
        lost.append(full - vote_accuracy(answers.only(rest), weights and [weights[member] for member in rest]))
    return tuple(lost)


def _phi(right: Array) -> Matrix:
    import numpy as np

    centred = right - right.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).sum(axis=1))
    return _matrix(centred @ centred.T, np.outer(spread, spread))


def _alike(codes: Array) -> Array:
    """How many items each two answer alike."""
    import numpy as np

    said = codes != NO_ANSWER
    return np.stack([((codes == row) & said).sum(axis=1) for row in codes]).astype(float)


def _matrix(above: Array, below: Array) -> Matrix:
    return tuple(
        tuple(one / other if other > 0 else None for one, other in zip(*rows, strict=True))
        for rows in zip(above.tolist(), below.tolist(), strict=True)
    )
