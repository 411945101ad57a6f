"""`rank`: candidates in the order that a judge's texts give them, best first.

Listwise as Archon's ranker (Saad-Falcon et al. 2024, arXiv 2409.15254); pairwise over both orders of every pair as LLM-Blender
(Jiang et al. 2023, arXiv 2306.02561).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.answers.verdicts import read_better, read_ranking, read_score
from moaql.operations._judged import about_one, count_of, positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate
    from moaql.operations.base import Given


def rank(given: Given) -> tuple[Candidate, ...]:
    """The best `top` candidates, or all without `top`.

    Parameters of the node: `method` (`listwise`, `pairwise` or `score`), `top`. Candidates that a judge leaves out, or that no
    verdict can be read about, follow in their order; a note says so.
    """
    candidates = given.present()
    if len(candidates) > 1:
        order = _METHODS[given.parameters.get("method", "listwise")](given, candidates)
        candidates = [candidates[position] for position in order]
    return tuple(candidates[: given.parameters.get("top")])


def _listwise(given: Given, candidates: Sequence[Candidate]) -> list[int]:
    where = positions(candidates)
    order: list[int] = []
    for verdict in given.present("verdict"):
        ranking = read_ranking(verdict.text, len(verdict.shown)) or ()
        order += [position for number in ranking for position in where.get(verdict.shown[number - 1], ())]
    if not order:
        given.notes.append("no ranking can be read, so the candidates keep their order")
    elif missing := len(candidates) - len(set(order)):
        given.notes.append(
            f"the ranking leaves {count_of(missing, 'candidate')} of {len(candidates)} out, which stand last"
        )
    return list(dict.fromkeys([*order, *range(len(candidates))]))


def _pairwise(given: Given, candidates: Sequence[Candidate]) -> list[int]:
    # Wins less losses is the same order as wins with half a point for a tie, and a verdict that is missing favours neither.
    points = dict.fromkeys(positions(candidates), 0)
    lost = 0
    verdicts = given.inputs.get("verdict", ())
    for verdict in verdicts:
        better = read_better(verdict.text) if verdict is not None and len(verdict.shown) == 2 else None
        if verdict is None or better is None:
            lost += verdict is not None
            continue
        for number, node in enumerate(verdict.shown, 1):
            if better and node in points:
                points[node] += 1 if number == better else -1
    if lost:
        given.notes.append(
            f"{count_of(lost, 'comparison')} of {len(verdicts)} cannot be read and count for neither side"
        )
    return sorted(range(len(candidates)), key=lambda position: -points[candidates[position].node])


def _by_score(given: Given, candidates: Sequence[Candidate]) -> list[int]:
    said = about_one(given.present("verdict"))
    scores = {node: read_score(verdict.text) for node, verdict in said.items()}
    found = [scores.get(each.node) for each in candidates]
    if missing := found.count(None):
        given.notes.append(
            f"{count_of(missing, 'candidate')} of {len(found)} got no score that can be read, and stand last"
        )
    return sorted(range(len(candidates)), key=lambda position: -_or_last(found[position]))


def _or_last(score: float | None) -> float:
    return -1.0 if score is None else score


_METHODS = {"listwise": _listwise, "pairwise": _pairwise, "score": _by_score}
OPERATION = rank
