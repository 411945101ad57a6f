"""Every method of the search benchmark runs, pays what it must, and is measured as the protocol says."""

import asyncio
import json
import math
from dataclasses import replace

import pytest

from benchmarks.search import __main__ as command
from benchmarks.search import protocol
from benchmarks.search.methods import METHODS, RIVALS
from benchmarks.search.results import Results
from benchmarks.search.table import quantile, ratio, ratio_to_equal, text, until_known
from benchmarks.search.truth import Target, Truth, hypervolume, pareto
from benchmarks.search.worlds.arena import WorldArena
from benchmarks.search.worlds.model import Spec
from benchmarks.search.worlds.simulated import SimulatedWorld
from benchmarks.search.worlds.specs import GENERAL
from moaql.errors import UsageError

SPEC = Spec("small", "test", 1, GENERAL[:3], ("cat",), ("bee",), most=3, items=40, report=60, population=600)


@pytest.fixture(scope="module")
def place() -> SimulatedWorld:
    return SimulatedWorld(SPEC)


@pytest.fixture(scope="module")
def target(place: SimulatedWorld) -> Target:
    return place.survey(1)[0]


@pytest.fixture
def small(place: SimulatedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "world_of", lambda name: place)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("method", METHODS)
def test_a_method_stays_in_its_budget_and_recommends_what_is_good(method: str, target: Target) -> None:
    run = protocol.run("small", 0, method, 8.0, target)
    assert 0 < run["paid"] <= run["budget"]
    paid = [dollars for dollars, *_ in run["trace"]]
    assert paid == sorted(paid)
    assert 0.4 < run["trace"][-1][1] <= 1
    assert run["best"]["quality"] > 0.5
    assert run["best"]["low"] <= run["best"]["difference"] <= run["best"]["high"]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("method", ["tpe", "random_search", "arm_elimination", "ours"])
def test_a_run_can_be_repeated(method: str, target: Target) -> None:
    one, other = (protocol.run("small", 0, method, 4.0, target) for _ in range(2))
    assert one["trace"] == other["trace"]


@pytest.mark.usefixtures("small")
def test_what_moaql_states_of_its_winner_comes_with_an_interval(target: Target) -> None:
    best = protocol.run("small", 0, "ours", 20.0, target)["best"]
    assert best["stated low"] <= best["stated"] <= best["stated high"]
    assert isinstance(best["covered"], bool)


def test_reuse_is_cheaper_for_the_same_draws(place: SimulatedWorld) -> None:
    def paid(reuse: bool) -> float:
        arena = WorldArena(place, place.split(0), math.inf, reuse=reuse)
        asyncio.run(RIVALS["random_search"].run(arena, 0, math.inf, lambda _paid, _entrants: None))
        return arena.paid

    assert paid(True) < 0.5 * paid(False)


def test_a_recommendation_with_another_bill_is_refused(place: SimulatedWorld, target: Target) -> None:
    noted = protocol.Run("small", "test", 0, "cheat", 1.0, 10.0)
    played = protocol._Played(place, 0, target, METHODS["tpe"], noted)
    with pytest.raises(ValueError, match="billed"):
        played.note(3.0, [])


def test_hypervolume_is_the_area_under_the_stairs() -> None:
    points = [(0.6, 0.01), (0.8, 0.1), (0.7, 0.5), (0.4, 0.001)]
    assert pareto(points) == ((0.4, 0.001), (0.6, 0.01), (0.8, 0.1))
    ten = math.log(10)
    assert hypervolume(points, (0.5, 1.0)) == pytest.approx(0.1 * ten + 0.3 * ten)
    assert hypervolume([(0.4, 0.01)], (0.5, 1.0)) == 0
    truth = Truth(tuple(points[:2]), (0.5, 1.0), "", 0.0)
    assert truth.share([(0.6, 0.01)]) == pytest.approx(0.5)


def test_the_level_is_the_mean_quality_over_all_prices() -> None:
    truth = Truth(((0.6, 0.01), (0.8, 0.1)), (0.5, 1.0), "", 0.0)
    assert truth.level(truth.frontier) == pytest.approx(0.7)
    assert truth.level([(0.6, 0.01)]) == pytest.approx(0.6)
    assert truth.level([(0.8, 0.1)]) == pytest.approx(0.4)
    assert truth.level([(0.6, 0.001)]) == pytest.approx(0.6)


def a_run(method: str, dollars: float | None, *, budget: float = 100.0) -> dict[str, object]:
    """A run that is there after so many dollars, or never."""
    trace = [(1.0, 0.5, 0.6, 0.55)] + ([(dollars, 0.99, 0.8, 0.7)] if dollars else [])
    target = {"share": 0.99, "quality": 0.8, "best": 0.82, "level": 0.7}
    fixed = {"world": "small", "regime": "test", "seed": 0, "unit": 2.0, "seconds": 0.1, "best": {}}
    return {"method": method, "budget": budget, "trace": trace, "target": target, **fixed}


def test_runs_that_never_get_there_are_kept() -> None:
    assert until_known(a_run("tpe", 50.0)) == 25.0
    assert until_known(a_run("tpe", None)) == math.inf
    assert quantile([1.0, math.inf, 2.0], 0.5) == 2.0
    assert quantile([1.0, math.inf, math.inf], 0.5) == math.inf


def test_the_ratio_to_tpe_is_a_bound_where_tpe_never_gets_there() -> None:
    assert ratio([a_run("ours", 10.0)], [a_run("tpe", 50.0)]) == (0.2, False)
    assert ratio([a_run("ours", 10.0)], [a_run("tpe", None)]) == (0.1, True)
    assert ratio_to_equal([a_run("ours", 10.0)], [a_run("tpe", 50.0)]) == 0.2
    assert "≤ 0.100" in text([a_run("ours", 10.0), a_run("tpe", None)])


def test_results_go_on_where_they_were(tmp_path, target: Target) -> None:
    path = tmp_path / "runs.json"
    results = Results(path, 8.0)
    results.keep_targets("small", [target])
    results.add(a_run("tpe", 50.0))
    results.save()
    again = Results(path, 8.0)
    assert again.has(("small", 0, "tpe"))
    assert not again.has(("small", 1, "tpe"))
    assert again.targets("small") == [target]
    with pytest.raises(UsageError, match="8 evaluations, not 9"):
        Results(path, 9.0)


def test_the_command_runs_what_is_missing(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "runs.json"
    arguments = ["--worlds", "few models", "--methods", "archon_greedy", "--seeds", "1", "--budget", "3", "--jobs", "1"]
    assert command.main([*arguments, "-o", str(path)]) == 0
    first = capsys.readouterr()
    assert "1 of 1 runs" in first.err
    assert "archon_greedy" in first.out
    assert command.main([*arguments, "-o", str(path)]) == 0
    again = capsys.readouterr()
    assert again.err == ""
    assert again.out == first.out
    assert len(json.loads(path.read_text())["runs"]) == 1


def test_the_command_names_what_is_wrong(tmp_path) -> None:
    with pytest.raises(SystemExit, match="no method `luck`"):
        command.main(["--methods", "luck", "-o", str(tmp_path / "runs.json")])
    with pytest.raises(SystemExit, match="no world `nowhere`"):
        command.main(["--worlds", "nowhere", "-o", str(tmp_path / "runs.json")])


def test_specifications_can_be_varied(place: SimulatedWorld) -> None:
    other = SimulatedWorld(replace(SPEC, most=2))
    assert other.space.size < place.space.size
