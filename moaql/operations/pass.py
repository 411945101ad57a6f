"""`pass`: the candidates that a judge finds correct; all of them where none is.

Archon's verifier (Saad-Falcon et al. 2024, arXiv 2409.15254). The file is called after the operation, and a keyword of Python,
so it is imported through the registry.
"""
# ruff: noqa: N999

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.answers.verdicts import read_verdict
from moaql.operations._judged import about_one, count_of

if TYPE_CHECKING:
    from moaql.answers.candidate import Candidate
    from moaql.operations.base import Given


def pass_correct(given: Given) -> tuple[Candidate, ...]:
    """The candidates whose verdict is `correct`, in their order.

    A verdict that is lost or cannot be read passes nobody. Notes say so, and say when all go on because none passed.
    """
    candidates = given.present()
    said = about_one(given.present("verdict"))
    found = {node: read_verdict(verdict.text) for node, verdict in said.items()}
    verdicts = [found.get(each.node) for each in candidates]
    if unread := verdicts.count(None):
        given.notes.append(f"{count_of(unread, 'candidate')} of {len(verdicts)} got no verdict that can be read")
    passed = tuple(each for each, verdict in zip(candidates, verdicts, strict=True) if verdict)
    if candidates and not passed:
        given.notes.append("no candidate passed, so all go on")
    return passed or tuple(candidates)


OPERATION = pass_correct
