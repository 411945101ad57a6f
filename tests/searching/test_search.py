"""The search on a small world whose truth is known: it keeps its budget, repeats itself, and says what it did."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.search.worlds import world
from benchmarks.search.worlds.arena import WorldArena
from moaql.searching.confirm import confirm
from moaql.searching.hunt import Hunt
from moaql.searching.search import Found, search
from moaql.searching.settings import Settings

WORLD = world("few models")
BUDGET = 0.6


def found(seed: int = 0, **changes: Any) -> tuple[Found, WorldArena]:
    arena = WorldArena(WORLD, WORLD.split(seed), changes.get("budget", BUDGET))
    settings = replace(Settings(budget=BUDGET, trials=40, seed=seed, at_once=4), **changes)
    return asyncio.run(search(arena, settings)), arena


def test_it_measures_every_single_model_and_the_best_of_them_several_times() -> None:
    hunt = found()[0].hunt
    singles = {each.key for each in WORLD.singles()}
    assert singles <= hunt.records.keys()
    assert {record.entrant.baseline for record in hunt.records.values()} >= {"single", "repeated"}


@pytest.mark.parametrize("budget", [0.05, 0.2, 0.6])
def test_the_search_leaves_a_part_of_the_budget_for_the_confirmation(budget: float) -> None:
    result, arena = found(budget=budget)
    # Prices are estimated before a step, so that the last one may cost a little more.
    assert arena.paid <= 0.7 * budget * 1.05 or result.trials == 0


def test_it_repeats_itself() -> None:
    one, other = found(3)[0], found(3)[0]
    assert [(key, each.items, each.state) for key, each in one.hunt.records.items()] == [
        (key, each.items, each.state) for key, each in other.hunt.records.items()
    ]


def test_losers_are_not_finished() -> None:
    """Most of what is measured is left after a first look or two; who is left says why, or waits."""
    records = found(budget=1.9, trials=80)[0].hunt.records.values()
    looked_into = [each for each in records if each.items >= 80]
    left = [each for each in records if each.items < 80]
    # The frontier is finished at the end, and a third of what was looked at stands on it in this world.
    assert len(left) > len(looked_into) > 0
    assert all("which costs no more" in each.why for each in left if each.state == "out")


def test_who_cannot_be_better_than_a_cheaper_one_is_out() -> None:
    ordinary = world("ordinary")
    arena = WorldArena(ordinary, ordinary.split(0), 50.0)
    hunt = Hunt(arena, Settings())
    weak, *_, strong = sorted(ordinary.singles(), key=lambda each: ordinary.true(each, 0)[0])
    rival = asyncio.run(hunt.extend(strong, "baseline", arena.size))
    record = asyncio.run(hunt.extend(weak, "mutation", 160))
    # As if the weaker one were the dearer one.
    record.costs = record.costs * 0 + 2 * rival.costs.max()
    hunt.judge(record)
    assert record.state == "out"
    assert f"against {strong.name}, which costs no more" in record.why


def test_the_frontier_is_better_than_the_best_single_model() -> None:
    """In this world a merge of several samples is worth ten points and more."""
    result, _ = found()
    best = max(WORLD.true(each.entrant, 0)[0] for each in result.hunt.front())
    assert best > max(WORLD.true(each, 0)[0] for each in WORLD.singles()) + 0.05


def test_trials_are_counted_without_baselines() -> None:
    assert found(trials=5)[0].trials == 5


def test_it_can_be_asked_to_stop() -> None:
    arena = WorldArena(WORLD, WORLD.split(0), BUDGET)
    stopped = asyncio.run(search(arena, Settings(budget=BUDGET), stop=lambda: True))
    assert stopped.stopped == "it was asked to stop"
    assert len(stopped.hunt.records) >= len(WORLD.singles())


def test_the_confirmation_states_figures_of_items_that_chose_nothing() -> None:
    result, arena = found()
    confirmed = asyncio.run(confirm(result.hunt, arena.kept("select"), arena.kept("report")))
    assert confirmed is not None
    assert len(confirmed.winner.report) == arena.kept("report").size
    assert confirmed.single is not None
    assert confirmed.winner in confirmed.tied or confirmed.fell_back is not None
    costs = [each.cost for each in confirmed.tied]
    assert costs == sorted(costs)
    assert confirmed.difference is not None or confirmed.winner is confirmed.single
