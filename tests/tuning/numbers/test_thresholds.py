"""What thresholds would do is worked out without a run, and must be what a run does."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

import moaql
from moaql.check.checker import check_file
from moaql.errors import UsageError
from moaql.evaluation.task import open_task
from moaql.run.session import Options, open_session
from moaql.tuning.numbers.conditions import marked, replaced, thresholds_of
from moaql.tuning.numbers.fitted import Fitted
from moaql.tuning.numbers.goal import Goal
from moaql.tuning.numbers.sides import Asking
from moaql.tuning.numbers.thresholds import between, fit_thresholds, shown
from moaql.tuning.numbers.ways import Taken, all_ways

NAMES = ("a", "b", "c", "dear")
MODELS = "\n".join(f'model {name} = "recorded/{name}" file="runs.jsonl" price_in=$1 price_out=$1' for name in NAMES)
EVAL = '\neval set = "runs.jsonl" metric=number fields=["easy"]\n'
TWO = """
topology t = layer [a, b, c] -> when agreement by=number >= 0.6 { vote by=number tie=first } else {
  take 0 -> when field.easy > 0.5 { a } else { dear }
}
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Four models of different ability, and a field that knows how easy an item is."""
    draw = random.Random(3)
    with (tmp_path / "runs.jsonl").open("w", encoding="utf-8") as file:
        for number in range(80):
            easy, right = draw.random(), number + 100
            ability = {"a": easy, "b": 0.5, "c": 0.6, "dear": 0.9}
            said = {name: right if draw.random() < each else draw.choice([1, 2]) for name, each in ability.items()}
            responses = {
                name: [{"text": f"It is {value}.", "usage": {"in": 9, "out": 9}}] for name, value in said.items()
            }
            row = {"id": str(number), "question": f"Item {number}", "target": str(right), "easy": round(easy, 3)}
            file.write(json.dumps(row | {"responses": responses}) + "\n")
    return tmp_path


def put(world: Path, topology: str) -> Any:
    path = world / "p.moaql"
    path.write_text(f"{MODELS}{topology}{EVAL}", encoding="utf-8")
    program = check_file(str(path))
    assert not program.failed, program.diagnostics
    return program


def fitted(program: Any, goal: Goal = Goal(), **options: Any) -> Fitted:  # noqa: B008 - it is frozen
    async def work() -> Fitted:
        async with open_session(Options(bank="none")) as caller:
            return await fit_thresholds(program, "t", Asking(open_task(program), caller), goal, **options)

    return asyncio.run(work())


@pytest.mark.parametrize("values", [(0.6, 0.5), (0.3, 0.2), (1, 0.9), (0, 0), (0.7, 1)])
def test_what_thresholds_do_is_what_a_run_with_them_does(world: Path, values: tuple[float, ...]) -> None:
    program = put(world, TWO)
    thresholds = thresholds_of(program, "t")
    assert [each.name for each in thresholds] == ["agreement@5:61", "field.easy@6:31"]

    async def foreseen() -> tuple[float, float]:
        async with open_session(Options(bank="none")) as caller:
            graph = marked(program, "t", thresholds)
            ways = await all_ways(graph, Asking(open_task(program), caller))
            assert [way.name for way in ways.ways] == [
                "when=yes",
                "when=no, when/no/when=yes",
                "when=no, when/no/when=no",
            ]
            taken = Taken(graph, ways, len(thresholds)).by(values)
            items = range(len(ways.items))
            return float(ways.scores[taken, items].mean()), float(ways.costs[taken, items].mean())

    score, cost = asyncio.run(foreseen())
    text = replaced(program.source.text, {each.span: shown(v) for each, v in zip(thresholds, values, strict=True)})
    (world / "q.moaql").write_text(text, encoding="utf-8")
    row = moaql.evaluate(moaql.load(world / "q.moaql"), bank="none").row("t")
    assert (score, cost) == (pytest.approx(row.score), pytest.approx(row.cost_per_item))


def test_two_thresholds_are_fitted_together(world: Path) -> None:
    found = fitted(put(world, TWO), Goal(within=0))
    assert found.after.score > found.before.score
    assert len(found.numbers) == 2
    again = moaql.parse(found.text)  # it is a program
    assert again.topology("t").graph.nodes
    assert found.text.count("# Fitted on") == 1


def test_only_the_thresholds_that_are_named_are_fitted(world: Path) -> None:
    found = fitted(put(world, TWO), only=["field.easy"])
    assert list(found.numbers) == ["field.easy@6:31"]
    assert "agreement by=number >= 0.6 {" in found.text


def test_thresholds_beside_and_or_not_and_comments_are_kept(world: Path) -> None:
    text = TWO.replace("when field.easy > 0.5", "when not (field.easy <= 0.5 or count == 9)  # easy ones\n")
    text = (
        text.replace("take 0 -> when", "when")
        .replace("{ a }", "{ take 0 -> a }")
        .replace("{ dear }", "{ take 0 -> dear }")
    )
    found = fitted(put(world, text))
    assert "# easy ones" in found.text
    assert "count == 9" in found.text


def test_a_loop_is_fitted_too(world: Path) -> None:
    topology = "\ntopology t = layer [a, b] -> until agreement by=number >= 1 max 1 { take 0 -> layer [c, dear] }\n"
    found = fitted(put(world, topology + ""))
    assert len(found.others) == 2
    assert found.numbers


def test_goals(world: Path) -> None:
    cheap = fitted(put(world, TWO), Goal(within=1.0))
    best = fitted(put(world, TWO), Goal(per_dollar=0.0))
    floor = fitted(put(world, TWO), Goal(at_least=0.6))
    assert cheap.after.cost <= floor.after.cost <= best.after.cost
    assert cheap.after.score < best.after.score


@pytest.mark.parametrize(
    ("scores", "costs", "goal", "best"),
    [
        ([0.8, 0.9, 0.895], [1, 3, 2], Goal(), 2),
        ([0.8, 0.9, 0.895], [1, 3, 2], Goal(within=0), 1),
        ([0.8, 0.9, 0.895], [1, 3, 2], Goal(within=0.1), 0),
        ([0.8, 0.9, 0.895], [1, 3, 2], Goal(per_dollar=0.02), 2),
        ([0.8, 0.9, 0.895], [1, 3, 2], Goal(per_dollar=1), 0),
        ([0.8, 0.9, 0.895], [1, 3, 2], Goal(at_least=0.85), 2),
        ([0.8, 0.9, 0.895], [1, 3, 2], Goal(at_least=0.99), 1),
        ([0.5, 0.5], [1, 1], Goal(), 0),
    ],
)
def test_a_goal_chooses(scores: list[float], costs: list[float], goal: Goal, best: int) -> None:
    assert goal.best(scores, costs) == best


@pytest.mark.parametrize(
    "given", [{"within": 2}, {"per_dollar": -1}, {"at_least": 50}, {"at_least": 0.5, "per_dollar": 1}]
)
def test_goals_that_make_no_sense(given: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Goal(**given)


@pytest.mark.parametrize(
    ("low", "high", "found"), [(1 / 3, 2 / 3, 0.5), (2 / 3, 1, 0.8), (0, 1, 0.5), (4, 9, 6.0), (0.123, 0.124, 0.1235)]
)
def test_a_threshold_is_the_shortest_number_between_two(low: float, high: float, found: float) -> None:
    assert between(low, high) == pytest.approx(found)
    assert low < between(low, high) < high
    assert float(shown(found)) == found


def test_more_ways_than_can_be_measured_are_refused(world: Path) -> None:
    steps = " -> ".join([f"when field.easy > 0.{n} {{ distinct }} else {{ shuffle seed={n} }}" for n in range(1, 7)])
    with pytest.raises(UsageError, match="more than 32 ways"):
        fitted(put(world, f"\ntopology t = c -> {steps}\n"))


def test_without_prices_no_dollars_can_be_weighed(world: Path) -> None:
    program = put(world, TWO)
    path = world / "p.moaql"
    path.write_text(program.source.text.replace(" price_in=$1 price_out=$1", ""), encoding="utf-8")
    with pytest.raises(UsageError, match="is not known") as caught:
        fitted(check_file(str(path)))
    assert "price_in" in caught.value.next_step


def test_the_same_seed_gives_the_same_numbers(world: Path) -> None:
    assert fitted(put(world, TWO)) == fitted(put(world, TWO))
