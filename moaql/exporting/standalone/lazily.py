"""Stages that need not wait for everybody: a quorum, and a vote that stops early."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from moaql.answers.early import needed
from moaql.answers.readings import same_answers
from moaql.exporting.standalone.records import Candidate, Candidates
from moaql.exporting.standalone.run import Run
from moaql.operations.vote import vote

_PATIENCE = 0.25
"""Seconds that a voter is waited for at least before the next is asked besides."""


async def quorum(run: Run, need: int, answers: Sequence[Awaitable[Candidate | None]]) -> Candidates:
    """Go on when enough answers are there, and give the others up; with too few, there are none."""
    tasks = [asyncio.ensure_future(each) for each in answers]
    try:
        while True:
            there = [task.result() if task.done() else None for task in tasks]
            waiting = [task for task in tasks if not task.done()]
            count = sum(each is not None for each in there)
            if count >= need:
                return there
            if not waiting:
                run.lost.append(f"a quorum of {need} answers is asked for, and {count} came")
                return [None] * len(there)
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def early_vote(
    run: Run,
    voters: Sequence[tuple[str | None, Callable[[], Awaitable[Candidate | None]]]],
    *,
    by: str,
    early: float,
    least: int,
    weights: Mapping[str, float] | None = None,
    **parameters: Any,
) -> Candidates:
    """Ask voters in order, as many at a time as could decide the vote if all of them agreed.

    Args:
        run: The question.
        voters: Each with the name of its model, or None where that is not known before.
        by: How answers are compared.
        early: How sure an early stop must be.
        least: How many must be heard before a likely outcome counts.
        weights: Of each model's vote.
        parameters: Of the vote.
    """
    weight_of = dict(weights or {})
    possible = [max((1.0, *weight_of.values())) if name is None else weight_of.get(name, 1.0) for name, _ in voters]
    asked: list[asyncio.Future[Candidate | None]] = []
    late, slowest = 0, 0.0
    try:
        while True:
            heard = [task.result() if task.done() else None for task in asked]
            said = [each for each in heard if each is not None]
            counts = [sum(weight_of.get(said[one].model, 1.0) for one in group) for group in same_answers(said, by)]  # type: ignore[arg-type]  # candidates of its own
            done = sum(task.done() for task in asked)
            left = [weight for task, weight in zip(asked, possible, strict=False) if not task.done()]
            wanted = needed(counts, left + possible[len(asked) :], 1.0 if weights else early, least, done)
            if wanted == 0:
                break
            more = max(0, wanted + late - (len(asked) - done))
            asked += [asyncio.ensure_future(voter()) for _, voter in voters[len(asked) : len(asked) + more]]
            waiting = [task for task in asked if not task.done()]
            if not waiting:
                break
            patience = max(_PATIENCE, 2 * slowest) if slowest and len(asked) < len(voters) else None
            started = time.perf_counter()
            finished, _ = await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            late += not finished
            slowest = max(slowest, time.perf_counter() - started)
        heard = [task.result() if task.done() else None for task in asked]
        return run.apply(vote, heard, by=by, weights=weights, **parameters)  # type: ignore[arg-type]
    finally:
        for task in asked:
            task.cancel()


async def one(stage: Awaitable[Candidates], place: int) -> Candidate | None:
    """One of a stage's candidates; None where there are not that many."""
    candidates = await stage
    return candidates[place] if place < len(candidates) else None
