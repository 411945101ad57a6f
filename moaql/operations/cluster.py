"""`cluster`: the larger of two groups goes on, a defence against a deceptive candidate.

Cluster & Filter (Wolf et al. 2025, arXiv 2503.05856).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.answers.groups import two_groups
from moaql.answers.readings import same_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate
    from moaql.operations.base import Given


def cluster(given: Given) -> tuple[Candidate, ...]:
    """The candidates of the larger group, in their order: at least half of them.

    Parameter of the node: `by`. By similarity there are two groups. By extracted answers there may be more; then those of
    the rarest answers are dropped, as long as half of the candidates stay.
    """
    candidates = given.present()
    by = given.parameters.get("by", "similarity")
    kept = (
        two_groups([each.text for each in candidates])[0] if by == "similarity" else _most_common(given, candidates, by)
    )
    return tuple(candidates[position] for position in sorted(kept))


def _most_common(given: Given, candidates: Sequence[Candidate], by: str) -> list[int]:
    found = sorted(same_answers(candidates, by), key=len, reverse=True)
    if candidates and not found:
        given.notes.append("no candidate gives an answer that can be compared, so all go on")
        return list(range(len(candidates)))
    answered = {position for group in found for position in group}
    kept: list[int] = []
    for group in [*found, *([position] for position in range(len(candidates)) if position not in answered)]:
        if 2 * len(kept) >= len(candidates):
            break
        kept += group
    return kept


OPERATION = cluster
