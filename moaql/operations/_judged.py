"""Which candidate a judge's text speaks of: the one whose call it was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate


def positions(candidates: Sequence[Candidate]) -> dict[str, list[int]]:
    """Where the candidate of each call stands; more than once where it was given more than once."""
    found: dict[str, list[int]] = {}
    for position, candidate in enumerate(candidates):
        found.setdefault(candidate.node, []).append(position)
    return found


def about_one(said: Sequence[Candidate]) -> dict[str, Candidate]:
    """Texts that were each written about one candidate, by its call."""
    return {text.shown[0]: text for text in said if text.shown}


def count_of(number: int, noun: str) -> str:
    """`1 verdict`, `2 verdicts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
