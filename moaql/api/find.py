"""A search from Python: `moaql.search(…)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from moaql.api.program import now
from moaql.errors import ProgramError

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.run.session import RunArguments
    from moaql.searching.written import Outcome


def search(
    program: Program,
    name: str | None = None,
    *,
    trials: int | None = None,
    study: str | None = None,
    storage: str | None = None,
    **options: Unpack[RunArguments],
) -> Outcome:
    """Find the best topologies of a program's space, and confirm them on items that chose nothing.

    Where an event loop is running already, an awaitable is returned; typed asynchronous code calls `asearch`.

    Args:
        program: From `moaql.load`.
        name: Of the search; not needed where there is only one.
        trials: Topologies to measure at most, instead of what the search says.
        study: Folder of the study; by default `.moaql/studies/NAME-…`.
        storage: Database of the study instead, as `postgresql://…`.
        options: Of `moaql.Options`; `budget` (dollars) and `seed` are those of the search where they are not given.

    Returns:
        `document`, as `moaql search --json` prints it; `text`, the program with the winner; `lines`, the finding in words.

    Raises:
        ProgramError: if a price is missing that the search needs.
        UsageError: if there is no such search, or its eval set is too small.
        BankError, NotBanked, ProviderError: see `moaql.errors`.
    """
    return now(  # type: ignore[no-any-return]
        asearch(program, name, trials=trials, study=study, storage=storage, **options)
    )


async def asearch(
    program: Program,
    name: str | None = None,
    *,
    trials: int | None = None,
    study: str | None = None,
    storage: str | None = None,
    **options: Unpack[RunArguments],
) -> Outcome:
    """The same, in asynchronous code. Arguments and errors as in `search`."""
    from moaql.run.session import options_from
    from moaql.searching.run import Wanted, run_search
    from moaql.searching.space.find import find_search

    if program.failed:
        raise ProgramError(program.diagnostics)
    plan = find_search(program, name)
    options.setdefault("seed", plan.settings.seed)
    if plan.settings.budget is not None:
        options.setdefault("budget", plan.settings.budget)
    wanted = Wanted(study=study, storage=storage, trials=trials)
    if plan.settings.tune:
        from moaql.tuning.searched import run_tuned_search

        return await run_tuned_search(program, plan, options_from(options), wanted)
    return await run_search(program, plan, options_from(options), wanted)
