"""The simulated worlds are what they say they are."""

import asyncio
import random
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.search.worlds import SIMULATED, world
from benchmarks.search.worlds.arena import WorldArena
from benchmarks.search.worlds.model import Answering, Spec
from benchmarks.search.worlds.recorded import FAMILIES, folder
from benchmarks.search.worlds.simulated import SimulatedWorld
from benchmarks.search.worlds.specs import CLONE, GENERAL
from benchmarks.search.worlds.stages import vote
from moaql.errors import BudgetReached, UsageError
from moaql.evaluation.votes import Answers
from moaql.evaluation.votes import vote as package_vote


def small(**changes: object) -> SimulatedWorld:
    """A world of three models, quick to walk through."""
    spec = Spec("small", "test", 1, GENERAL[:3], ("cat",), ("bee",), most=3, items=40, report=50, population=800)
    return SimulatedWorld(replace(spec, **changes))


def arena_of(place: SimulatedWorld, budget: float = 100.0, **changes: bool) -> WorldArena:
    return WorldArena(place, place.split(0), budget, **changes)


def topology(place: SimulatedWorld, models: list[str], samples: int = 1, last: str = "none", judge: str = ""):
    found = place.entrant(place.space.composed(models, samples, last, judge))
    assert found is not None
    return found


def test_there_are_worlds_in_many_regimes() -> None:
    assert len(SIMULATED) >= 12
    assert len({spec.regime for spec in SIMULATED.values()}) >= 8
    assert {spec.items for spec in SIMULATED.values()} >= {60, 1000}


def test_a_world_is_the_same_whenever_it_is_drawn() -> None:
    one, other = small(), small()
    assert (one.population.codes == other.population.codes).all()
    merged = topology(one, ["ant", "bee"], last="merge", judge="cat")
    assert (
        one.outcomes(merged).scores == other.outcomes(topology(other, ["ant", "bee"], 1, "merge", "cat")).scores
    ).all()
    assert (one.population.codes != small(seed=2).population.codes).any()


def test_models_are_as_able_as_their_specification_says() -> None:
    place = small(population=20_000, answering=Answering(heat=0.0))
    ant, bee = (place.true(each)[0] for each in place.singles()[:2])
    assert ant == pytest.approx(0.382, abs=0.02)  # the normal shares below -0.4, -0.3 and -0.2, averaged
    assert bee == pytest.approx(0.513, abs=0.02)


def test_the_errors_of_models_are_correlated_as_the_loading_says() -> None:
    def together(loading: float) -> float:
        place = small(population=8000, answering=Answering(loading))
        one, other = (place.outcomes(each).scores.astype(float) for each in place.singles()[:2])
        return float(np.corrcoef(one, other)[0, 1])

    assert together(0.1) < 0.15
    assert together(0.9) > 0.5


def test_samples_of_one_model_differ_less_than_models_do_and_are_fixed() -> None:
    place = small(population=8000, answering=Answering(0.3, 0.4))
    codes = place.population.codes[1]
    assert (codes[1, 0] != codes[1, 1]).any()
    same, other = (codes[1, 0] == codes[1, 1]).mean(), (codes[1, 0] == codes[2, 0]).mean()
    assert same > other + 0.1


def test_at_temperature_0_a_model_repeats_itself() -> None:
    place = small(temperatures=(0.0, 1.0))
    assert (place.population.codes[0, 1, 0] == place.population.codes[0, 1, 2]).all()
    assert not any(
        point.temperature == 0 and len(set(point.voices)) < len(point.voices) for point in place.space.points()
    )


def test_clones_share_their_errors() -> None:
    twins = (
        replace(GENERAL[0], ability=CLONE),
        replace(GENERAL[1], ability=CLONE, twin="ant"),
        replace(GENERAL[2], ability=CLONE),
    )
    place = small(models=twins, population=8000)
    codes = place.population.codes[0, :, 0]
    assert (codes[0] == codes[1]).mean() > (codes[0] == codes[2]).mean() + 0.1


def test_votes_are_those_of_the_package() -> None:
    codes = np.random.default_rng(0).integers(-1, 4, (5, 400)).astype(np.int8)
    assert (vote(codes) == package_vote(Answers(tuple("abcde"), codes))).all()


def test_a_space_holds_every_point_once_and_knows_it_by_its_parameters() -> None:
    space = small().space
    points = space.points()
    assert len(set(points)) == space.size == len(points)
    assert all(space.valid(point) and space.point_of(space.params_of(point)) == point for point in points)
    every = space.distributions()
    assert all(
        every[name]._contains(every[name].to_internal_repr(value))
        for name, value in space.params_of(points[-1]).items()
    )


def test_neighbours_lie_in_the_space() -> None:
    space, draws = small().space, random.Random(0)
    every = set(space.points())
    reached = {space.neighbours(point, draws) for point in space.points() for _ in range(8)}
    assert reached <= every
    assert len(reached) > 0.8 * len(every)


