"""Who gets what right: a latent-variable model of answers.

A model's margin on a question is its ability in the category, less the difficulty that all models share, plus what is its
own. It is right where the margin is above 0. What is its own is mostly the same in every sample, so that asking one model again
and again repeats its errors. Wrong answers are drawn from the question's pool, where a few are much more attractive than the
rest, so that models agree on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.simulation.draws import as_normal, normal, normals, uniforms
from moaql.simulation.wrong_answers import another

if TYPE_CHECKING:
    from moaql.simulation.truth import Truth
    from moaql.simulation.world import Category, Model, World

STEEPEST = 6.0


@dataclass(frozen=True)
class Asked:
    """Who is asked, and how.

    Attributes:
        world: The world.
        name: Of the model.
        model: The model.
        temperature: Of the request; 0 gives the same answer for every sample.
        draw: Names the sample: equal for equal seeds and samples.
        frame: Names the instructions around the question; "" where there are none.
        boost: What the instructions add to its ability.
    """

    world: World
    name: str
    model: Model
    temperature: float = 1.0
    draw: str = "0"
    frame: str = ""
    boost: float = 0.0

    @property
    def fresh(self) -> float:
        """Share of the variance within one model that each sample draws anew, by temperature."""
        if self.temperature <= 0:
            return 0.0
        return min(1.0, 1.3 * self.temperature / (self.temperature + 0.3))


@dataclass(frozen=True)
class Problem:
    """A question as a world sees it.

    Attributes:
        truth: What it asks.
        category: Name of its category in the world.
        kind: That category.
        difficulty: Standard normal.
        right: What a model answers that solves it. Differs from the target where the target is mistaken.
        wrong: Attractive wrong answers.
        steepness: How strongly wrong answers gather on the first.
    """

    truth: Truth
    category: str
    kind: Category
    difficulty: float
    right: str
    wrong: tuple[str, ...]
    steepness: float


@dataclass(frozen=True)
class Drawn:
    """One answer: its text, the margin it was given with, and whether it is right."""

    answer: str
    margin: float
    right: bool


def problem_of(world: World, truth: Truth) -> Problem:
    """The question in this world: its difficulty, and which wrong answers attract."""
    category, kind = world.category(truth.category, choices=bool(truth.choices) and not truth.own)
    drawn = uniforms(world.seed, truth.key, "question")
    right, wrong = truth.answer, truth.wrong
    if wrong and not truth.own and drawn[2] < kind.label_noise:
        right, wrong = wrong[0], (*wrong[1:2], right, *wrong[2:])
    steepness = math.exp(kind.zipf + kind.zipf_spread * as_normal(drawn[1]))
    return Problem(truth, category, kind, as_normal(drawn[0]), right, wrong, steepness)


def ability(asked: Asked, problem: Problem) -> float:
    """Ability of the model for a question of this category and subject."""
    by_category = asked.model.ability
    found = by_category.get(problem.category)
    if found is None:
        found = by_category.get("default", 0.0)
    if problem.kind.subject:
        found += problem.kind.subject * normal(asked.world.seed, asked.name, problem.truth.category, "subject")
    # Above 1, temperature costs ability; below, it only shares out the same variance differently.
    return found + asked.boost - 0.4 * max(0.0, asked.temperature - 1)


def margin(asked: Asked, problem: Problem) -> float:
    """By how much the model gets the question right (above 0) or wrong, in this sample."""
    kind, seed, key = problem.kind, asked.world.seed, problem.truth.key
    loading = asked.model.loading.get(problem.category, kind.loading)
    relatives = min(kind.family, max(0.0, 1 - loading * loading))
    rest = math.sqrt(max(0.0, 1 - loading * loading - relatives))
    value = ability(asked, problem) - loading * problem.difficulty
    if relatives:
        value += math.sqrt(relatives) * normal(seed, key, "family", asked.model.family or asked.name)
    own, framed = normals(seed, key, asked.name, "own")[:2]
    if asked.frame:
        framed = normal(seed, key, asked.name, "frame", asked.frame)
    fresh = asked.fresh
    if fresh:
        sampled = normal(seed, key, asked.name, "sample", asked.frame, asked.draw)
        framed = math.sqrt(1 - fresh) * framed + math.sqrt(fresh) * sampled
    return value + rest * (math.sqrt(1 - kind.redraw) * own + math.sqrt(kind.redraw) * framed)


def draw_answer(asked: Asked, problem: Problem) -> Drawn:
    """What the model answers to a question with a checkable answer."""
    if asked.model.deceptive:
        return Drawn(problem.wrong[0] if problem.wrong else problem.right, -1.0, right=False)
    value = margin(asked, problem)
    if value > 0:
        return Drawn(problem.right, value, right=True)
    return Drawn(wrong_answer(asked, problem), value, right=False)


def wrong_answer(asked: Asked, problem: Problem) -> str:
    """Which wrong answer the model gives when it is wrong."""
    kind, key = problem.kind, problem.truth.key
    if not problem.wrong:
        return problem.right
    fixed = uniforms(asked.world.seed, key, asked.name, "wrong")
    sampled = uniforms(asked.world.seed, key, asked.name, "wrong", asked.frame, asked.draw)
    again = sampled[0] < kind.stick + (1 - kind.stick) * (1 - asked.fresh)
    drawn = fixed if again else sampled
    if drawn[1] < kind.tail and not problem.truth.choices:
        return _tail(problem, asked.name, drawn[2])
    steepness = min(STEEPEST, problem.steepness * math.exp(kind.trap * ability(asked, problem)))
    return problem.wrong[_rank(len(problem.wrong), steepness, drawn[3])]


def _tail(problem: Problem, name: str, drawn: float) -> str:
    """A wrong answer that hardly anyone else gives."""
    made = another(problem.right, problem.truth.key, name, drawn)
    return made if made != problem.right else problem.wrong[-1]


def _rank(count: int, steepness: float, drawn: float) -> int:
    weights = [rank**-steepness for rank in range(1, count + 1)]
    left = drawn * sum(weights)
    for place, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return place
    return count - 1
