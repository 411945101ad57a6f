"""Tuning from Python: `moaql.tune(…)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from moaql.api.program import now

if TYPE_CHECKING:
    import os

    from moaql.check.program import Program
    from moaql.run.session import RunArguments
    from moaql.tuning.run import Outcome


def tune(
    program: Program,
    topology: str | None = None,
    *,
    prompt: str | None = None,
    optimizer: str = "gepa",
    reflection: str | None = None,
    data: str | os.PathLike[str] | None = None,
    metric: str | None = None,
    calls: int = 400,
    **options: Unpack[RunArguments],
) -> Outcome:
    """Find better instructions for one prompt, and accept them only where they gain on items that they were not tuned on.

    Where an event loop is running already, an awaitable is returned; typed asynchronous code calls `atune`.

    Args:
        program: From `moaql.load`.
        topology: Its name; not needed where there is only one.
        prompt: Name of a prompt or stage, or id of a call; by default the prompt of the last aggregator.
        optimizer: `gepa`, `miprov2` or `copro`.
        reflection: The model that writes new texts; by default the dearest that the topology asks.
        data: An eval set of the program, by name, or the path of a file. Without it, the program's only eval set.
        metric: Used instead of the one that the eval set states.
        calls: Calls of the tuned prompt at most, before it is confirmed.
        options: Of `moaql.Options`, such as `budget=2.50` (dollars).

    Returns:
        `document`, as `moaql tune --json` prints it; `text`, the program with the tuned prompt, or None where nothing was accepted;
        `lines`, the finding in words.

    Raises:
        UsageError: if a name means nothing, or the items or the calls are too few.
        ProgramError: if a hole is left in the topology.
        BankError, NotBanked, ProviderError: see `moaql.errors`. Where the budget ends, the document says so.
    """
    return now(  # type: ignore[no-any-return]
        atune(
            program,
            topology,
            prompt=prompt,
            optimizer=optimizer,
            reflection=reflection,
            data=data,
            metric=metric,
            calls=calls,
            **options,
        )
    )


async def atune(
    program: Program,
    topology: str | None = None,
    *,
    prompt: str | None = None,
    optimizer: str = "gepa",
    reflection: str | None = None,
    data: str | os.PathLike[str] | None = None,
    metric: str | None = None,
    calls: int = 400,
    **options: Unpack[RunArguments],
) -> Outcome:
    """The same, in asynchronous code. Arguments and errors as in `tune`."""
    import os

    from moaql.api.choose import choose_topology
    from moaql.evaluation.task import open_task
    from moaql.run.session import options_from
    from moaql.tuning.run import Wanted, run_tune

    given = options_from(options)
    task = open_task(program, None if data is None else os.fspath(data), metric=metric, seed=given.seed)
    wanted = Wanted(prompt, optimizer, reflection, calls)
    return await run_tune(program, choose_topology(program, topology), task, given, wanted)