def test_a_sample_is_paid_once_and_shared() -> None:
    place = small()
    arena, items = arena_of(place), range(40)
    five = topology(place, ["bee"], 3, "vote")
    two = topology(place, ["bee"], 2, "vote")
    first = asyncio.run(arena.measure(two, items))
    assert first.paid == pytest.approx(first.costs.sum())
    assert arena.price(five, items) == pytest.approx(arena.cost(five) / 3 * 40)
    second = asyncio.run(arena.measure(five, items))
    assert second.paid == pytest.approx(second.costs.sum() / 3)
    again = asyncio.run(arena.measure(two, items))
    assert again.paid == 0
    assert (again.scores == first.scores).all()
    assert arena.paid == pytest.approx(first.paid + second.paid)


def test_without_reuse_everything_is_paid_again() -> None:
    place = small()
    arena, entrant = arena_of(place, reuse=False), topology(place, ["bee", "cat"], 1, "vote")
    bills = [asyncio.run(arena.measure(entrant, range(10))).paid for _ in range(2)]
    assert bills[0] == bills[1] > 0
    assert arena.price(entrant, range(10)) == pytest.approx(10 * arena.cost(entrant))


def test_nothing_is_asked_beyond_the_budget() -> None:
    place = small()
    arena, entrant = arena_of(place, budget=1e-6), topology(place, ["bee", "cat"], 1, "vote")
    with pytest.raises(BudgetReached):
        asyncio.run(arena.measure(entrant, range(40)))
    assert arena.paid == 0
    assert len(arena.known(entrant).items) == 0


def test_another_sample_stands_in_for_one_that_was_not_asked() -> None:
    place = small()
    arena = arena_of(place)
    asyncio.run(arena.measure(place.singles()[1], range(15)))
    known = arena.known(topology(place, ["bee"], 2, "vote"))
    assert known.items.tolist() == list(range(15))
    assert (known.codes[0] == known.codes[1]).all()
    assert known.standing == 0.5
    assert arena.known(topology(place, ["bee", "cat"], 1, "vote")).items.size == 0


def test_a_judge_is_known_by_what_it_says_alone() -> None:
    place = small()
    arena, merged = arena_of(place), topology(place, ["ant", "bee"], 1, "merge", "cat")
    assert arena.known(merged).judge_accuracy is None
    alone = asyncio.run(arena.measure(place.singles()[2], range(20)))
    assert arena.known(merged).judge_accuracy == pytest.approx(alone.scores.mean())


def test_plans_state_mean_prices() -> None:
    place = small()
    for point in place.space.points()[::7]:
        entrant = place.entrant(point)
        assert place.plan(entrant).cost == pytest.approx(place.true(entrant)[1], rel=1e-3)


def test_the_truth_of_a_world_is_that_of_every_topology() -> None:
    place = small()
    found = place.survey(2)[1]
    every = [place.true(place.entrant(point)) for point in place.space.points()]
    assert found.truth.best == pytest.approx(max(quality for quality, _ in every))
    assert found.truth.share(every) == pytest.approx(1, abs=1e-3)
    assert 0.5 < found.share <= 1
    assert found.best <= found.truth.best


def test_ensembles_help_specialists_and_not_a_dominant_model() -> None:
    def gain(name: str) -> float:
        place = world(name)
        five = place.entrant(place.space.composed(["bee", "cat", "dog", "elk", "fox"], 1, "vote"))
        return place.true(five)[0] - max(place.true(each)[0] for each in place.singles())

    assert gain("specialists") > 0.05
    assert gain("one dominant") < -0.1


def test_weak_clones_outvote_the_strong_model() -> None:
    place = world("vote trap")
    trap = place.entrant(place.space.composed(["weak 1", "weak 2", "weak 3", "fox"], 1, "vote"))
    assert place.true(trap)[0] < max(place.true(each)[0] for each in place.singles()) - 0.2


def test_an_unknown_world_is_refused() -> None:
    with pytest.raises(UsageError, match="no world `nowhere`"):
        world("nowhere")


@pytest.mark.skipif(
    not (folder() / "crux.dev.jsonl.gz").exists(), reason="the recorded answers are not beside the project"
)
@pytest.mark.parametrize("family", FAMILIES)
def test_recorded_families_can_be_searched(family: str) -> None:
    place = world(f"recorded/{family}")
    assert len(place.singles()) == 8
    found = place.survey(1)[0]
    split = place.split(0)
    assert not set(split.search) & set(split.held)
    arena = WorldArena(place, split, 1000.0)
    cascade = place.entrant(place.space.points()[-1])
    block = asyncio.run(arena.measure(cascade, range(arena.size)))
    single = place.singles()[5]
    assert all(
        place.space.composed(place.space.models(each.point), 1, "none") == each.point for each in place.singles()
    )
    assert cascade.kind == "other"
    assert block.costs.min() < block.costs.max()
    assert asyncio.run(arena.measure(single, range(arena.size))).paid < 1e-3 * arena.size
    assert found.truth.best >= found.truth.single_quality - 1e-9
