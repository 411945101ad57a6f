"""Eval sets and searches: their settings, goals and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.program import EvalSet, Model, connection_of
from moaql.check.reach import holes_reached, models_reached
from moaql.check.scope import ARTICLES
from moaql.check.tables import EVAL, MEASURES, SEARCH
from moaql.check.words import describe
from moaql.diagnostics import suggest
from moaql.language import nodes as n

if TYPE_CHECKING:
    from moaql.check.scope import Unit
    from moaql.check.values import Values


def check_eval(statement: n.EvalStatement, unit: Unit, values: Values) -> EvalSet:
    """The eval set of a statement."""
    settings = values.settings(EVAL, statement.settings, unit, f"eval `{statement.name.text}`", holes=False)
    if settings.get("metric") == "judge" and "judge" not in settings:
        unit.report("E304", "the metric `judge` needs a judge", statement.name.span, "write `judge=MODEL`")
    return EvalSet(
        statement.name.text, str(statement.path.value), tuple(sorted(settings.items(), key=lambda pair: pair[0]))
    )


def check_search(search: n.SearchStatement, unit: Unit, values: Values) -> None:
    """What is wrong with a search by itself."""
    name = search.name
    values.settings(SEARCH, search.settings, unit, f"search `{name.text}`", holes=False)
    if len(search.topologies) != 1:
        message = (
            f"search `{name.text}` has no topology"
            if not search.topologies
            else f"search `{name.text}` has several topologies"
        )
        help = (
            "write `topology PIPELINE` with holes in it"
            if not search.topologies
            else "join them by a hole: `topology ?(a | b)`"
        )
        unit.report("E304" if not search.topologies else "E305", message, name.span, help)
    for body in search.topologies:
        if not any(True for _ in holes_reached(body, unit)) and not unit.lost:
            unit.report(
                "E315",
                f"search `{name.text}` has no hole to search over",
                body.span,
                "write a choice such as `x?(1..5)` or `?(a | b)`",
            )
    _check_evals(search, unit)
    _check_goals(search, unit)
    for limit in search.limits:
        _check_limit(limit, unit)
    _check_prices(search, unit, values)


def _check_evals(search: n.SearchStatement, unit: Unit) -> None:
    if not search.evals:
        help = f"write `eval NAME`{_known(unit)}"
        unit.report("E304", f"search `{search.name.text}` has no eval set", search.name.span, help)
    for name in search.evals[1:]:
        unit.report("E305", f"search `{search.name.text}` has several eval sets", name.span, "a search has one")
    for name in search.evals:
        found = unit.find(name.text)
        if found is None:
            if not unit.is_lost(name.text):
                help = unit.suggestion(name.text, ["eval"]) or 'define it: `eval NAME = "file.jsonl" metric=exact`'
                unit.report("E207", f"unknown eval set `{name.text}`", name.span, help)
        elif found.kind != "eval":
            unit.report("E209", f"`{name.text}` is {ARTICLES[found.kind]}, not an eval set", name.span)


def _known(unit: Unit) -> str:
    names = unit.names("eval")
    return f"; there is `{'`, `'.join(names)}`" if names else ""


def _check_goals(search: n.SearchStatement, unit: Unit) -> None:
    if not search.goals:
        unit.report(
            "E304",
            f"search `{search.name.text}` has no goal",
            search.name.span,
            "write `maximize quality` and perhaps `minimize cost`",
        )
    seen: set[str] = set()
    for goal in search.goals:
        name = goal.measure.text
        if name not in MEASURES:
            help = suggest(name, MEASURES) or f"goals are {', '.join(MEASURES)}"
            unit.report("E316", f"unknown goal `{name}`", goal.measure.span, help)
            continue
        if name in seen:
            unit.report("E305", f"`{name}` is a goal twice", goal.span)
        seen.add(name)
        wanted = "maximize" if name == "quality" else "minimize"
        if goal.direction != wanted:
            unit.report(
                "E316",
                f"a search that would {goal.direction} {name} finds the worst",
                goal.span,
                f"write `{wanted} {name}`",
            )
        if goal.per is not None:
            _check_ratio(goal, search, unit)


def _check_ratio(goal: n.Goal, search: n.SearchStatement, unit: Unit) -> None:
    assert goal.per is not None
    if goal.measure.text != "quality" or goal.per.text != "dollar":
        unit.report(
            "E316",
            f"unknown goal `{goal.measure.text} per {goal.per.text}`",
            goal.span,
            "the ratio is `quality per dollar`",
        )
    elif not any(limit.measure.text in ("quality", "cost") for limit in search.limits):
        help = "add a floor, `where quality >= 80%`, or a cap, `where cost <= $0.01`"
        unit.report("E317", "`quality per dollar` alone is won by the cheapest bad model", goal.span, help)


def _check_limit(limit: n.Limit, unit: Unit) -> None:
    name = limit.measure.text
    if name not in MEASURES:
        help = suggest(name, MEASURES) or f"limits are about {', '.join(MEASURES)}"
        unit.report("E316", f"unknown measure `{name}`", limit.measure.span, help)
        return
    if limit.value.kind not in MEASURES[name]:
        example = {"quality": "`quality >= 80%`", "cost": "`cost <= $0.01`", "latency": "`latency <= 8s`"}[name]
        unit.report("E301", f"`{name}` is not bounded by {describe(limit.value)}", limit.value.span, f"write {example}")
    elif isinstance(limit.value.value, int | float) and name == "quality" and not 0 <= limit.value.value <= 1:
        unit.report("E302", f"`quality` is 0 to 1, or a percentage, not {limit.value.text}", limit.value.span)
    wanted = (">", ">=") if name == "quality" else ("<", "<=")
    if limit.operator not in wanted:
        unit.report("E316", f"a limit on {name} is written `{name} {wanted[1]} …`", limit.span)


def _check_prices(search: n.SearchStatement, unit: Unit, values: Values) -> None:
    """Where dollars are a goal or a limit, every model needs a price."""
    by_cost: list[n.Goal | n.Limit] = [
        goal for goal in search.goals if goal.measure.text == "cost" or goal.per is not None
    ]
    by_cost += [limit for limit in search.limits if limit.measure.text == "cost"]
    if not by_cost or unit.has_errors:
        return
    unpriced: dict[str, Model] = {}
    for body in search.topologies:
        for model in models_reached(body, unit, values):
            if model.price_in is None or model.price_out is None:
                unpriced.setdefault(model.name, model)
    if not unpriced:
        return
    for name, model in unpriced.items():
        if model.id != "unknown/unknown" and not _is_priced(model):
            help = f'state it: `model {name} = "{model.id}" price_in=$0.50 price_out=$1.50` (per million tokens)'
            unit.report(
                "E408", f"cost counts in this search, but no price is known for `{name}`", by_cost[0].span, help
            )


def _is_priced(model: Model) -> bool:
    """Whether the price of a model is known without the program stating it: by lists, by its `prices=` file, by the simulation."""
    from moaql.check.prices import listed_price
    from moaql.errors import UsageError
    from moaql.providers.recorded import recorded_price
    from moaql.simulation.world_file import simulated_price

    if listed_price(model.id) is not None:
        return True
    provider, _, name = model.id.partition("/")
    connection = connection_of(model)
    try:
        if provider == "sim":
            return simulated_price(name, dict(connection).get("file")) is not None
        return provider == "recorded" and recorded_price(model.id, connection) is not None
    except UsageError:
        return True  # a file that cannot be read is told, with its name, where it is used
