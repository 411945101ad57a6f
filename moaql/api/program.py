"""A loaded program, and its topologies, which can be run.

>>> import moaql
>>> panel = moaql.load("programs/quickstart.moaql").topology()  # doctest: +SKIP
>>> print(panel.run("How many packs of 9 hold 24 shells?").text)  # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Unpack

from moaql.check.program import Program as CheckedProgram
from moaql.check.program import Topology as CheckedTopology
from moaql.errors import ProgramError, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence

    from moaql.graph.nodes import Graph
    from moaql.run.batch import Done
    from moaql.run.caller import Caller
    from moaql.run.question import Question
    from moaql.run.result import Answer
    from moaql.run.session import RunArguments

    Asked = str | Question | Sequence[Mapping[str, str]]


class Topology(CheckedTopology):
    """A topology that can be run.

    All methods take the options of `moaql.Options` by name: `bank`, `budget` (dollars), `offline`, `seed`, `concurrency`, …; or a
    `session` from `moaql.open_session(moaql.Options(…))`, which several runs share, connections, bank and budget.
    """

    @property
    def graph(self) -> Graph:
        """Its calls, reductions and gates.

        Raises:
            ProgramError: if a hole is left in it, or it is too large.
        """
        from moaql.graph.build import build

        built, diagnostics = build(self)
        if built is None:
            raise ProgramError(diagnostics)
        return built

    def run(self, question: Asked, **options: Unpack[RunArguments]) -> Answer:
        """Answer one question, and wait for it.

        Where an event loop is running already (in a notebook, in asynchronous code) nothing can wait, so an awaitable is returned:
        `await topology.run(question)`. Typed asynchronous code calls `arun`.

        Args:
            question: A text, chat messages that end with the user's, or a `moaql.Question`.
            options: See the class.

        Raises:
            NoCandidates: if no candidate is left that could be the answer.
            BudgetReached: if a call might cost more than is left.
            NotBanked: if it is offline, and the bank has no such answer.
            UsageError, ProgramError, BankError: see `moaql.errors`.
        """
        return now(self.arun(question, **options))  # type: ignore[no-any-return]

    async def arun(self, question: Asked, *, session: Caller | None = None, **options: Unpack[RunArguments]) -> Answer:
        """Answer one question. Arguments and errors as in `run`."""
        from moaql.run.executor import run
        from moaql.run.question import as_question
        from moaql.run.session import open_session, options_from

        given = options_from(options, session)
        asked, graph = as_question(question), self.graph
        if session is not None:
            return await run(graph, asked, session, seed=given.seed, listeners=given.listeners)
        async with open_session(given) as caller:
            return await run(graph, asked, caller, seed=given.seed, listeners=given.listeners)

    async def stream(
        self, question: Asked, *, session: Caller | None = None, **options: Unpack[RunArguments]
    ) -> AsyncIterator[str]:
        """The pieces of the answer as they arrive, where the topology ends with a call; otherwise the answer in one piece."""
        from contextlib import AsyncExitStack

        from moaql.run.executor import run
        from moaql.run.question import as_question
        from moaql.run.session import open_session, options_from

        given = options_from(options, session)
        asked, graph = as_question(question), self.graph
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        async with AsyncExitStack() as stack:
            caller = session if session is not None else await stack.enter_async_context(open_session(given))
            task = asyncio.create_task(
                run(graph, asked, caller, seed=given.seed, listeners=given.listeners, on_text=pieces.put_nowait)
            )
            task.add_done_callback(lambda _: pieces.put_nowait(None))
            try:
                while (piece := await pieces.get()) is not None:
                    yield piece
                await task
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def batch(self, questions: Iterable[Asked], **options: Unpack[RunArguments]) -> list[Done]:
        """Answer many questions, and wait for all; in a notebook, `await` it as `run`.

        Returns:
            One for each question, in their order: its `answer`, or its `error`.

        Raises:
            BudgetReached, NotBanked, BankError, UsageError: and what was paid for is in the bank.
        """
        return now(self.abatch(questions, **options))  # type: ignore[no-any-return]

    async def abatch(
        self, questions: Iterable[Asked], *, session: Caller | None = None, at_once: int = 64, **options: Any
    ) -> list[Done]:
        """Answer many questions, `at_once` at a time. Otherwise as `batch`."""
        from contextlib import AsyncExitStack

        from moaql.run.batch import answer_all
        from moaql.run.question import as_question
        from moaql.run.session import open_session, options_from

        given = options_from(options, session)
        if isinstance(questions, str):
            raise UsageError(
                "a batch is a list of questions, not one text", "Write `batch([question])`, or `run(question)`."
            )
        done: list[Done] = []
        async with AsyncExitStack() as stack:
            caller = session if session is not None else await stack.enter_async_context(open_session(given))
            await answer_all(
                self.graph,
                map(as_question, questions),
                caller,
                seed=given.seed,
                at_once=at_once,
                listeners=given.listeners,
                on_done=done.append,
            )
        return sorted(done, key=lambda each: each.position)


def now(work: Coroutine[Any, Any, Any]) -> Any:
    """The outcome; where an event loop is running, something to await."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        waits = True
    else:
        waits = False
    return asyncio.run(work) if waits else work


class Program(CheckedProgram):
    """A program without errors. `topologies` holds its `Topology` objects by name; a bare pipeline is called `main`."""

    def topology(self, name: str | None = None) -> Topology:
        """The topology of a name; without one, the only one or the bare pipeline.

        Raises:
            UsageError: if there is no such topology, or several and no name.
        """
        from moaql.api.choose import choose_topology

        found = choose_topology(self, name)
        assert isinstance(found, Topology)
        return found
