"""Outcomes to figures: a row for each topology, a paired comparison of each with the first."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moaql.errors import ProviderError, UsageError
from moaql.evaluation.compare import Comparison, compare, holm
from moaql.evaluation.outcome import UNJUDGED
from moaql.evaluation.resolution import resolution_sentence
from moaql.evaluation.statistics import Interval, interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.weights import FittedWeights


@dataclass(frozen=True)
class Row:
    """One topology's figures.

    Attributes:
        name: Of the topology.
        score: Mean over the items that were measured, failed ones as 0; NaN where nothing was measured.
        interval: Of that mean.
        cost_per_item: List price in dollars, mean over the items with an answer; None where one is unknown.
        latency_p50: Median of the seconds along the longest path of calls; None where no times are known.
        latency_p95: Of 95 in 100 items it is not longer.
        calls_per_item: Mean over the items with an answer.
        items: Items that were measured.
        failed: Items without an answer, or on which the user's metric failed: their score is 0.
        unreadable: Items whose judgement cannot be read: they are in no mean.
        missing: Items to which a recording holds no answer: they are in no mean.
        lost: Answers that lack a call, by node.
        reasons: Some of what went wrong, each with how often.
        simulated: Whether a simulated model took part.
        unmeasured: Why nothing was measured, or "".
        fitted: By `vote` with `weights=?`: weights fitted to all items. The score is of weights that were fitted without the item.
    """

    name: str
    score: float
    interval: Interval
    cost_per_item: float | None
    latency_p50: float | None
    latency_p95: float | None
    calls_per_item: float
    items: int
    failed: int
    unreadable: int
    missing: int
    lost: dict[str, int]
    reasons: tuple[tuple[str, int], ...]
    simulated: bool
    fitted: Mapping[str, FittedWeights]
    unmeasured: str = ""

    @property
    def measured(self) -> bool:
        """Whether there is a score."""
        return not self.unmeasured


@dataclass(frozen=True)
class Pair:
    """How much better `a` is than `b`, on the items that were measured for both."""

    a: str
    b: str
    items: int
    comparison: Comparison


@dataclass(frozen=True)
class Evaluation:
    """What `moaql eval` found.

    Attributes:
        task: Name of the eval set.
        metric: Its metric.
        items: Items that all topologies were asked.
        total: Items of the set; more than `items` where the budget ended the measurement.
        rows: One for each topology, in the order given.
        pairs: Each other topology against the first; or each against the one that was asked for.
        paid: Dollars spent now, judges included; None where a price is unknown.
        saved: Dollars that the bank saved.
        notes: What else to know.
        outcomes: By topology, one an item.
        ended: Why not all items were asked, or "".
    """

    task: str
    metric: str
    items: int
    total: int
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    paid: float | None
    saved: float
    notes: tuple[str, ...]
    outcomes: Mapping[str, Sequence[Outcome]]
    ended: str = ""

    @property
    def simulated(self) -> bool:
        """Whether a simulated model took part anywhere."""
        return any(row.simulated for row in self.rows)

    def row(self, name: str) -> Row:
        """The row of a topology.

        Raises:
            UsageError: if there is none of that name.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise UsageError(
            f"no topology of this evaluation is called `{name}`", f"It has: {', '.join(row.name for row in self.rows)}."
        )

    def as_json(self) -> dict[str, Any]:
        """The document of `moaql eval --json`."""
        return {
            "eval": self.task,
            "metric": self.metric,
            "items": self.items,
            "total": self.total,
            "topologies": [_row_json(row) for row in self.rows],
            "pairs": [_pair_json(pair) for pair in self.pairs],
            "paid": self.paid,
            "saved": self.saved,
            "simulated": self.simulated,
            "notes": list(self.notes),
            **({"error": self.ended} if self.ended else {}),
        }


def row_of(name: str, outcomes: Sequence[Outcome], fitted: Mapping[str, FittedWeights] | None = None) -> Row:
    """The figures of one topology."""
    scores = [each.score for each in outcomes if each.score is not None]
    statuses = Counter(each.status for each in outcomes)
    unmeasured = unmeasured_because(outcomes)
    answered = [each for each in outcomes if each.answered]
    costs = [each.cost for each in answered]
    # A recording that holds no times gives 0 for all.
    latencies = sorted(each.latency_s for each in answered if each.latency_s > 0)
    return Row(
        name=name,
        score=math.nan if unmeasured else math.fsum(scores) / len(scores),
        interval=Interval(math.nan, math.nan, "none") if unmeasured else interval(scores),
        cost_per_item=_mean([cost for cost in costs if cost is not None]) if costs and None not in costs else None,
        latency_p50=_quantile(latencies, 0.5),
        latency_p95=_quantile(latencies, 0.95),
        calls_per_item=_mean([each.calls for each in answered]),
        items=0 if unmeasured else len(scores),
        failed=statuses["failed"],
        unreadable=statuses["unreadable"],
        missing=statuses["missing"],
        lost=dict(Counter(node for each in outcomes for node, _ in each.lost)),
        reasons=_reasons(outcomes),
        simulated=any(each.simulated for each in outcomes),
        fitted=fitted or {},
        unmeasured=unmeasured,
    )


def check_measured(rows: Sequence[Row]) -> None:
    """Refuse to call it a measurement where nothing was measured of any topology.

    Raises:
        ProviderError: with the reason of the first.
    """
    if rows and not any(row.measured for row in rows):
        raise ProviderError(
            f"`{rows[0].name}` cannot be scored: {rows[0].unmeasured}", "See `moaql run` for one question."
        )


