"""Why the winner won: what each hole is worth, and on which items it and the best single model disagree."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.evaluation.task import Task
    from moaql.searching.arena import Entrant
    from moaql.searching.hunt import Hunt
    from moaql.searching.live import LiveArena

MOST = 30
"""Items that are shown."""
_LONGEST = 4_000
"""Characters of a text that are kept."""


def holes(hunt: Hunt, params: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each dimension of the space is worth, the most important first.

    The importance is the share of the variance of the qualities that the values of a dimension explain, less what as many
    meaningless groups would (Kelley 1935, epsilon squared). Topologies were not drawn evenly, so it tells what mattered among those
    that were measured.

    Args:
        hunt: What was measured.
        params: The dimensions of each topology, by key.
    """
    groups: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for key, record in hunt.records.items():
        for name, value in params.get(key, {}).items():
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            groups[name][shown].append(hunt.quality(record.entrant).mean)
    found = [
        {
            "name": name,
            "importance": _explained(list(own.values())),
            "values": [_effect(value, seen) for value, seen in own.items()],
        }
        for name, own in groups.items()
    ]
    return sorted(found, key=lambda each: -float(each["importance"]))


def _explained(groups: Sequence[Sequence[float]]) -> float:
    values = [value for group in groups for value in group]
    count, mean = len(values), sum(values) / len(values)
    total = sum((value - mean) ** 2 for value in values)
    if total <= 0 or count <= len(groups) or len(groups) < 2:
        return 0.0
    within = sum((value - sum(group) / len(group)) ** 2 for group in groups for value in group)
    noise = within / (count - len(groups))
    return max(0.0, (total - within - (len(groups) - 1) * noise) / total)


def _effect(value: str, seen: Sequence[float]) -> dict[str, Any]:
    mean = sum(seen) / len(seen)
    spread = (
        math.sqrt(sum((each - mean) ** 2 for each in seen) / (len(seen) - 1) / len(seen)) if len(seen) > 1 else None
    )
    ends = (None, None) if spread is None else (max(0.0, mean - 1.96 * spread), min(1.0, mean + 1.96 * spread))
    return {"value": value, "mean": mean, "low": ends[0], "high": ends[1], "trials": len(seen)}


def disagreements(arena: LiveArena, task: Task, one: Entrant, other: Entrant) -> list[dict[str, Any]]:
    """Items on which two topologies score differently, with what they and their members said.

    Args:
        arena: Where both were measured.
        task: Its items.
        one: The winner.
        other: The best single model.
    """
    found = []
    mine, theirs = arena.outcomes.get(one.key, {}), arena.outcomes.get(other.key, {})
    for at in sorted(mine.keys() & theirs.keys()):
        scores = mine[at].score, theirs[at].score
        if None in scores or scores[0] == scores[1]:
            continue
        item = task.items[at]
        found.append(
            {
                "id": item.id,
                "question": item.question[:_LONGEST],
                "target": item.text[:_LONGEST],
                "answers": [
                    {
                        "key": each.key,
                        "name": each.name,
                        "answer": outcome.answer[:_LONGEST],
                        "right": (outcome.score or 0) >= 0.5,
                        "candidates": arena.said(each, at, _LONGEST) if len(each.voices) > 1 else [],
                    }
                    for each, outcome in ((one, mine[at]), (other, theirs[at]))
                ],
            }
        )
        if len(found) >= MOST:
            break
    return found
