"""What a topology will do and cost for one question, before anything is spent.

Calls and depth are exact: a graph says them. Dollars and seconds are ranges, because nobody knows how long an answer will
be. Retries and failures are left out. A model without a price makes the cost unknown, not cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.check.prices import listed_price
from moaql.check.program import connection_of
from moaql.graph import assumptions as assumed
from moaql.graph.assumptions import ZERO, Estimate
from moaql.graph.control import governors
from moaql.graph.nodes import Call, Graph, Reduce
from moaql.graph.routed import EMBED
from moaql.graph.scenarios import Scenario, Ways, ways_of
from moaql.language.template import parse_template
from moaql.providers.recorded import recorded_price
from moaql.simulation.world_file import simulated_price
from moaql.stages.base import Bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moaql.check.program import Model


@dataclass(frozen=True)
class ModelShare:
    """One model's part in the plan of one question.

    Attributes:
        name: As the program calls it.
        id: `provider/model`.
        calls: Least and greatest number of calls.
        cost: Dollars, on average over the ways; None where its price is unknown.
        price_in: Dollars per million prompt tokens.
        price_out: Dollars per million completion tokens.
    """

    name: str
    id: str
    calls: Bounds
    cost: Estimate | None
    price_in: float | None
    price_out: float | None


@dataclass(frozen=True)
class Plan:
    """The plan of one question.

    Attributes:
        calls: Least and greatest number of calls.
        depth: Least and greatest number of calls that wait for one another.
        cost: Dollars; None where a price is unknown.
        latency: Seconds along the longest path.
        tokens_in: Prompt tokens.
        tokens_out: Completion tokens.
        unpriced: Ids of models without a known price.
        models: What each model has to do.
        exact: Whether calls and depth are exact, not only bounds.
    """

    calls: Bounds
    depth: Bounds
    cost: Estimate | None
    latency: Estimate
    tokens_in: Estimate
    tokens_out: Estimate
    unpriced: tuple[str, ...]
    models: tuple[ModelShare, ...]
    exact: bool


def plan(graph: Graph, question: Estimate = assumed.QUESTION_TOKENS) -> Plan:
    """Plan one question.

    Args:
        graph: The topology.
        question: Tokens of a question.
    """
    ways = ways_of(graph)
    work = _all_work(graph, question)
    waits_for = {id: [gate for gate, _ in pairs] for id, pairs in governors(graph).items()}
    totals = [_total(graph, way, work, waits_for) for way in ways.scenarios]
    unpriced = tuple(sorted({call.model.id for call in graph.calls if price_of(call.model) is None}))
    cost = None if unpriced else _over(ways, [each.cost for each in totals])
    return Plan(
        Bounds(min(each.calls.low for each in totals), max(each.calls.high for each in totals)),
        Bounds(min(each.depth.low for each in totals), max(each.depth.high for each in totals)),
        cost,
        _over(ways, [each.seconds for each in totals]),
        _over(ways, [each.tokens_in for each in totals]),
        _over(ways, [each.tokens_out for each in totals]),
        unpriced,
        _shares(graph, ways, work),
        ways.exact,
    )


_SHORT = {"classify": assumed.LABEL_TOKENS, EMBED: assumed.NO_TOKENS}
"""What calls write that write no answer, by purpose."""


def price_of(model: Model) -> tuple[float, float] | None:
    """Dollars per million tokens in and out: what the program states, else what a recording or a simulation, or the list, says."""
    if model.price_in is not None and model.price_out is not None:
        return model.price_in, model.price_out
    provider, _, name = model.id.partition("/")
    if provider == "recorded":
        return recorded_price(model.id, connection_of(model))
    if provider == "sim":
        return simulated_price(name, dict(connection_of(model)).get("file"))
    listed = listed_price(model.id)
    if listed is None:
        return None
    price_in = model.price_in if model.price_in is not None else listed.per_million_in
    return price_in, model.price_out if model.price_out is not None else listed.per_million_out


@dataclass(frozen=True)
class _Work:
    """What one call takes."""

    tokens_in: Estimate
    tokens_out: Estimate
    seconds: Estimate
    cost: Estimate


@dataclass(frozen=True)
class _Total:
    calls: Bounds
    depth: Bounds
    cost: Estimate
    seconds: Estimate
    tokens_in: Estimate
    tokens_out: Estimate


def _all_work(graph: Graph, question: Estimate) -> dict[str, _Work]:
    """The work of each call, in topological order, since what one writes the next must read."""
    work: dict[str, _Work] = {}
    written: dict[str, Estimate] = {}
    for node in graph.nodes.values():
        if isinstance(node, Call):
            work[node.id] = _work_of(node, question, written)
            written[node.id] = work[node.id].tokens_out
        elif isinstance(node, Reduce):
            written[node.id] = _carried(node, written)
    return work


def _work_of(call: Call, question: Estimate, written: Mapping[str, Estimate]) -> _Work:
    tokens_in = _prompt_tokens(call, question, written)
    tokens_out = _SHORT.get(call.purpose, assumed.ANSWER_TOKENS)
    limit = dict(call.settings).get("max_tokens")
    if isinstance(limit, int):
        tokens_out = tokens_out.at_most(limit)
    price = price_of(call.model)
    cost = ZERO if price is None else tokens_in.times(price[0] / 1e6) + tokens_out.times(price[1] / 1e6)
    return _Work(tokens_in, tokens_out, assumed.seconds_for(tokens_out), cost)


def _prompt_tokens(call: Call, question: Estimate, written: Mapping[str, Estimate]) -> Estimate:
    candidates = ZERO
    for role, ref in call.inputs:
        if role == "candidates":
            candidates += written[ref.node]
    total = ZERO
    for _, text in call.prompt.messages:
        total += Estimate(*[assumed.MESSAGE_TOKENS] * 3)
        for part in parse_template(text).parts:
            if isinstance(part, str):
                total += Estimate(*[assumed.tokens_of(part)] * 3)
            elif part.kind == "question":
                total += question
            elif part.kind == "candidates":
                total += candidates
    return total


def _carried(node: Reduce, written: Mapping[str, Estimate]) -> Estimate:
    """The size of one candidate that comes out: any of those that go in, as expected their mean, and what is attached to it."""
    read = [
        written[ref.node]
        for role, ref in node.inputs
        if role not in ("gate", "verdict", "critiques", "scores", "tests")
    ]
    if not read:
        return ZERO
    mean = sum(each.expected for each in read) / len(read)
    size = Estimate(min(each.low for each in read), mean, max(each.high for each in read))
    for role, ref in node.inputs:
        if role in ("critiques", "tests"):
            size += written[ref.node].times(1 / len(read) if role == "critiques" else 1)
    return size


def _total(graph: Graph, way: Scenario, work: Mapping[str, _Work], waits_for: Mapping[str, list[str]]) -> _Total:
    made = [id for id in graph.nodes if id in way.most and id in work]
    least = sum(id in way.least for id in made)
    cost, tokens_in, tokens_out = (
        _sum(way, made, {id: getattr(work[id], quantity) for id in made})
        for quantity in ("cost", "tokens_in", "tokens_out")
    )
    seconds = _longest(graph, way, waits_for, {id: done.seconds for id, done in work.items()})
    # The same walk counts steps: a call that may be left out is none at the least, any other call is one.
    steps = _longest(graph, way, waits_for, {id: Estimate(id in way.least, 1, 1) for id in work})
    return _Total(
        Bounds(least, len(made)), Bounds(int(steps.low), int(steps.high)), cost, seconds, tokens_in, tokens_out
    )


def _sum(way: Scenario, made: Iterable[str], quantity: Mapping[str, Estimate]) -> Estimate:
    """The sum over calls; one that may be left out counts nothing at the least, and half as expected."""
    total = ZERO
    for id in made:
        one = quantity[id]
        total += one if id in way.least else Estimate(0, one.expected / 2, one.high)
    return total


def _longest(
    graph: Graph, way: Scenario, waits_for: Mapping[str, list[str]], times: Mapping[str, Estimate]
) -> Estimate:
    """The longest path through the nodes that run at most. A branch begins when its gate has decided."""
    ready: dict[str, Estimate] = {}
    for id, node in graph.nodes.items():
        if id in way.most:
            before = [ref.node for _, ref in node.inputs] + waits_for.get(id, [])
            ready[id] = _latest([ready[each] for each in before if each in ready]) + times.get(id, ZERO)
    return _latest([ready[ref.node] for ref in graph.outputs if ref.node in ready])


def _latest(times: list[Estimate]) -> Estimate:
    if not times:
        return ZERO
    return Estimate(
        max(each.low for each in times), max(each.expected for each in times), max(each.high for each in times)
    )


def _over(ways: Ways, values: list[Estimate]) -> Estimate:
    """Lowest low, mean expected, highest high over the ways."""
    weight = sum(way.probability for way in ways.scenarios)
    mean = sum(way.probability * value.expected for way, value in zip(ways.scenarios, values, strict=True)) / weight
    return Estimate(min(each.low for each in values), mean, max(each.high for each in values))


def _shares(graph: Graph, ways: Ways, work: Mapping[str, _Work]) -> tuple[ModelShare, ...]:
    calls_by_model: dict[tuple[str, str], list[Call]] = {}
    for call in graph.calls:
        calls_by_model.setdefault((call.model.name, call.model.id), []).append(call)
    shares = []
    for (name, id), calls in calls_by_model.items():
        price = price_of(calls[0].model)
        made = [[call for call in calls if call.id in way.most] for way in ways.scenarios]
        least = [sum(call.id in way.least for call in calls) for way in ways.scenarios]
        costs = [
            _sum(way, [call.id for call in each], {call.id: work[call.id].cost for call in each})
            for way, each in zip(ways.scenarios, made, strict=True)
        ]
        cost = _over(ways, costs) if price is not None else None
        bounds = Bounds(min(least), max(len(each) for each in made))
        shares.append(ModelShare(name, id, bounds, cost, *(price or (None, None))))
    return tuple(shares)


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as the command line's `--json` shows it: dollars and seconds for one question."""
    return {
        "calls": {"min": plan.calls.low, "max": plan.calls.high, "exact": plan.exact},
        "depth": plan.depth.high,
        "depth_min": plan.depth.low,
        "cost_per_item": _estimate_json(plan.cost) if plan.cost is not None else None,
        "latency_s": _estimate_json(plan.latency),
        "tokens": {"in": _estimate_json(plan.tokens_in), "out": _estimate_json(plan.tokens_out)},
        "unpriced": list(plan.unpriced),
        "models": [
            {
                "name": each.name,
                "id": each.id,
                "calls": {"min": each.calls.low, "max": each.calls.high},
                "cost": _estimate_json(each.cost) if each.cost is not None else None,
                "price_in": each.price_in,
                "price_out": each.price_out,
            }
            for each in plan.models
        ],
    }


def _estimate_json(estimate: Estimate) -> dict[str, float]:
    return {"low": estimate.low, "expected": estimate.expected, "high": estimate.high}