def pairs_of(outcomes: Mapping[str, Sequence[Outcome]], against: str, *, seed: int = 0) -> tuple[Pair, ...]:
    """Each other topology compared with one, on the items that were measured for both; p is adjusted for their number (Holm).

    Args:
        outcomes: By topology, of the same items in the same order.
        against: The topology that the others are compared with.
        seed: Of the comparison's draws.
    """
    found = []
    unmeasured = {name for name, own in outcomes.items() if unmeasured_because(own)}
    for name, own in outcomes.items():
        if name == against or {name, against} & unmeasured:
            continue
        both = [
            (one.score, other.score)
            for one, other in zip(own, outcomes[against], strict=True)
            if one.score is not None and other.score is not None
        ]
        if both:
            one, other = zip(*both, strict=True)
            found.append(Pair(name, against, len(both), compare(one, other, seed=seed)))
    adjusted = holm([pair.comparison.p for pair in found])
    return tuple(
        replace(pair, comparison=replace(pair.comparison, adjusted=p)) for pair, p in zip(found, adjusted, strict=True)
    )


def notes_of(rows: Sequence[Row], pairs: Sequence[Pair], items: int) -> tuple[str, ...]:
    """What to know of the figures: how small a difference can be seen, what was not measured, what all agree on."""
    notes = []
    if pairs:
        shares = [(pair.comparison.wins + pair.comparison.losses) / pair.items for pair in pairs]
        # What can be told apart is told of the pair of which least can be.
        coarsest = max(pairs, key=lambda pair: pair.comparison.resolvable)
        share = (coarsest.comparison.wins + coarsest.comparison.losses) / coarsest.items
        between = f"{coarsest.a} against {coarsest.b}: " if len(pairs) > 1 else ""
        notes.append(between + resolution_sentence(coarsest.items, share if max(shares) > 0 else None))
        if max(shares) == 0 and len(rows) > 1:
            notes.append("All topologies score the same on every item: this set cannot tell them apart.")
    else:
        notes.append(resolution_sentence(items))
    for row in rows:
        if row.unreadable:
            notes.append(f"{row.name}: {row.unreadable} judgements could not be read; those items are in no mean.")
        if row.missing:
            notes.append(f"{row.name}: {row.missing} items have no recorded answer; they are in no mean.")
    return tuple(notes)


def unmeasured_because(outcomes: Sequence[Outcome]) -> str:
    """Why nothing was measured, or "". Who never answered has not scored 0, and neither does a metric that always fails say so."""
    statuses = Counter(each.status for each in outcomes)
    if statuses["scored"] or not outcomes:
        return "" if outcomes else "there is no item"
    first = next(each for each in outcomes if each.status != "missing" or not statuses["missing"] < len(outcomes))
    said = " ".join(first.feedback.split())[:300]
    count = f"{len(outcomes):,} item{'s' * (len(outcomes) != 1)}"
    if said.startswith(UNJUDGED):
        return f"on none of {count} could the judge be asked. The first time: {said.removeprefix(UNJUDGED).strip()}"
    if statuses["unreadable"]:
        return f"on none of {count} can the judgement be read. The first said: {said}"
    if statuses["missing"] == len(outcomes):
        return f"to none of {count} is there a recorded answer. {said}"
    if any(each.answered for each in outcomes):
        return f"the metric failed on all of {count}. The first time: {said}"
    return f"it answered none of {count}. The first time: {said}"


def _reasons(outcomes: Sequence[Outcome]) -> tuple[tuple[str, int], ...]:
    """The reasons of failures, the commonest first, each with how often it came up. Items are not part of a reason."""
    said: Counter[str] = Counter()
    first: dict[str, str] = {}
    for each in outcomes:
        if each.status in ("failed", "unreadable"):
            text = " ".join(each.feedback.split())[:300]
            reason = text.replace(f"item `{each.item}`", "an item")
            first.setdefault(reason, text)
            said[reason] += 1
    # What happened once is told with its item.
    return tuple((first[reason] if count == 1 else reason, count) for reason, count in said.most_common())


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The least value that `share` of all do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "score": row.score if row.measured else None,
        "ci": [row.interval.low, row.interval.high] if row.measured else None,
        "cost_per_item": row.cost_per_item,
        "latency_p50": row.latency_p50,
        "latency_p95": row.latency_p95,
        "calls_per_item": row.calls_per_item,
        "items": row.items,
        "failed": row.failed,
        "unmeasured": row.unmeasured or None,
        "unreadable": row.unreadable,
        "missing": row.missing,
        "lost": row.lost,
        "failures": [{"reason": reason, "count": count} for reason, count in row.reasons],
        "simulated": row.simulated,
        **(
            {"fitted": {node: {"weights": each.weights, "method": each.method} for node, each in row.fitted.items()}}
            if row.fitted
            else {}
        ),
    }


def _pair_json(pair: Pair) -> dict[str, Any]:
    found = pair.comparison
    return {
        "a": pair.a,
        "b": pair.b,
        "difference": found.difference,
        "ci": [found.low, found.high],
        "p": found.p,
        "p_adjusted": found.adjusted,
        "method": found.method,
        "items": pair.items,
        "wins": found.wins,
        "losses": found.losses,
        "ties": found.ties,
        "resolvable": None if math.isinf(found.resolvable) else found.resolvable,
    }
