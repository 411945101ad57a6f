"""What a diagnosis has to say besides its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.evaluation.diagnosis.members import MOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.evaluation.diagnosis.heard import Heard
    from moaql.evaluation.diagnosis.members import Member, Panel

_NAMED = 8
"""Names in a note."""


def notes_on(members: Sequence[Member], heard: Sequence[Heard], panel: Panel) -> list[str]:
    """What has to be said of the items and of the members that are compared.

    Args:
        members: All members.
        heard: All items.
        panel: Those that are compared.
    """
    notes = []
    failed = [each.outcome for each in heard if each.outcome.status == "failed"]
    if failed:
        count = f"{len(failed)} items" if len(failed) > 1 else "1 item"
        notes.append(f"{count} failed, which counts as 0; the first because of: {' '.join(failed[0].feedback.split())}")
    graded = any(each.score not in (None, 0.0, 1.0) for item in heard for each in item.said.values())
    if graded:
        notes.append("the metric grades: an answer counts as right from a score of 0.5 on")
    if panel.seldom:
        names = _listed(panel.seldom)
        notes.append(
            f"asked fewer than half of the items, and so not compared with the others: {names}; "
            "`--all-members` asks each member each item"
        )
    if panel.members and len(panel.items) < len(heard):
        notes.append(
            f"members are compared on the {len(panel.items)} of {len(heard)} items that all of them were asked"
        )
    if panel.beyond:
        notes.append(f"the first {MOST} of {len(members)} members are compared; the others are {_listed(panel.beyond)}")
    notes += _small_sets(heard, panel)
    return notes


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _small_sets(heard: Sequence[Heard], panel: Panel) -> list[str]:
    notes = []
    if len(panel.members) == 1:
        notes.append("one member is left to compare, so there are no pairs and no votes")
    if len(heard) < 30:
        some = f"{len(heard)} items show" if len(heard) > 1 else "1 item shows"
        notes.append(f"{some} little: intervals are wide, and the best subset is mostly luck")
    return notes


def unreadable(metric: str) -> str:
    """That a metric reads no answers, and what is missing for it."""
    return f"the metric `{metric}` reads no answer that texts could share: there is no agreement, no same wrong answer, no vote"
