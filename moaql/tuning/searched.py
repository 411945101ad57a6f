"""`search … tune=true`: the aggregator's prompt is tuned once before the search, and the choice's prompt once after it.

Which aggregator is best depends on what it is told, so a prompt is tuned before topologies are judged by it (Zhou et al. 2025,
arXiv 2502.02533): if the tuned text is accepted, it stands in the space beside the old one, and the search measures both. The items
that the search keeps for choosing and reporting are not touched by that. At the end, the choice's own prompt is tuned on the items
of the search, accepted by those of the choice, and stated on those of the report.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, islice
from random import Random
from typing import TYPE_CHECKING

from moaql.check.checker import check_source
from moaql.check.eval_sets import find_eval_set
from moaql.check.reach import names_in
from moaql.errors import BudgetReached, MoaqlError, UsageError
from moaql.evaluation.task import task_of
from moaql.graph.plan import plan as plan_of
from moaql.language import nodes as n
from moaql.language.formatter import format_source
from moaql.language.holes import nodes_in
from moaql.searching.entrants import kind_of
from moaql.searching.run import run_search
from moaql.searching.space.find import find_search
from moaql.searching.space.winner import write_winner
from moaql.searching.splits import splits_of
from moaql.source import Source, Span
from moaql.tuning.edits import added_block, edited, removed_block
from moaql.tuning.finding import comment_of
from moaql.tuning.run import Wanted, run_tune
from moaql.tuning.splits import Splits
from moaql.tuning.splits import splits_of as tuning_splits
from moaql.tuning.template import with_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from moaql.check.program import Program, Topology
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.session import Options
    from moaql.searching.run import Wanted as WantedSearch
    from moaql.searching.search import Progress
    from moaql.searching.space.find import SearchPlan
    from moaql.searching.space.points import Point
    from moaql.searching.written import Outcome
    from moaql.tuning.edits import Edit
    from moaql.tuning.run import Outcome as TuningOutcome

SHARE = 0.15
"""Of the budget, for each of the two tunings. What they leave is not spent otherwise, so that the same command can be repeated."""
EARLY_CALLS, LATE_CALLS = 200, 400
_TRIED = 100
_LAST = "agg"


@dataclass(frozen=True)
class _Tuned:
    """A program whose space holds a tuned prompt.

    Attributes:
        program: The program.
        name: Of the prompt.
    """

    program: Program
    name: str


async def run_tuned_search(
    program: Program,
    plan: SearchPlan,
    options: Options,
    wanted: WantedSearch,
    *,
    on_progress: Callable[[Progress, Caller, float], None] = lambda _progress, _caller, _seconds: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Tune, search, tune. Arguments and errors as in `run_search`.

    The budget is divided: 15 % for each tuning, the rest for the search.
    """
    task = task_of(find_eval_set(program.unit, plan.eval_name), seed=options.seed)
    parts = splits_of(task, plan.settings.holdout, options.seed)
    tuning = replace(options, budget=None if options.budget is None else SHARE * options.budget)
    notes: list[str] = []
    early = await _early(program, plan, task, parts.search, tuning, notes)
    searched = program if early is None else early.program
    rest = replace(options, budget=None if options.budget is None else (1 - 2 * SHARE) * options.budget)
    found = await run_search(
        searched, find_search(searched, plan.name), rest, wanted, on_progress=on_progress, stop=stop
    )
    if found.text is not None and not stop():
        late = Splits(parts.search, parts.select, parts.report)
        await _late(found, program, plan, task, late, tuning, notes)
    if early is not None and found.text is not None:
        found.text = _without_unused(found.text, program, early.name)
    found.document["program"] = found.text
    found.document["notes"] = [*found.document["notes"], *notes]
    return found


# Before the search


async def _early(
    program: Program, plan: SearchPlan, task: Task, seen: Task, options: Options, notes: list[str]
) -> _Tuned | None:
    """The program with a tuned prompt in its space; None where there is none to tune, or none was accepted.

    Args:
        program: The program.
        plan: Its search.
        task: All items, for what is said of their origin.
        seen: The items of the search, which alone are asked.
        options: Of the tuning.
        notes: Where it says why it did nothing.
    """
    point = _cheapest_merge(plan)
    if point is None:
        notes.append(
            "tune=true: nothing in the space ends with an aggregator, so no prompt was tuned before the search."
        )
        return None
    filled = _checked(write_winner(program, plan, point), program)
    topology = _topology(filled, plan)
    try:
        splits = tuning_splits(seen, options.seed)
        found = await run_tune(filled, topology, task, options, Wanted(calls=EARLY_CALLS), splits=splits)
    except (UsageError, BudgetReached) as error:
        notes.append(f"tune=true: no prompt was tuned before the search: {error.message}")
        return None
    notes.append(f"Before the search: {' '.join(found.lines)}")
    if not found.tuned.accepted:
        return None
    try:
        return _with_both(program, plan, found)
    except MoaqlError as error:
        notes.append(f"The tuned prompt could not be put into the space: {error.message}")
        return None


