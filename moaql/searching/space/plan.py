"""What a search will have to choose from, before anything is spent: for `moaql plan FILE::SEARCH`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.graph.assumptions import Estimate, tokens_of
from moaql.searching.space.survey import survey

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.searching.space.find import SearchPlan
    from moaql.searching.space.points import Dimension

LIMIT = 2_000
"""Up to so many points the plan looks at all of them, which takes a few seconds at most."""


def plan_search(program: Program, search: SearchPlan) -> dict[str, Any]:
    """The plan of a search, as JSON.

    Args:
        program: The program.
        search: One of its searches, from `find_search`.

    Returns:
        `search`, `points` (exact), `topologies` and `invalid` with `exact` and `method`, `dimensions` (each `name`, `kind`,
        `values`, `condition`, and for a subset `low` and `high`), `eval`, `items`, and `cost_high` in dollars for everything on
        every item (exact or an estimate as the rest), None where a price in `unpriced` is unknown.

    Raises:
        UsageError: if the eval set cannot be read.
    """
    from moaql.check.eval_sets import find_eval_set
    from moaql.datasets.items import load_items

    found = find_eval_set(program.unit, search.eval_name)
    settings = dict(found.settings)
    items = load_items(
        found.path, input=settings.get("input"), split=settings.get("split"), limit=settings.get("limit")
    )
    sizes = sorted(tokens_of(item.question) for item in items)
    question = Estimate(sizes[0], sum(sizes) / len(sizes), sizes[-1])
    seen = survey(search.space, len(items), limit=LIMIT, question=question)
    return {
        "search": search.name,
        "points": seen.distinct.points,
        "topologies": seen.distinct.topologies,
        "invalid": seen.distinct.invalid,
        "exact": seen.distinct.exact,
        "method": seen.distinct.method,
        "dimensions": [_dimension(each) for each in search.space.dimensions],
        "eval": search.eval_name,
        "items": len(items),
        "cost_high": seen.most.dollars,
        "unpriced": list(seen.most.unpriced),
    }


def _dimension(dimension: Dimension) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": dimension.name, "kind": dimension.kind}
    if dimension.kind == "subset":
        shown |= {"values": list(dimension.members), "low": dimension.sizes[0], "high": dimension.sizes[-1]}
    else:
        shown["values"] = list(dimension.values)
    shown["condition"] = [list(pair) for pair in dimension.condition] if dimension.condition is not None else None
    return shown
