"""The figures by which simulated and recorded answers are compared."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass

import numpy as np

from benchmarks.simulation_data import Recorded
from moaql.simulation.latent import Asked, draw_answer, problem_of
from moaql.simulation.truth import find_truth
from moaql.simulation.world import World


@dataclass(frozen=True)
class Figures:
    """What describes a set of answers.

    Attributes:
        accuracy: Of each model.
        phi: Mean over pairs of the correlation of errors.
        same_wrong: Mean over pairs: share of questions that both got wrong on which they gave the same answer.
        top_same_wrong: The same over the nine best models.
        ceiling: Share of questions that any model got right.
        all_wrong: Share that none did.
        votes: Accuracy of a majority vote of the best 3, 5, 9, of all models, and the mean over random fives.
    """

    accuracy: np.ndarray
    phi: float
    same_wrong: float
    top_same_wrong: float
    ceiling: float
    all_wrong: float
    votes: dict[str, float]


def simulate(world: World, recorded: Recorded) -> tuple[list[list[str | None]], np.ndarray]:
    """Answers of the simulated models at temperature 0 to the recorded questions."""
    problems = [
        (problem_of(world, find_truth(text, fields)), str(fields["target"])) for text, fields in recorded.questions
    ]
    asked = [Asked(world, name, world.models[name], temperature=0) for name in recorded.models]
    answers: list[list[str | None]] = [[draw_answer(each, problem).answer for each in asked] for problem, _ in problems]
    right = np.array(
        [[float(answer == target) for answer in row] for row, (_, target) in zip(answers, problems, strict=True)]
    )
    right[np.isnan(recorded.right)] = np.nan
    return answers, right


def pair_phi(right: np.ndarray) -> np.ndarray:
    """Correlation of errors for each pair of models, where neither is always right."""
    masked = np.ma.corrcoef(np.ma.masked_invalid(right), rowvar=False)
    return np.asarray(masked.filled(np.nan))


def same_wrong(answers: list[list[str | None]], right: np.ndarray, models: list[int]) -> float:
    """Mean over pairs of models: how often both give the same answer where both are wrong."""
    shares = []
    for one, other in itertools.combinations(models, 2):
        both = [row for row, hits in zip(answers, right, strict=True) if hits[one] == 0 and hits[other] == 0]
        if both:
            shares.append(np.mean([row[one] == row[other] and row[one] is not None for row in both]))
    return float(np.mean(shares)) if shares else float("nan")


def vote(answers: list[list[str | None]], targets: list[str], models: list[int]) -> float:
    """Accuracy of a majority vote; a tie goes to the first of the leading answers."""
    won = 0
    for row, target in zip(answers, targets, strict=True):
        count = Counter(row[model] for model in models if row[model] is not None)
        won += bool(count) and count.most_common(1)[0][0] == target
    return won / len(targets)


def figures(recorded: Recorded, answers: list[list[str | None]], right: np.ndarray) -> Figures:
    """All figures of a set of answers to the recorded questions."""
    targets = [str(fields["target"]) for _, fields in recorded.questions]
    # The order is by recorded accuracy in both cases, so that the same pools are compared.
    order = np.argsort(-np.nanmean(recorded.right, axis=0), kind="stable").tolist()
    everyone = list(range(len(recorded.models)))
    upper = np.triu_indices(len(everyone), 1)
    generator = np.random.default_rng(0)
    fives = [generator.choice(len(everyone), 5, replace=False).tolist() for _ in range(40)]
    votes = {f"best {count}": vote(answers, targets, order[:count]) for count in (3, 5, 9)}
    votes["all"] = vote(answers, targets, order)
    votes["random 5"] = float(np.mean([vote(answers, targets, five) for five in fives]))
    hits = np.nanmax(right, axis=1)
    return Figures(
        np.nanmean(right, axis=0),
        float(np.nanmean(pair_phi(right)[upper])),
        same_wrong(answers, right, everyone),
        same_wrong(answers, right, order[:9]),
        float(hits.mean()),
        float(1 - hits.mean()),
        votes,
    )
