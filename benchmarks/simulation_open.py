"""Open questions of the simulated world beside the published tables of Mixture-of-Agents and Self-MoA.

Quality becomes a length-controlled win rate as `moaql.simulation.points.win_rate` says: an answer wins a comparison with the
probability that a normal number lies below the distance of its quality from the world's `par`, in units of its `spread`.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

from moaql.simulation.aggregate import merge_points
from moaql.simulation.forms import asks_of
from moaql.simulation.latent import Asked, problem_of
from moaql.simulation.points import draw_points, quality_of, read_points, win_rate
from moaql.simulation.shown import Shown
from moaql.simulation.truth import find_truth
from moaql.simulation.world import World
from moaql.stages.agg import DEFAULTS

WIZARD, QWEN110, QWEN72 = "wizardlm-2-8x22b", "qwen1.5-110b-chat", "qwen1.5-72b-chat"
LLAMA, MIXTRAL, DBRX = "llama-3-70b-chat", "mixtral-8x22b-instruct", "dbrx-instruct"
SIX = (WIZARD, QWEN110, QWEN72, LLAMA, MIXTRAL, DBRX)
GROWING = (QWEN110, WIZARD, LLAMA, DBRX, MIXTRAL, QWEN72)
"""In which order proposers are added: the paper does not say."""

TEMPERATURE = 0.7
Members = tuple[tuple[str, int], ...]


def published() -> dict[str, tuple[str, Members, float]]:
    """What was published: by name the aggregator ("" for none), its proposers with their samples, and the win rate in percent."""
    rows: dict[str, tuple[str, Members, float]] = {}
    for count, value in ((1, 47.8), (2, 54.5), (3, 56.1), (6, 56.7)):
        rows[f"{count} x one model"] = (QWEN110, tuple((QWEN110, sample) for sample in range(count)), value)
    for count, value in ((2, 58.8), (3, 58.0), (6, 61.3)):
        rows[f"{count} different models"] = (QWEN110, tuple((name, 0) for name in GROWING[:count]), value)
    for name, value in ((QWEN72, 59.3), (WIZARD, 52.9), (MIXTRAL, 48.4), (LLAMA, 45.0), (DBRX, 41.5)):
        rows[f"aggregator {name}"] = (name, tuple((each, 0) for each in SIX), value)
    for name, value in ((QWEN72, 53.3), (WIZARD, 63.8), (MIXTRAL, 54.8), (LLAMA, 60.6), (DBRX, 55.1)):
        rows[f"6 x {name}"] = (QWEN110, tuple((name, sample) for sample in range(6)), value)
    for name, value in ALONE.items():
        rows[f"{name} alone"] = ("", ((name, 0),), value)
    return rows


ALONE = {QWEN110: 43.9, QWEN72: 36.6, LLAMA: 34.4, MIXTRAL: 30.9, DBRX: 25.4, "gpt-4o": 57.5}
"""Length-controlled win rates of AlpacaEval 2.0, as its leaderboard lists them; the fit includes these."""

ALSO_ALONE = {
    "claude-3.5-sonnet-20240620": 52.4,
    "gpt-4o-mini": 50.7,
    "gpt-4-turbo": 50.0,
    "claude-3-opus": 40.5,
    "llama-3.1-405b": 39.3,
    "qwen2-72b": 38.1,
    "llama-3.1-70b": 38.1,
    "claude-3-sonnet": 34.9,
    "mixtral-8x7b-instruct": 23.7,
    "llama-3-8b-chat": 22.9,
    "llama-3.1-8b": 20.9,
    "qwen1.5-7b-chat": 14.7,
}
"""From the same leaderboard; the ability of each of these models is set so that it is met."""


OTHERS = {
    "Self-MoA: 6 x wizardlm-2-8x22b (the same as above, by another paper)": 65.7,
    "Mixed, 6 different models (by that paper)": 59.1,
}
"""Published too, and not fitted."""


class Trial:
    """Answers of one world to the same open questions.

    Args:
        world: The world.
        count: How many questions.
    """

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self._problems = [
            problem_of(world, find_truth(f"Open question {number}: what matters most?")) for number in range(count)
        ]
        text = "\n".join(text for role, text in DEFAULTS["system"].messages if role == "system")
        self._asks = asks_of(text)
        self._answers: dict[tuple[str, int], list[str]] = {}

    def _asked(self, name: str, sample: int = 0, frame: str = "") -> Asked:
        return Asked(self.world, name, self.world.models[name], TEMPERATURE, str(sample), frame)

    def answers(self, name: str, sample: int) -> list[str]:
        """What one model answers by itself, one text a question."""
        if (name, sample) not in self._answers:
            asked = self._asked(name, sample)
            self._answers[name, sample] = [" ".join(draw_points(asked, each)) for each in self._problems]
        return self._answers[name, sample]

    def merged(self, aggregator: str, layers: list[list[str]]) -> list[str]:
        """What an aggregator makes of several lists of answers."""
        asked = self._asked(aggregator, frame="aggregate")
        return [
            " ".join(merge_points(asked, each, [Shown(1, texts[place]) for texts in layers], self._asks))
            for place, each in enumerate(self._problems)
        ]

    def win_rate(self, texts: list[str]) -> float:
        """In percent."""
        qualities = []
        for text, problem in zip(texts, self._problems, strict=True):
            right, wrong = read_points(self.world, problem.truth.key, text)
            qualities.append(quality_of(self.world, len(right), len(wrong)))
        return 100 * win_rate(self.world, qualities)

    def result(self, aggregator: str, members: Members) -> float:
        """Win rate of a topology of one layer, or of one model alone."""
        if not aggregator:
            return self.win_rate(self.answers(*members[0]))
        return self.win_rate(self.merged(aggregator, [self.answers(*each) for each in members]))

    def three_layers(self) -> float:
        """Win rate of MoA: six models, the same six as refiners, and the aggregator."""
        first = [self.answers(name, 0) for name in SIX]
        second = [self.merged(name, first) for name in SIX]
        return self.win_rate(self.merged(QWEN110, second))


def compare(world: World, count: int) -> dict[str, tuple[float, float]]:
    """Published and simulated win rate of everything that was published."""
    trial = Trial(world, count)
    found = {name: (value, trial.result(who, members)) for name, (who, members, value) in published().items()}
    found["MoA, 3 layers"] = (65.1, trial.three_layers())
    return found


def set_alone(world: World, count: int) -> World:
    """The world with the ability of each model of `ALSO_ALONE` such that its win rate is met."""
    models = dict(world.models)
    for name, value in ALSO_ALONE.items():
        low, high = -4.0, 3.0
        for _ in range(12):
            middle = (low + high) / 2
            models[name] = replace(models[name], open=round(middle, 3), care=round(middle, 3))
            found = Trial(replace(world, models=models), count).result("", ((name, 0),))
            low, high = (middle, high) if found < value else (low, middle)
    return replace(world, models=models)


def distance(world: World, count: int) -> float:
    """Root of the mean square of the differences, in percent points."""
    rows = compare(world, count).values()
    return math.sqrt(sum((one - other) ** 2 for one, other in rows) / len(rows))


_FITTED = (
    "reach",
    "slip",
    "keep",
    "skill",
    "sharpness",
    "support",
    "noise",
    "own_points",
    "own",
    "sample",
    "par",
    "spread",
    "attention",
)
_LEAST = {"spread": 0.1, "noise": 0.0, "own": 0.0, "sample": 0.0, "support": 0.0, "own_points": -1.0, "attention": 0.0}
_SMALL = {"spread": 0.03, "par": 0.03, "attention": 0.03}


def fit_open(world: World, count: int, seconds: float) -> World:
    """A pattern search over the parameters of open questions, and over skills of the models in the tables."""
    steps = {("open", name): _SMALL.get(name, 0.1) for name in _FITTED}
    kinds = ("open", "care", "aggregate")
    steps |= {(name, kind): 0.2 for name in SIX for kind in kinds} | {("gpt-4o", kind): 0.2 for kind in kinds[:2]}
    best, best_distance, end = world, distance(world, count), time.monotonic() + seconds
    while time.monotonic() < end and max(steps.values()) > 0.005:
        for key in steps:
            for sign in (1, -1):
                trial = _changed(best, key, sign * steps[key])
                if trial is None or (found := distance(trial, count)) >= best_distance:
                    continue
                best, best_distance = trial, found
                steps[key] *= 1.3
                break
            else:
                steps[key] /= 2
            if time.monotonic() > end:
                break
    return best


def _changed(world: World, key: tuple[str, str], step: float) -> World | None:
    where, name = key
    if where == "open":
        value = round(getattr(world.open, name) + step, 3)
        return replace(world, open=replace(world.open, **{name: value})) if value >= _LEAST.get(name, -9.0) else None
    model = world.models[where]
    changed = replace(model, **{name: round(getattr(model, name) + step, 3)})
    return replace(world, models={**world.models, where: changed})
