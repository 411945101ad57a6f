"""Fitting a category of the simulated world to recorded answers: abilities, loadings, and how wrong answers gather."""

from __future__ import annotations

from dataclasses import asdict, replace
from statistics import NormalDist

import numpy as np

from benchmarks.simulation_data import Recorded
from benchmarks.simulation_figures import Figures, figures, simulate
from moaql.simulation.world import Category, Model, World

NORMAL = NormalDist()
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
LABEL_NOISE = {"arithmetic": 0.02}
"""Share of wrong reference answers: 1 to 2 % of GSM8K, as the description of the recorded data says."""


def abilities(recorded: Recorded, noise: float) -> np.ndarray:
    """Ability of each model: the normal quantile of its accuracy, kept away from 0 and 1."""
    count = np.sum(~np.isnan(recorded.right), axis=0)
    share = np.nanmean(recorded.right, axis=0) / (1 - noise)
    share = np.clip(share, 0.5 / count, 1 - 0.5 / count)
    return np.array([NORMAL.inv_cdf(each) for each in share])


def both_right(one: float, other: float, correlation: float) -> float:
    """Probability that two normal margins of these abilities are both above 0 (Drezner and Wesolowsky 1990)."""
    angles = correlation * (_NODES + 1) / 2
    density = np.exp(-(one**2 - 2 * angles * one * other + other**2) / (2 * (1 - angles**2))) / np.sqrt(1 - angles**2)
    return float(NORMAL.cdf(one) * NORMAL.cdf(other) + correlation / 2 * np.sum(_WEIGHTS * density) / (2 * np.pi))


def tetrachoric(one: float, other: float, joint: float) -> float:
    """The correlation of margins at which two models are both right that often."""
    low, high = -0.3, 0.98
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if both_right(one, other, middle) < joint else (low, middle)
    return (low + high) / 2


def margin_correlations(right: np.ndarray, ability: np.ndarray, noise: float) -> np.ndarray:
    """The correlation of margins of each pair of models, questions with a mistaken reference answer left out."""
    count = right.shape[1]
    found = np.eye(count)
    for one in range(count):
        for other in range(one):
            both = right[:, one] * right[:, other]
            found[one, other] = found[other, one] = tetrachoric(
                ability[one], ability[other], float(np.nanmean(both)) / (1 - noise)
            )
    return found


def loadings(correlations: np.ndarray) -> np.ndarray:
    """One shared factor: each model's correlation with the difficulty that all share, by alternating least squares."""
    count = len(correlations)
    found = np.full(count, np.sqrt(np.mean(correlations[np.triu_indices(count, 1)])))
    for _ in range(100):
        for one in range(count):
            others = np.arange(count) != one
            found[one] = np.sum(correlations[one, others] * found[others]) / np.sum(found[others] ** 2)
        found = np.clip(found, 0.2, 0.95)
    return found


def family_share(correlations: np.ndarray, loading: np.ndarray, families: list[str]) -> float:
    """What models of one family have in common beyond the shared factor."""
    left = correlations - np.outer(loading, loading)
    same = [
        left[one, other] for one in range(len(families)) for other in range(one) if families[one] == families[other]
    ]
    return float(np.clip(np.mean(same), 0, 0.25)) if same else 0.0


def subject_spread(recorded: Recorded) -> float:
    """Standard deviation of a model's ability over subjects, beyond what the subject's difficulty and chance explain."""
    subjects = [str(fields.get("category", "")) for _, fields in recorded.questions]
    names = sorted(set(subjects))
    if len(names) < 2:
        return 0.0
    cells, errors = [], []
    for name in names:
        rows = np.array([each == name for each in subjects])
        part = np.clip(np.nanmean(recorded.right[rows], axis=0), 0.02, 0.98)
        quantile = np.array([NORMAL.inv_cdf(each) for each in part])
        density = np.array([NORMAL.pdf(each) for each in quantile])
        cells.append(quantile)
        errors.append(part * (1 - part) / rows.sum() / density**2)
    table = np.array(cells)
    left = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    return float(np.sqrt(max(0.0, np.mean(left**2) - np.mean(errors))))


