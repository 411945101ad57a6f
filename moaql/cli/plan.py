"""`moaql plan`: what a topology will do and cost, before anything is spent."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

from moaql.cli.shared import TARGET, common_options, load_graph, load_program, print_json, print_table, split_target
from moaql.errors import UsageError

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.graph.assumptions import Estimate
    from moaql.graph.nodes import Graph
    from moaql.graph.plan import ModelShare, Plan
    from moaql.run.question import Question

_VOLUME = re.compile(r"(\d+(?:\.\d+)?)([kMB]?)/(second|minute|hour|day|week|month|year)", re.ASCII)
_PER_MONTH = {
    "second": 2_629_800,
    "minute": 43_830,
    "hour": 730.5,
    "day": 30.4375,
    "week": 4.348125,
    "month": 1,
    "year": 1 / 12,
}
_FACTOR = {"": 1, "k": 1e3, "M": 1e6, "B": 1e9}


@click.command()
@click.argument("target", type=TARGET, metavar="FILE[::NAME]")
@click.option(
    "--eval", "eval_name", help="Count the questions' tokens in this eval set: its name in the program, or a file."
)
@click.option("--bank", metavar="WHERE", envvar="MOAQL_BANK", help="Bank to look for paid answers in, with --eval.")
@click.option("--volume", help="Questions for a monthly bill, such as 10M/month or 500/hour.")
@common_options
def command(
    target: str, eval_name: str | None, bank: str | None, volume: str | None, as_json: bool, quiet: bool
) -> None:
    """Count calls, dollars and seconds of a question before spending anything.

    Calls and depth are exact, retries and failures aside. Dollars and seconds are ranges from short to long answers. A model
    whose price is unknown makes the cost unknown.

    \b
    Example: moaql plan programs/moa.moaql --volume 10M/month
    """
    del quiet  # it prints nothing but its result
    from moaql.graph.assumptions import QUESTION_TOKENS
    from moaql.graph.fingerprint import fingerprint
    from moaql.graph.plan import as_json as plan_json
    from moaql.graph.plan import plan

    monthly = _questions_a_month(volume) if volume else None
    if _plan_search(target, as_json):
        return
    program, graph = load_graph(target)
    questions = _questions(program, eval_name) if eval_name is not None else None
    numbers = plan(graph, _question_tokens(questions) if questions is not None else QUESTION_TOKENS)
    items = len(questions) if questions is not None else None
    banked = _banked(graph, questions or [], bank)
    if as_json:
        document = {"topology": graph.name, "fingerprint": fingerprint(graph), **plan_json(numbers), "banked": banked}
        document["eval"] = {"name": eval_name, "items": items} if eval_name else None
        if monthly is not None:
            cost = numbers.cost
            document["monthly"] = {
                "questions": monthly,
                "cost": _estimate(cost.times(monthly)) if cost is not None else None,
            }
        print_json(document)
        return
    _print(graph.name, numbers, eval_name, items, monthly, banked)


def _plan_search(target: str, as_json: bool) -> bool:
    """Plan a search, where the target is one: its name, or a file that holds a search and no topology."""
    path, name = split_target(target)
    if path == "-":
        return False
    program = load_program(path)
    if name not in program.searches and not (name is None and program.searches and not program.topologies):
        return False
    from moaql.searching.space.find import find_search
    from moaql.searching.space.plan import plan_search

    found = plan_search(program, find_search(program, name))
    if as_json:
        print_json(found)
        return True
    about = "" if found["exact"] else "about "
    cost = "unknown" if found["cost_high"] is None else f"at most {about}{_money(found['cost_high'])}"
    print_table(
        ["search", found["search"]],
        [
            ("points", f"{found['points']:,}"),
            (
                "topologies",
                f"{about}{found['topologies']:,} distinct, {about}{found['invalid']:,} points make no sense",
            ),
            ("cost", f"{cost} for all of them on {found['items']:,} items of {found['eval']}, were nothing shared"),
            *((each["name"], _values(each)) for each in found["dimensions"]),
        ],
    )
    return True


def _values(dimension: dict[str, Any]) -> str:
    values = [str(value) for value in dimension["values"]]
    shown = ", ".join(values[:12]) + (", …" if len(values) > 12 else "")
    return f"{dimension['low']} to {dimension['high']} of {shown}" if dimension["kind"] == "subset" else shown


def _money(dollars: float) -> str:
    return f"${dollars:,.0f}" if dollars >= 100 else f"${dollars:,.2f}"


def _questions_a_month(volume: str) -> float:
    match = _VOLUME.fullmatch(volume.replace(",", "").replace("_", ""))
    if match is None:
        raise UsageError(
            f"`{volume}` is no volume", "Write a number of questions and a time, such as 10M/month or 500/hour."
        )
    number, unit, time = match.groups()
    return float(number) * _FACTOR[unit] * _PER_MONTH[time]


def _question_tokens(questions: list[Question]) -> Estimate:
    """Tokens of the questions of an eval set."""
    from moaql.graph.assumptions import Estimate, tokens_of

    sizes = sorted(tokens_of(question.text) for question in questions)
    low, high = sizes[len(sizes) // 10], sizes[(len(sizes) * 9) // 10]
    return Estimate(low, sum(sizes) / len(sizes), high)


def _banked(graph: Graph, questions: list[Question], bank: str | None) -> int:
    """Calls of these questions that are paid already."""
    from moaql.bank.open import DEFAULT

    if not questions or (bank is None and not os.path.exists(DEFAULT)):
        return 0
    from moaql.bank.open import open_bank
    from moaql.cli.running import run_async
    from moaql.run.foresee import banked_calls

    async def look() -> int:
        opened = open_bank(bank, create=False)
        try:
            return await banked_calls(graph, questions, opened)
        finally:
            await opened.close()

    found: int = run_async(look())
    return found


def _questions(program: Program, name: str) -> list[Question]:
    from moaql.check.eval_sets import find_eval_set
    from moaql.datasets.items import load_items
    from moaql.run.question import Question

    found = find_eval_set(program.unit, name)
    settings: dict[str, Any] = dict(found.settings)
    limit = settings.get("limit")
    items = load_items(found.path, input=settings.get("input"), split=settings.get("split"), limit=limit)
    return [Question(item.question, id=item.id, fields=item.fields) for item in items]


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {"low": estimate.low, "expected": estimate.expected, "high": estimate.high}


def _print(name: str, plan: Plan, eval_name: str | None, items: int | None, monthly: float | None, banked: int) -> None:
    from moaql.graph.draw.words import calls_text

    bound = "" if plan.exact else " (bounds: too many ways to count each)"
    depth = str(plan.depth.high) if plan.depth.low == plan.depth.high else f"{plan.depth.low} to {plan.depth.high}"
    rows = [
        ("calls", calls_text(plan.calls.low, plan.calls.high) + bound),
        ("depth", f"{depth} (calls that wait for one another)"),
        ("cost", _dollars(plan.cost) + " a question"),
        ("latency", f"{plan.latency.low:.1f} s to {plan.latency.high:.0f} s, expected {plan.latency.expected:.1f} s"),
        ("tokens", f"{plan.tokens_in.expected:,.0f} in, {plan.tokens_out.expected:,.0f} out, expected"),
    ]
    if items is not None:
        rows.append(
            (
                "questions",
                f"{items:,} of {eval_name}" + (f": {_dollars(_times(plan.cost, items))} for all" if plan.cost else ""),
            )
        )
    if banked:
        rows.append(("banked", f"{banked:,} of these calls are paid already"))
    if monthly is not None:
        rows.append(("bill", f"{_dollars(_times(plan.cost, monthly))} a month for {monthly:,.0f} questions"))
    if plan.unpriced:
        rows.append(("unpriced", f"{', '.join(plan.unpriced)}: state `price_in` and `price_out`"))
    click.echo(f"{name}\n")
    for title, text in rows:
        click.echo(f"  {title:<10}{text}")
    click.echo()
    print_table(
        ["model", "id", "calls", "$/M in", "$/M out", "$ a question"],
        [_model_row(each) for each in plan.models],
        right=(2, 3, 4, 5),
    )


def _model_row(share: ModelShare) -> list[str]:
    calls = str(share.calls.high) if share.calls.low == share.calls.high else f"{share.calls.low}-{share.calls.high}"
    prices = [f"{price:g}" if price is not None else "unpriced" for price in (share.price_in, share.price_out)]
    return [
        share.name,
        share.id,
        calls,
        *prices,
        _amount(share.cost.expected) if share.cost is not None else "unpriced",
    ]


def _times(cost: Estimate | None, factor: float) -> Estimate | None:
    return cost.times(factor) if cost is not None else None


def _dollars(cost: Estimate | None) -> str:
    if cost is None:
        return "unpriced"
    return f"{_amount(cost.low)} to {_amount(cost.high)}, expected {_amount(cost.expected)}"


def _amount(dollars: float) -> str:
    """Dollars with as many digits as matter."""
    if dollars >= 100:
        return f"${dollars:,.0f}"
    if dollars >= 1:
        return f"${dollars:.2f}"
    return f"${dollars:.3g}" if dollars >= 0.001 or dollars == 0 else f"${dollars:.6f}"
