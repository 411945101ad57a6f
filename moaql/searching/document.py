"""The result of a search as one JSON document: what `moaql search --json` prints and `moaql report` draws."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.evaluation.statistics import interval
from moaql.searching.confirm import Measurement, difference
from moaql.searching.finding import selection_gap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.searching.arena import Record
    from moaql.searching.confirm import Confirmed, Finalist
    from moaql.searching.hunt import Hunt

FORMAT = "moaql-search-1"


@dataclass(frozen=True)
class CurvePoint:
    """How good the best was when so much was paid.

    Attributes:
        paid: Dollars.
        seconds: Since the search began.
        quality: Of the best on the frontier.
        area: The quality that a price buys, as the mean over all prices.
        trials: Topologies measured.
    """

    paid: float
    seconds: float
    quality: float
    area: float
    trials: int


@dataclass
class Outline:
    """What the document says besides records and confirmation.

    Attributes:
        search: Name of the search.
        facts: Further fields, as they stand in the document.
        curve: How it went.
    """

    search: str
    facts: dict[str, Any] = field(default_factory=dict)
    curve: list[CurvePoint] = field(default_factory=list)


def document(
    outline: Outline, hunt: Hunt, confirmed: Confirmed | None, params: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The document.

    Args:
        outline: Everything that is neither measured nor confirmed.
        hunt: What was measured.
        confirmed: What was confirmed; None where the search was stopped before.
        params: Of each record that lies in the space: its dimensions, by key.
    """
    front = hunt.front()
    found: dict[str, Any] = {
        "format": FORMAT,
        "search": outline.search,
        "confidence": hunt.settings.confidence,
        **outline.facts,
        "trials": [trial(record, hunt, params.get(key, {})) for key, record in hunt.records.items()],
        "frontier": [_brief(record, hunt) for record in front],
        "curve": [
            {
                "paid": each.paid,
                "seconds": each.seconds,
                "quality": each.quality,
                "area": each.area,
                "trials": each.trials,
            }
            for each in outline.curve
        ],
    }
    if confirmed is not None:
        found.update(_confirmed(confirmed))
    return found


def trial(record: Record, hunt: Hunt, params: Mapping[str, Any]) -> dict[str, Any]:
    """One topology that was measured."""
    import numpy as np

    figures, entrant = hunt.figures(record), record.entrant
    scores = record.scores[~np.isnan(record.scores)].tolist()
    ends = interval(scores, hunt.settings.confidence) if scores else None
    return {
        "key": entrant.key,
        "name": entrant.name,
        "source": record.source,
        "baseline": entrant.baseline,
        "kind": entrant.kind,
        "state": record.state,
        "why": record.why,
        "items": record.items,
        "score": sum(scores) / len(scores) if scores else None,
        "ci": [ends.low, ends.high] if ends is not None else None,
        "estimate": figures.quality,
        "cost": number(figures.cost),
        "latency": number(figures.latency),
        "paid": record.paid,
        "params": {name: list(value) if isinstance(value, tuple) else value for name, value in params.items()},
    }


def number(value: float) -> float | None:
    """A number as JSON has it: NaN and infinity are null."""
    return value if math.isfinite(value) else None


def _brief(record: Record, hunt: Hunt) -> dict[str, Any]:
    whole = trial(record, hunt, {})
    return {
        "key": whole["key"],
        "program": whole["name"],
        "score": whole["estimate"],
        "ci": whole["ci"],
        "cost_per_item": whole["cost"],
        "latency": whole["latency"],
        "items": whole["items"],
    }


def _confirmed(confirmed: Confirmed) -> dict[str, Any]:
    winner = confirmed.winner
    reported = Measurement.of(winner.report, confirmed.confidence) if len(winner.report) else None
    return {
        "best": {
            "key": winner.entrant.key,
            "program": winner.entrant.name,
            "score": reported.score if reported else None,
            "ci": [reported.interval.low, reported.interval.high] if reported else None,
            "cost_per_item": number(winner.cost),
        },
        "winner": winner.entrant.key,
        "beaten": confirmed.beaten,
        "confirmed": [_finalist(each, confirmed) for each in confirmed.finalists],
        "baselines": [_finalist(each, confirmed) for each in confirmed.finalists if each.role == "baseline"],
        "tied": [each.entrant.key for each in confirmed.tied],
        "picks": {
            "best_quality": confirmed.best.entrant.key,
            "cheapest_tied": confirmed.tied[0].entrant.key if confirmed.tied else None,
            "within_limits": confirmed.within.entrant.key if confirmed.within is not None else None,
        },
        "holdout": _measurement(reported),
        "confirmation_whole": confirmed.whole,
    }


def _finalist(each: Finalist, confirmed: Confirmed) -> dict[str, Any]:
    single = confirmed.single
    found = (
        difference(each.report, single.report, confirmed.confidence)
        if single is not None and each is not single
        else None
    )
    role = "winner" if each is confirmed.winner else each.role
    return {
        "key": each.entrant.key,
        "name": each.entrant.name,
        "role": role,
        "baseline": each.entrant.baseline,
        "cost_per_item": number(each.cost),
        "select": _measurement(Measurement.of(each.select, confirmed.confidence) if len(each.select) else None),
        "report": _measurement(Measurement.of(each.report, confirmed.confidence) if len(each.report) else None),
        "difference": None
        if found is None or single is None
        else {
            "to": single.entrant.key,
            "difference": found.difference,
            "ci": [found.low, found.high],
            "p": found.p,
        },
        "gap": None if (gap := selection_gap(each)) is None else -gap,
    }


def _measurement(found: Measurement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"score": found.score, "ci": [found.interval.low, found.interval.high], "items": found.items}
