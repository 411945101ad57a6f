"""The search that is meant, ready to run: its goals, limits and settings as numbers, and its space.

In: a checked program. Out: a `SearchPlan`, or a clear refusal of what cannot be searched.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from moaql.check.tables import SEARCH
from moaql.check.values import Values
from moaql.diagnostics import suggest
from moaql.errors import ProgramError, UsageError
from moaql.searching.space.filled import View
from moaql.searching.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.language import nodes as n
    from moaql.searching.space.points import Point

_TRIED = 200
"""Points that are tried for a valid one."""
_FIRST = 10
"""How many of them are the first of the space."""


class SearchGoal(NamedTuple):
    """`maximize quality`, `minimize cost`, `maximize quality per dollar`: then `per` is `dollar`, otherwise ""."""

    direction: Literal["maximize", "minimize"]
    measure: str
    per: str = ""


class SearchLimit(NamedTuple):
    """`cost <= $0.01`. The value is in dollars an item, seconds, or a share from 0 to 1."""

    measure: str
    operator: str
    value: float


@dataclass(frozen=True)
class SearchSettings:
    """The settings of a search.

    Attributes:
        budget: Dollars that it may spend; None where it says nothing.
        trials: Topologies to try at most; None where it says nothing.
        workers: Processes.
        seed: Of all that is drawn.
        sampler: Who proposes: `portfolio`, `tpe`, `random` or `mutation`.
        holdout: Share of the items kept for the report.
        confidence: Of the intervals, as a share.
        tune: Whether to tune the aggregator's prompt.
    """

    budget: float | None = None
    trials: int | None = None
    workers: int = 1
    seed: int = 0
    sampler: str = "portfolio"
    holdout: float = 0.2
    confidence: float = 0.95
    tune: bool = False


@dataclass(frozen=True)
class SearchPlan:
    """One search of a program.

    Attributes:
        name: Its name.
        statement: Its tree.
        eval_name: The name of its eval set.
        goals: In the order in which they were written.
        limits: Likewise.
        settings: Its settings, with the defaults of what it does not say.
        space: What it searches.
    """

    name: str
    statement: n.SearchStatement
    eval_name: str
    goals: tuple[SearchGoal, ...]
    limits: tuple[SearchLimit, ...]
    settings: SearchSettings
    space: Space


def find_search(program: Program, name: str | None = None) -> SearchPlan:
    """The search of that name, or the only one.

    Raises:
        UsageError: if there is no such search, several and no name, or nothing in it to search: no valid point, or one only.
        ProgramError: if the program has errors, those of a price that this search needs included.
    """
    statement = _choose(program, name)
    errors = [*program.blocking, *_about_prices(program, statement)]
    if errors:
        raise ProgramError(errors)
    unit = View(program.unit, lambda definition: definition)
    given = Values().settings(SEARCH, statement.settings, unit, f"search `{statement.name.text}`", holes=False)
    plan = SearchPlan(
        statement.name.text,
        statement,
        statement.evals[0].text,
        tuple(
            SearchGoal(goal.direction, goal.measure.text, goal.per.text if goal.per else "") for goal in statement.goals
        ),
        tuple(SearchLimit(each.measure.text, each.operator, _number(each.value)) for each in statement.limits),
        _settings(given),
        Space(statement.name.text, statement.topologies[0], program.unit),
    )
    _refuse_what_is_no_search(plan)
    return plan


def _choose(program: Program, name: str | None) -> n.SearchStatement:
    searches, file = program.searches, program.source.name
    if name is not None and name in searches:
        return searches[name]
    if program.blocking and not searches:
        raise ProgramError(program.blocking)
    known = ", ".join(searches)
    if not searches:
        help = "Write `search NAME { topology … eval … maximize quality }`, with a hole such as `x?(1..5)` in it."
        raise UsageError(f"{file} has no search", help)
    if name is not None:
        raise UsageError(f"{file} has no search `{name}`", suggest(name, searches) or f"It has: {known}.")
    if len(searches) > 1:
        raise UsageError(
            f"{file} has several searches", f"Name one: {', '.join(f'{file}::{each}' for each in searches)}"
        )
    return next(iter(searches.values()))


def _about_prices(program: Program, statement: n.SearchStatement) -> list[Any]:
    span = statement.span
    return [
        each
        for each in program.diagnostics
        if each.code == "E408" and each.source is program.source and span.start <= each.span.start < span.end
    ]


def _number(literal: n.Literal) -> float:
    assert isinstance(literal.value, int | float)
    return float(literal.value)


def _settings(given: dict[str, Any]) -> SearchSettings:
    defaults = {each.name: each.default for each in SEARCH}
    return SearchSettings(**{**defaults, **{name: value for name, value in given.items() if value is not None}})


def _refuse_what_is_no_search(plan: SearchPlan) -> None:
    space = plan.space
    if not space.dimensions:
        raise UsageError(
            f"search `{plan.name}` leaves only `weights=?` open, and weights are fitted, not searched",
            "Write it as a topology and run `moaql eval`, which fits them; or add a hole such as `x?(1..5)`.",
        )
    if space.size == 1:
        names = ", ".join(f"`{each.name}`" for each in space.dimensions)
        raise UsageError(
            f"search `{plan.name}` has one point only: nothing is left to choose in {names}",
            "Widen a hole, such as `x?(1..5)`; or write it as a topology and run `moaql eval`.",
        )
    whole = space.size <= _TRIED
    reasons: Counter[str] = Counter()
    for point in space.points() if whole else _some(space):
        reason = space.fill(point).reason
        if not reason:
            return
        reasons[reason] += 1
    worst, _ = reasons.most_common(1)[0]
    which = f"None of its {space.size:,} points" if whole else f"None of {_TRIED} points tried of {space.size:,}"
    raise UsageError(
        f"search `{plan.name}` has no point that is a valid program: {worst}",
        f"{which} is one; that is the most frequent reason. `moaql explain {worst.split(':')[0]}` says more.",
    )


def _some(space: Space) -> Iterator[Point]:
    """The first points, which are the smallest topologies, and then drawn ones."""
    source = random.Random(0)  # noqa: S311 - the same answer each time
    yield from space.points(_FIRST)
    for _ in range(_TRIED - _FIRST):
        yield space.sample(source)
