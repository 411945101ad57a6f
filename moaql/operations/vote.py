"""`vote`: the answer that most candidates give.

Self-consistency (Wang et al. 2022, arXiv 2203.11171). By similarity, the candidate that is most alike all others (Li et al. 2024,
arXiv 2402.05120).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.answers.readings import same_answers
from moaql.answers.similarity import medoid, similarities
from moaql.operations._seeded import seeded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate
    from moaql.operations.base import Given


def vote(given: Given) -> tuple[Candidate, ...]:
    """One candidate that gives the winning answer: the first of its group, or the one in its middle for open text.

    Parameters of the node: `by`, `weights` (a map or pairs of models and weights; 1 for the others), `tie`. A candidate
    without an answer has no vote. Where none has one, the first candidate goes on, and a note says so.
    """
    candidates = given.present()
    if len(candidates) < 2:
        return tuple(candidates)
    by = given.parameters.get("by", "exact")
    weights = _weights(candidates, given.parameters.get("weights"))
    if by in ("similarity", "cluster"):
        return (candidates[_vote_of_texts(given, candidates, weights, by)],)
    found = same_answers(candidates, by)
    if not found:
        given.notes.append(_no_votes(by))
        return (candidates[0],)
    return (candidates[_winner(given, candidates, found, weights)[0]],)


def _vote_of_texts(given: Given, candidates: Sequence[Candidate], weights: Sequence[float], by: str) -> int:
    texts = [each.text for each in candidates]
    matrix = similarities(texts)
    members = [position for position, text in enumerate(texts) if text.strip()]
    if not members:
        given.notes.append(_no_votes(by))
        return 0
    if by == "cluster":
        members = _winner(given, candidates, same_answers(candidates, by, matrix=matrix), weights)
    level = [[position] for position in medoid(matrix, members, weights)]
    return _break_tie(given, candidates, level)[0]


def _winner(
    given: Given, candidates: Sequence[Candidate], found: Sequence[list[int]], weights: Sequence[float]
) -> list[int]:
    """The group of the greatest weight."""
    totals = [sum(weights[position] for position in group) for group in found]
    # Weights are decimal fractions: 0.1 + 0.2 and 0.3 are a tie.
    most = max(totals) - 1e-9
    return _break_tie(given, candidates, [group for group, total in zip(found, totals, strict=True) if total >= most])


def _break_tie(given: Given, candidates: Sequence[Candidate], level: Sequence[list[int]]) -> list[int]:
    tie = given.parameters.get("tie", "first")
    if tie == "random" and len(level) > 1:
        return seeded("vote", given.seed, given.question).choice(level)
    if tie == "best":
        if len(level) > 1 and all(_worth(candidates[position]) == _UNKNOWN for group in level for position in group):
            given.notes.append(
                "a tie goes to the first: no candidate has a score or a confidence, which `tie=best` compares"
            )
        return max(level, key=lambda group: max(_worth(candidates[position]) for position in group))
    return level[0]


_UNKNOWN = (-1.0, -1.0)


def _worth(candidate: Candidate) -> tuple[float, float]:
    """Score, then confidence; one that is missing stands behind all."""
    return (
        -1.0 if candidate.score is None else candidate.score,
        -1.0 if candidate.confidence is None else candidate.confidence,
    )


def _weights(candidates: Sequence[Candidate], stated: Any) -> list[float]:
    pairs = stated.items() if hasattr(stated, "items") else stated or ()
    by_name = {getattr(model, "name", model): float(weight) for model, weight in pairs}
    return [by_name.get(each.model, 1.0) for each in candidates]


def _no_votes(by: str) -> str:
    kind = {"number": "a number", "choice": "a choice"}.get(by, "an answer")
    return f"no candidate gives {kind}, so nobody votes, and the first one goes on"


OPERATION = vote
