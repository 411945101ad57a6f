"""`moaql tune --fit`: fits the numbers of a topology, and writes the program and its router where they are better."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.language import nodes as n
from moaql.language.holes import nodes_in
from moaql.language.parser import parse
from moaql.searching.space.moved import moved
from moaql.source import Source
from moaql.tuning.numbers.conditions import replaced
from moaql.tuning.numbers.goal import Goal
from moaql.tuning.numbers.router import fit_router
from moaql.tuning.numbers.sides import Asking
from moaql.tuning.numbers.thresholds import fit_thresholds
from moaql.tuning.numbers.weights import fit_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moaql.check.program import Program
    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.task import Task
    from moaql.routers.router import Embedding
    from moaql.run.caller import Caller
    from moaql.run.session import Options
    from moaql.tuning.numbers.fitted import Fitted

KINDS = ("thresholds", "router", "weights")


@dataclass(frozen=True)
class Wanted:
    """What is to be fitted.

    Attributes:
        kind: `thresholds`, `router` or `weights`.
        topology: Name of the topology.
        goal: What is best.
        only: Which thresholds; all where none is named.
        embedding: Makes the router decide by the nearest questions.
        at_once: Questions under way at a time.
    """

    kind: str
    topology: str
    goal: Goal = Goal()
    only: tuple[str, ...] = ()
    embedding: Embedding | None = None
    at_once: int = 64


async def run_fit(
    program: Program,
    task: Task,
    wanted: Wanted,
    options: Options,
    *,
    on_outcome: Callable[[Outcome, Caller], None] = lambda _outcome, _caller: None,
) -> tuple[Fitted, Caller]:
    """Fit, in a session of its own.

    Args:
        program: Without errors; a router that it names need not be there, and need not fit.
        task: The items and the metric.
        wanted: What is to be fitted.
        options: Bank, budget, seed and listeners.
        on_outcome: Is called for each answer that is scored, with the session.

    Returns:
        What came of it, and the session, which knows what was paid.

    Raises:
        UsageError, ProgramError, BudgetReached, ProviderError, BankError, NotBanked: see the functions that fit.
    """
    from moaql.run.session import open_session

    async with open_session(options) as caller:
        asking = Asking(
            task,
            caller,
            options.seed,
            wanted.at_once,
            options.listeners,
            lambda _name, _position, outcome: on_outcome(outcome, caller),
        )
        return await fit(program, wanted, asking), caller


async def fit(program: Program, wanted: Wanted, asking: Asking) -> Fitted:
    """Fit, in a session that is open. Arguments and errors as in `run_fit`."""
    if wanted.kind == "thresholds":
        return await fit_thresholds(program, wanted.topology, asking, wanted.goal, only=wanted.only)
    if wanted.kind == "router":
        return await fit_router(program, wanted.topology, asking, wanted.goal, embedding=wanted.embedding)
    if wanted.kind == "weights":
        return await fit_weights(program, wanted.topology, asking, wanted.goal)
    raise UsageError(f"`{wanted.kind}` cannot be fitted", f"Fit one of {', '.join(KINDS)}.")


def document(fitted: Fitted, caller: Caller, written: tuple[str, ...]) -> dict[str, Any]:
    """The document of `moaql tune --fit … --json`.

    Args:
        fitted: What came of it.
        caller: The session, which knows what was paid.
        written: Paths of the files that were written.
    """
    paid = None if caller.budget.unpriced else caller.budget.paid
    return fitted.as_json() | {"paid": paid, "saved": caller.saved, "written": list(written)}


def texts_of(fitted: Fitted, program: Program, output: str) -> dict[str, str]:
    """The program and its router as they are to be written.

    Args:
        fitted: What came of it.
        program: As it was.
        output: Path that the program will have. Its other paths are changed so that they lead where they led.

    Returns:
        The texts by path; the program, which names the router, comes last.
    """
    before, after = os.path.dirname(program.source.path or ""), os.path.dirname(output)
    text = _kept(moved(fitted.text, before or os.curdir, after or os.curdir), fitted.files, before, after)
    beside = {os.path.join(after, os.path.expanduser(path)): router for path, router in fitted.files.items()}
    return {**beside, output: text}


def _kept(text: str, files: Mapping[str, str], before: str, after: str) -> str:
    """The moved text with the paths of its new files as they were: those stand beside it."""
    away = {_relative(os.path.join(before, path), after): path for path in files if not os.path.isabs(path)}
    edits = {}
    for node in nodes_in(parse(Source(text)).module.statements):
        value = node.value if isinstance(node, n.Setting) and node.name.text == "with" else None
        if isinstance(value, n.Literal) and value.value in away:
            path = away[str(value.value)].replace("\\", "\\\\").replace('"', '\\"')
            edits[value.span] = f'"{path}"'
    return replaced(text, edits)


def _relative(path: str, folder: str) -> str:
    return os.path.relpath(path, folder or os.curdir).replace(os.sep, "/")