def _cheapest_merge(plan: SearchPlan) -> Point | None:
    """The cheapest point that ends with an aggregator over several answers: each of its calls teaches as much as a dear one's."""
    source, space = Random(0), plan.space  # noqa: S311 - the same answer each time
    found: list[tuple[float, int, Point]] = []
    for place, point in enumerate(chain(islice(space.points(), _TRIED), (space.sample(source) for _ in range(_TRIED)))):
        graph = space.fill(point).built
        if graph is None or kind_of(graph) != "merge":
            continue
        cost = plan_of(graph).cost
        found.append((0.0 if cost is None else cost.expected, place, point))
    return min(found)[2] if found else None


def _with_both(program: Program, plan: SearchPlan, found: TuningOutcome) -> _Tuned:
    """The search may choose between the tuned prompt and the old one.

    Raises:
        MoaqlError: if no stage of the search can be given the choice.
    """
    place = found.tuned.place
    prompt = with_text(place.prompt, place.message, found.tuned.text)
    name = _unused(program, place.site.name if place.site.kind != "block" else f"{place.site.name}-tuned")
    old = place.site.name if place.site.kind == "block" else "default"
    edits: list[Edit] = list(_choices(plan.statement.topologies[0], name, old))
    if not edits:
        raise MoaqlError("no stage of the search's own pipeline sends it", "Name the prompt in it.")
    edits.append(added_block(program, plan.statement, name, prompt, comment_of(found.tuned, found.document)))
    both = _checked(edited(program.source, edits), program)
    find_search(both, plan.name)
    return _Tuned(both, name)


def _choices(body: n.Pipeline, name: str, old: str) -> Iterator[Edit]:
    """`prompt=?(NAME | OLD)` in every aggregator that sends the old one."""
    for stage in nodes_in(body):
        if not isinstance(stage, n.Stage) or stage.name.text != _LAST:
            continue
        stated = next((each for each in stage.settings if each.name.text == "prompt"), None)
        if stated is None and old == "default":
            end = max([stage.name.span.end, *((each.repeat or each).span.end for each in stage.operands)])
            yield Span(end, end), f" prompt=?({name} | default)"
        elif stated is not None and isinstance(stated.value, n.Name) and stated.value.text == old:
            yield stated.value.span, f"?({name} | {old})"


def _unused(program: Program, name: str) -> str:
    taken, number, found = {*program.unit.own, *program.unit.imported}, 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


# After it


async def _late(
    found: Outcome,
    program: Program,
    plan: SearchPlan,
    task: Task,
    splits: Splits,
    options: Options,
    notes: list[str],
) -> None:
    """The choice with its own prompt tuned, where that is certainly better."""
    assert found.text is not None
    written = _checked(found.text, program)
    try:
        tuned = await run_tune(
            written, _topology(written, plan), task, options, Wanted(calls=LATE_CALLS), splits=splits
        )
    except (UsageError, BudgetReached) as error:
        notes.append(f"tune=true: the choice's prompt was not tuned: {error.message}")
        return
    found.document["tuned"] = {key: value for key, value in tuned.document.items() if key != "program"}
    if tuned.text is None:
        notes.append(f"After the search: {' '.join(tuned.lines)}")
        return
    found.text = tuned.text
    found.lines.append(f"Its prompt was tuned after that. {' '.join(tuned.lines)}")


# Programs


def _checked(text: str, program: Program) -> Program:
    found = check_source(Source(text, program.source.name, program.source.path))
    if found.blocking:
        raise MoaqlError(
            f"a tuned prompt cannot be written into {program.source.name}: {found.blocking[0].one_line()}",
            "Nothing was written. Please report this program.",
        )
    return found


def _topology(program: Program, plan: SearchPlan) -> Topology:
    names = [each for each in program.topologies if each == plan.name or each.startswith(f"{plan.name}-winner")]
    return program.topologies[names[0]]


def _without_unused(text: str, program: Program, name: str) -> str:
    """The choice's program, without the tuned prompt where the choice does not send it."""
    found = _checked(text, program)
    if any(each.text == name for body in found.topologies.values() for each in names_in(body.body)):
        return text
    block = next(
        each for each in found.unit.module.statements if isinstance(each, n.PromptStatement) and each.name.text == name
    )
    source = Source(edited(found.source, [removed_block(found, block)]), program.source.name, program.source.path)
    return format_source(source)
