"""What came of a search: its document, its words, and the user's program with the winner in it."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.check.checker import check_source
from moaql.graph.interchange import to_json
from moaql.searching.document import Outline, document
from moaql.searching.explain import disagreements, holes
from moaql.searching.finding import headline
from moaql.searching.frontier import nearest_limits
from moaql.searching.space.baseline import write_baseline
from moaql.searching.space.points import Point
from moaql.searching.space.weighted import write_weights
from moaql.searching.space.winner import write_winner
from moaql.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.check.program import Program
    from moaql.evaluation.task import Task
    from moaql.run.caller import Caller
    from moaql.run.session import Options
    from moaql.searching.confirm import Confirmed
    from moaql.searching.goals import Goals
    from moaql.searching.hunt import Hunt
    from moaql.searching.live import LiveArena
    from moaql.searching.search import Found
    from moaql.searching.space.find import SearchPlan
    from moaql.searching.splits import Splits
    from moaql.searching.topologies import Topologies


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        document: As `document.document` makes it.
        text: The user's program with the winner; None where there is none.
        lines: What to say, in plain words.
        found: What was measured.
        confirmed: What was confirmed.
        study: Folder of the study.
    """

    document: dict[str, Any]
    text: str | None
    lines: list[str]
    found: Found
    confirmed: Confirmed | None
    study: str


def facts_of(
    program: Program,
    plan: SearchPlan,
    task: Task,
    splits: Splits,
    found: Found,
    topologies: Topologies,
    caller: Caller,
    options: Options,
) -> dict[str, Any]:
    """What the document says of the search besides records and confirmation."""
    return {
        "file": os.path.basename(program.source.name),
        "date": datetime.date.today().isoformat(),
        "simulated": any(model.id.startswith("sim/") for model in topologies.models.values()),
        "eval": {
            "name": task.name,
            "metric": task.metric_name,
            "hash": task.hash,
            "items": {
                "search": len(splits.search.items),
                "select": len(splits.select.items),
                "report": len(splits.report.items),
            },
        },
        "goals": {
            "maximize": [goal.measure for goal in plan.goals if goal.direction == "maximize"],
            "minimize": [goal.measure for goal in plan.goals if goal.direction == "minimize"],
            "limits": [limit.text for limit in found.hunt.settings.goals.limits],
        },
        "budget": options.budget,
        "paid": None if caller.budget.unpriced else caller.budget.paid,
        "banked": caller.saved,
        "saved": caller.saved,
        "measured": found.trials,
        "stopped": found.stopped,
        "space": {"points": plan.space.size, "proposed": found.proposed, "invalid": found.invalid},
    }


def outcome_of(
    program: Program,
    plan: SearchPlan,
    found: Found,
    confirmed: Confirmed | None,
    goals: Goals,
    outline: Outline,
    folder: str,
    topologies: Topologies,
    splits: Splits,
    arena: LiveArena | None = None,
) -> Outcome:
    """The document, the words and the winner's text of a search that has ended."""
    hunt = found.hunt
    params = {
        key: dict(record.entrant.point)
        for key, record in hunt.records.items()
        if isinstance(record.entrant.point, Point)
    }
    lines: list[str] = []
    text = None
    if confirmed is not None:
        lines = headline(confirmed, goals, _nearest(hunt, goals))
        comment = [*lines, _provenance(outline)]
        weights = arena.weights(confirmed.winner.entrant) if arena is not None else {}
        text = _written(program, plan, confirmed, comment)
        if weights:
            text = _weighted(program, plan, text, weights)
        outline.facts["headline"] = " ".join(lines)
        outline.facts["graph"] = to_json(topologies.graph(confirmed.winner.entrant))
        if weights:
            outline.facts["weights"] = weights
        outline.facts["program"] = text
        outline.facts["diff"] = _diff(params.get(confirmed.winner.entrant.key, {}))
        if arena is not None and confirmed.single is not None and confirmed.winner is not confirmed.single:
            pair = confirmed.winner.entrant, confirmed.single.entrant
            outline.facts["disagreements"] = disagreements(arena, splits.search, *pair)
    outline.facts.setdefault("headline", f"Nothing was confirmed: {found.stopped}.")
    outline.facts["notes"] = list(splits.notes)
    outline.facts["holes"] = holes(hunt, params)
    return Outcome(document(outline, hunt, confirmed, params), text, lines, found, confirmed, folder)


def _nearest(hunt: Hunt, goals: Goals) -> tuple[str, list[str]] | None:
    figures = {key: hunt.figures(record) for key, record in hunt.records.items() if record.items}
    if not goals.limits or any(goals.keeps(each) for each in figures.values()):
        return None
    found = nearest_limits(figures, goals)
    return None if found is None else (hunt.records[found[0]].entrant.name, found[1])


def _provenance(outline: Outline) -> str:
    facts = outline.facts
    simulated = " Simulated models." if facts["simulated"] else ""
    return f"Searched on {facts['date']}, eval set {facts['eval']['name']} ({facts['eval']['hash']}).{simulated}"


def _written(program: Program, plan: SearchPlan, confirmed: Confirmed, comment: list[str]) -> str:
    entrant = confirmed.winner.entrant
    if isinstance(entrant.point, Point):
        return write_winner(program, plan, entrant.point, comment)
    return write_baseline(program, plan, entrant.name, comment)


def _diff(params: Mapping[str, Any]) -> str:
    """What each hole was filled with, as `moaql diff` says it."""
    values = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in params.items()}
    return "\n".join(f"~ {name}: `?` is {value}" for name, value in values.items())


def _weighted(program: Program, plan: SearchPlan, text: str, weights: dict[str, dict[str, float]]) -> str:
    """The winner's text with the weights that were fitted to all items of the search."""
    found = check_source(Source(text, program.source.name, program.source.path))
    name = next(each for each in found.topologies if each == plan.name or each.startswith(f"{plan.name}-winner"))
    return write_weights(found, name, weights)
