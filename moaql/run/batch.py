"""Many questions through one topology, some at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.errors import BankError, BudgetReached, MoaqlError, NotBanked
from moaql.run.executor import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.run.question import Question
    from moaql.run.result import Answer

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
    waiting = enumerate(questions)
    reached: BudgetReached | None = None

    async def work() -> None:
        nonlocal reached
        for position, question in waiting:
            if reached is not None:
                return
            try:
                answer = await run(graph, question, caller, seed=seed, listeners=listeners)
            except BudgetReached as error:
                reached = error
            except MoaqlError as error:
                if _ends_all(error):
                    raise
                on_done(Done(position, question, None, error))
            else:
                on_done(Done(position, question, answer))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
    except BaseExceptionGroup as failures:
        raise next(
            (each for each in failures.exceptions if isinstance(each, MoaqlError)), failures.exceptions[0]
        ) from None
    if reached is not None:
        raise reached


def _ends_all(error: MoaqlError) -> bool:
    return error.exit_code == 2 or isinstance(error, BankError | NotBanked)