def fit_category(world: World, name: str, recorded: Recorded, trials: int = 40) -> World:
    """The world with this category fitted: first what is right, then how wrong answers gather."""
    noise = LABEL_NOISE.get(name, 0.0)
    ability = abilities(recorded, noise)
    correlations = margin_correlations(recorded.right, ability, noise)
    loading = loadings(correlations)
    families = [world.models[each].family for each in recorded.models]
    kind = replace(
        world.categories.get(name, Category()),
        loading=round(float(loading.mean()), 3),
        family=round(family_share(correlations, loading, families), 3),
        label_noise=noise,
        subject=round(subject_spread(recorded), 3),
    )
    models = dict(world.models)
    for each, one, other in zip(recorded.models, ability, loading, strict=True):
        model = models[each]
        models[each] = replace(
            model,
            ability={**model.ability, name: round(float(one), 3)},
            loading={**model.loading, name: round(float(other), 3)},
        )
    world = replace(world, models=models, categories={**world.categories, name: kind})
    wanted = figures(recorded, recorded.answers, recorded.right)
    return _fit_wrong_answers(world, name, recorded, wanted, trials)


_STEPS = {"zipf": (0.5, -2.0, 1.6), "zipf_spread": (0.3, 0.0, 1.5), "trap": (0.2, -0.2, 1.0), "tail": (0.15, 0.0, 0.8)}
"""What is fitted about wrong answers: first step, least and greatest value."""


def _distance(one: Figures, other: Figures) -> float:
    """How far figures are apart: a hundredth of accuracy weighs as three hundredths of agreement."""
    votes = [9 * (one.votes[each] - other.votes[each]) ** 2 for each in one.votes]
    return (
        (one.same_wrong - other.same_wrong) ** 2
        + (one.top_same_wrong - other.top_same_wrong) ** 2
        + 4 * (one.ceiling - other.ceiling) ** 2
        + sum(votes) / len(votes)
    )


def _fit_wrong_answers(world: World, name: str, recorded: Recorded, wanted: Figures, trials: int) -> World:
    """A pattern search over the parameters of wrong answers; each trial draws all answers anew."""
    steps = {key: step for key, (step, _, _) in _STEPS.items()}
    best, best_distance = world, _distance(figures(recorded, *simulate(world, recorded)), wanted)
    tried = 0
    while tried < trials and max(steps.values()) > 0.03:
        for key, step in list(steps.items()):
            for sign in (1, -1):
                kind = asdict(best.categories[name])
                _, low, high = _STEPS[key]
                value = round(min(high, max(low, kind[key] + sign * step)), 3)
                if value == kind[key]:
                    continue
                changed = Category(**{**kind, key: value})
                trial = replace(best, categories={**best.categories, name: changed})
                distance = _distance(figures(recorded, *simulate(trial, recorded)), wanted)
                tried += 1
                if distance < best_distance:
                    best, best_distance = trial, distance
                    break
            else:
                steps[key] /= 2
    return best


def impute(models: dict[str, Model], categories: list[str]) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Abilities in categories that a model has no recording of, from the one factor behind all abilities.

    Returns:
        The missing abilities by model, and each model's general ability (standard normal over models).
    """
    names = sorted(models)
    table = np.array([[models[name].ability.get(each, np.nan) for each in categories] for name in names])
    keep = ~np.isnan(table).all(1)
    names, table = [name for name, there in zip(names, keep, strict=True) if there], table[keep]
    general = np.nanmean((table - np.nanmean(table, 0)) / np.nanstd(table, 0), axis=1)
    for _ in range(50):
        slopes, starts = [], []
        for column in table.T:
            there = ~np.isnan(column)
            slope, start = np.polyfit(general[there], column[there], 1)
            slopes.append(slope)
            starts.append(start)
        slope_row, start_row = np.array(slopes), np.array(starts)
        there = ~np.isnan(table)
        left = np.where(there, (table - start_row) * slope_row, 0.0).sum(1)
        general = left / ((there * slope_row**2).sum(1) + 0.01)
        general = (general - general.mean()) / general.std()
    missing = {
        name: {
            each: round(float(start_row[place] + slope_row[place] * general[row]), 3)
            for place, each in enumerate(categories)
            if np.isnan(table[row, place])
        }
        for row, name in enumerate(names)
    }
    line = {each: (float(start_row[place]), float(slope_row[place])) for place, each in enumerate(categories)}
    LINES.update(line)
    return missing, {name: float(each) for name, each in zip(names, general, strict=True)}


LINES: dict[str, tuple[float, float]] = {}
"""Start and slope of each category's ability over general ability, of the last `impute`."""
