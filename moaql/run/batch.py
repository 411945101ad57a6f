"""Many questions through one topology, some at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from moaql.errors import BankError, BudgetReached, MoaqlError, NotBanked
from moaql.run.executor import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.run.question import Question
    from moaql.run.result import Answer

T = TypeVar("T")
AT_ONCE = 64
"""Questions under way at a time."""


@dataclass(frozen=True, slots=True)
class Done:
    """One question of a batch.

    Attributes:
        position: Of the question, from 0.
        question: What was asked.
        answer: None where it failed.
        error: Why it failed.
    """

    position: int
    question: Question
    answer: Answer | None
    error: MoaqlError | None = None


async def carry_all(jobs: Iterable[T], work: Callable[[T], Awaitable[None]], at_once: int = AT_ONCE) -> None:
    """Do some jobs at a time. When the budget is reached, none is begun any more, but those under way go on.

    Args:
        jobs: Read as they are needed.
        work: Does one. What it raises ends all, but for `BudgetReached`.
        at_once: Jobs under way at a time.

    Raises:
        BudgetReached: if a job raised it, once the others under way have ended.
    """
    waiting = iter(jobs)
    reached: BudgetReached | None = None

    async def go_on() -> None:
        nonlocal reached
        for job in waiting:
            if reached is not None:
                return
            try:
                await work(job)
            except BudgetReached as error:
                reached = error

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(go_on())
    except BaseExceptionGroup as failures:
        raise next(
            (each for each in failures.exceptions if isinstance(each, MoaqlError)), failures.exceptions[0]
        ) from None
    if reached is not None:
        raise reached


async def answer_all(
    graph: Graph,
    questions: Iterable[Question],
    caller: Caller,
    *,
    seed: int = 0,
    at_once: int = AT_ONCE,
    listeners: Sequence[Listener] = (),
    on_done: Callable[[Done], None],
) -> None:
    """Answer questions, and say of each when it is done, in the order in which they are done.

    A question that fails does not end the others. What ends all (the budget, the bank, the first question of all failing because a
    key is missing) is raised; those that were done before have been said. When the budget is reached, no question is begun any
    more, but those under way go on as far as they can: what is in flight is paid already.

    Args:
        graph: The topology.
        questions: Read as they are needed.
        caller: Makes the calls.
        seed: Of all that is drawn.
        at_once: Questions under way at a time.
        listeners: Hear of everything that happens.
        on_done: Is called for each question.

    Raises:
        BudgetReached, BankError, NotBanked, UsageError: see above.
    """

    async def work(job: tuple[int, Question]) -> None:
        position, question = job
        try:
            answer = await run(graph, question, caller, seed=seed, listeners=listeners)
        except MoaqlError as error:
            if isinstance(error, BudgetReached) or _ends_all(error):
                raise
            on_done(Done(position, question, None, error))
        else:
            on_done(Done(position, question, answer))

    await carry_all(enumerate(questions), work, at_once)


def _ends_all(error: MoaqlError) -> bool:
    """Whether an error would meet every other question too: wrong usage, a bank that fails, an answer that is not banked."""
    return error.exit_code == 2 or isinstance(error, BankError | NotBanked)
