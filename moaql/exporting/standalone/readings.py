"""What candidates answer."""

from __future__ import annotations

from collections.abc import Sequence

from moaql.answers.extract import extract
from moaql.exporting.standalone.records import Candidate


def readings(candidates: Sequence[Candidate], by: str) -> list[str | None]:
    """The answer of each candidate in a spelling in which equal answers are equal strings; None where it gives none."""
    return [extract(each.text, by) for each in candidates]
