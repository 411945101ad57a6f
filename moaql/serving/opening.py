"""The parts of a server, opened together and closed together: accounts, the door, and the watch over the files."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from moaql.errors import MissingKey
from moaql.providers.endpoints import key_of
from moaql.serving.accounts import open_accounts, refuse_unpriced
from moaql.serving.door import Door

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from moaql.graph.nodes import Graph
    from moaql.run.session import Options
    from moaql.serving.keys import Key
    from moaql.serving.programs import Programs
    from moaql.serving.visit import Rules


def acceptor(options: Options, keys: Sequence[Key], say: Callable[[str], None]) -> Callable[[Graph], None]:
    """What refuses graphs for which the limits in dollars could not be kept, and says which keys of models are not there.

    Args:
        options: As for a run.
        keys: Those that are let in.
        say: Is told of each model once.
    """
    told: set[str] = set()
    limited = options.budget is not None or any(key.dollars is not None for key in keys)

    def accept(graph: Graph) -> None:
        if options.offline:
            return
        if limited:
            refuse_unpriced(graph)
        for message in missing_keys(graph):
            if message not in told:
                told.add(message)
                say(f"{message}: it is not asked")

    return accept


def missing_keys(graph: Graph) -> list[str]:
    """Which models of a graph need a key that the environment does not hold."""
    models = [model for call in graph.calls for model in (call.model, *call.model.alternatives)]
    found = []
    for model in models:
        try:
            key_of(model)
        except MissingKey as error:
            found.append(error.message)
    return list(dict.fromkeys(found))


@asynccontextmanager
async def open_door(
    programs: Programs,
    options: Options,
    keys: Sequence[Key],
    rules: Rules,
    *,
    reload: bool,
    log: Callable[[str], None] | None,
) -> AsyncIterator[Door]:
    """Open the server as an ASGI application; when it closes, no call is in flight.

    Args:
        programs: What is served.
        options: As for a run; `budget` is that of the whole server.
        keys: Those that are let in; without any, everybody is.
        rules: Limits.
        reload: Whether files are loaded again when they change.
        log: Is given one line for each request; None where none is wanted.

    Raises:
        UsageError, BankError: see `open_accounts`.
    """
    async with open_accounts(options, keys) as accounts:
        door = Door(programs, accounts, rules, seed=options.seed, listeners=options.listeners, log=log)
        watching = asyncio.create_task(programs.watch()) if reload else None
        try:
            yield door
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
