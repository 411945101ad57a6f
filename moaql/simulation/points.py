"""Open questions: an answer is a set of points, each right or wrong, each one sentence that can be found again in a text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from moaql.simulation.draws import as_normal, normals, share_below, uniforms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moaql.simulation.latent import Asked, Problem
    from moaql.simulation.world import World

_SUBJECTS = (
    "The early stage", "A small budget", "The written plan", "An outside view", "The weakest part", "A short trial",
    "The usual method", "A clear owner", "The first estimate", "A second source", "The hidden cost", "A fixed deadline",
    "The oldest data", "A simple rule", "The common case", "An honest review",
)  # fmt: skip
_VERBS = (
    "decides", "limits", "explains", "outweighs", "supports", "hides", "precedes", "replaces", "reveals", "shapes", "delays",
    "protects", "weakens", "needs", "follows", "doubles",
)  # fmt: skip
_OBJECTS = (
    "the final result", "most later choices", "the running cost", "the trust of readers", "the rate of errors",
    "the whole schedule", "the need for tools", "the value of speed", "the main risk", "the quality of feedback",
    "the range of options", "the effort per step", "the room for change", "the strength of the evidence",
    "the interest of users", "the size of the team",
)  # fmt: skip
_ENDS = (
    "in practice", "at first", "over time", "in most cases", "under pressure", "at small scale", "without exception", "by design",
)  # fmt: skip


@dataclass(frozen=True)
class Points:
    """What can be said about a question: right points and attractive wrong ones, as sentences."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]


@lru_cache(maxsize=8192)
def points_of(key: str, count: int) -> Points:
    """The points of a question: as many wrong ones as right ones. Nothing in a sentence tells which it is."""
    made: dict[str, None] = {}
    number = 0
    while len(made) < 2 * count:
        one, two, three, four, *_ = uniforms(key, "point", number)
        sentence = (
            f"{_SUBJECTS[int(one * 16)]} {_VERBS[int(two * 16)]} {_OBJECTS[int(three * 16)]} {_ENDS[int(four * 8)]}."
        )
        made.setdefault(sentence)
        number += 1
    sentences = tuple(made)
    return Points(sentences[:count], sentences[count:])


@lru_cache(maxsize=8192)
def _obvious(seed: int, key: str, count: int) -> tuple[float, ...]:
    return _many(2 * count, seed, key, "obvious")


def _many(count: int, *parts: object) -> tuple[float, ...]:
    drawn: tuple[float, ...] = ()
    for block in range(-(-count // 8)):
        drawn += normals(*parts, block)
    return drawn[:count]


def draw_points(asked: Asked, problem: Problem) -> list[str]:
    """The points that a model makes, in the order in which it makes them."""
    world, open_, key = asked.world, asked.world.open, problem.truth.key
    points = points_of(key, open_.points)
    count = open_.points
    if asked.model.deceptive:
        return list(points.wrong[: max(4, count // 2)])
    obvious = _obvious(world.seed, key, count)
    own = _many(2 * count, world.seed, key, asked.name, "points")
    fresh = asked.fresh
    framed = _many(2 * count, world.seed, key, asked.name, "framed points", asked.frame)
    sampled = (
        _many(2 * count, world.seed, key, asked.name, "sampled points", asked.frame, asked.draw) if fresh else framed
    )
    boost = asked.boost - 0.4 * max(0.0, asked.temperature - 1)
    reach = open_.reach + open_.gain * (asked.model.open + boost) - open_.difficulty * problem.difficulty
    slip = open_.slip - open_.care * (asked.model.care + boost) + open_.difficulty * problem.difficulty
    old, new = open_.sample * math.sqrt(1 - fresh), open_.sample * math.sqrt(fresh)
    made = []
    for place, sentence in enumerate(points.right + points.wrong):
        start = reach if place < count else slip
        value = (
            start + open_.obvious * obvious[place] + open_.own * own[place] + old * framed[place] + new * sampled[place]
        )
        if value > 0:
            made.append((value, sentence))
    made.sort(reverse=True)
    if not made:
        made = [(0.0, points.right[0] if reach > slip else points.wrong[0])]
    return [sentence for _, sentence in made]


def read_points(world: World, key: str, text: str) -> tuple[list[str], list[str]]:
    """The right and the wrong points of a question that a text makes."""
    points = points_of(key, world.open.points)
    return [each for each in points.right if each in text], [each for each in points.wrong if each in text]


def quality_of(world: World, right: int, wrong: int) -> float:
    """Quality of an answer: right points, less wrong ones, as a share of the points that there are."""
    return (right - world.open.penalty * wrong) / world.open.points


def text_quality(world: World, key: str, text: str) -> float:
    """Quality of a text as an answer to an open question; 1 is the best there is, and it may be below 0."""
    right, wrong = read_points(world, key, text)
    return quality_of(world, len(right), len(wrong))


def win_rate(world: World, qualities: Iterable[float]) -> float:
    """Share of comparisons with the reference model that answers of these qualities win: 0.5 at the world's `par`."""
    wins = [share_below((each - world.open.par) / world.open.spread) for each in qualities]
    return sum(wins) / len(wins) if wins else math.nan


def liking(asked: Asked, problem: Problem, sentences: Iterable[str]) -> dict[str, float]:
    """What an aggregator or judge thinks of points for no good reason: standard normal, the same each time."""
    seed, key = asked.world.seed, problem.truth.key
    return {each: as_normal(uniforms(seed, key, asked.name, "liking", each)[0]) for each in sentences}
