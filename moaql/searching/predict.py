"""What topologies will score, told from answers that are paid for already.

A vote over known answers is counted, not predicted. For topologies that end with a model, a Bayesian linear response model says how
far the score lies from what its candidates allow: linear in what is known of the candidates (the vote, whether any is right), of
the last model (its own score) and of the shape, with normal priors, in closed form (Bishop 2006, section 3.3). What was measured
so far updates it. Its deviations are honest about the items: a vote counted on 40 items is known to five points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.evaluation.votes import RIGHT, Answers, vote
from moaql.evaluation.weights import log_odds_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from moaql.searching.arena import Entrant, Known, Record

    Array = NDArray[Any]

UNKNOWN_QUALITY, UNKNOWN_DEVIATION = 0.5, 0.3
_OFF = 0.02
"""By how much a score differs from what the model says, however much was measured."""
_PRIORS = {"merge": (0.25, 0.35), "select": (0.35, 0.1), "other": (0.15, 0.1)}
"""Of what lies between the vote and the best there could be, and between the vote and the last model's own score: the shares that
a topology of that kind is thought to gain before any was measured."""


_STAND_IN = 0.04
"""Deviation of the score of a topology none of whose own answers is known."""
_GUESSED = 0.1
"""The same where nothing is known but what the models score by themselves."""
_DEVIATIONS = (0.05, 0.05, 0.05, 0.3, 0.3, 0.3, 0.03, 0.03)
"""Prior deviation of each weight of the response."""
SIZE = len(_DEVIATIONS)
"""Numbers that the response is linear in."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A normal distribution of a mean score."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Features:
    """What the known answers say of a topology, as shares of the items.

    Attributes:
        items: How many items that is.
        vote: On which a vote of its first answers is right; with weights, where they are fitted.
        some: On which at least one of them is.
        mean: Of right answers among them.
        judge: On which its last model is right when it is asked alone; the vote where that is not known.
        standing: Of the answers, those for which another one of the same model stands in.
        counted: Whether answers were looked at; else these are made of what each model scores by itself.
    """

    items: int
    vote: float
    some: float
    mean: float
    judge: float
    standing: float = 0.0
    counted: bool = True


def features(entrant: Entrant, known: Known) -> Features | None:
    """The features of an entrant; None where nothing is known of it."""
    if not len(known.items):
        return _of_scores_alone(known) if known.alone else None
    right = known.codes == RIGHT
    answers = Answers(tuple(voice.model for voice in entrant.voices), known.codes)
    voted = float((vote(answers) == RIGHT).mean())
    if entrant.fitted:
        # Fitted weights are at least as good as those of the members' accuracies, and as no vote at all.
        weighted = float((vote(answers, log_odds_weights(answers)) == RIGHT).mean())
        voted = max(voted, weighted, float(right.mean(axis=1).max()))
    judge = voted if known.judge_accuracy is None else known.judge_accuracy
    return Features(
        len(known.items), voted, float(right.any(axis=0).mean()), float(right.mean()), judge, known.standing
    )


def _of_scores_alone(known: Known) -> Features:
    """Of judged answers, only what each model scores by itself is known: no vote can be counted."""
    scores = [score for score, _ in known.alone]
    mean, items = sum(scores) / len(scores), min(count for _, count in known.alone)
    judge = mean if known.judge_accuracy is None else known.judge_accuracy
    return Features(items, mean, max(scores), mean, judge, counted=False)


class ResponseModel:
    """Predicts entrants, and learns from records.

    Args:
        enabled: Without it, every topology is predicted alike: for measuring what the model is worth.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._mean: Array | None = None
        self._covariance: Array | None = None

    def learn(self, records: Sequence[Record], known: Sequence[Features | None]) -> None:
        """Fit the response to everything that was measured and is more than a count.

        Args:
            records: What was measured.
            known: The features of each.
        """
        import numpy as np

        if not self._enabled:
            return
        rows, gaps, noises = [], [], []
        for record, each in zip(records, known, strict=True):
            scores = record.scores[~np.isnan(record.scores)]
            if each is None or record.entrant.kind in ("single", "vote") or len(scores) < 10:
                continue
            quality = float(scores.mean())
            rows.append(np.array(_row(record.entrant, each)))
            gaps.append(quality - _expected(record.entrant, each))
            noises.append(_OFF**2 + max(quality * (1 - quality), 0.02) / record.items)
        prior = 1 / np.array(_DEVIATIONS) ** 2
        precision, weighted = np.diag(prior), np.zeros(SIZE)
        for row, gap, noise in zip(rows, gaps, noises, strict=True):
            precision += np.outer(row, row) / noise
            weighted += row * gap / noise
        self._covariance = np.linalg.inv(precision)
        self._mean = self._covariance @ weighted

    def predict_each(self, entrants: Sequence[Entrant], known: Sequence[Features | None]) -> list[Prediction]:
        """The scores of entrants, before they are measured, from the features of each."""
        given = Inputs.of([inputs(entrant, each) for entrant, each in zip(entrants, known, strict=True)])
        mean, deviation = self.predict_all(given)
        return [Prediction(*each) for each in zip(mean.tolist(), deviation.tolist(), strict=True)]

    def predict_all(self, given: Inputs) -> tuple[Array, Array]:
        """The scores of many entrants: their means and deviations."""
        import numpy as np

        if not self._enabled:
            return np.full(len(given.base), UNKNOWN_QUALITY), np.full(len(given.base), UNKNOWN_DEVIATION)
        mean, spread = given.base.copy(), _OFF**2 + given.noise
        if self._mean is None or self._covariance is None:
            spread = spread + given.doubt
        else:
            mean = mean + given.rows @ self._mean
            spread = spread + np.einsum("ij,jk,ik->i", given.rows, self._covariance, given.rows)
        return np.clip(mean, 0.0, 1.0), np.where(given.known, np.sqrt(spread), UNKNOWN_DEVIATION)


@dataclass(frozen=True, slots=True)
class Input:
    """What the response model reads of one entrant.

    Attributes:
        base: The score that its kind is expected to have.
        noise: Variance of that, from how few items it was seen on.
        doubt: Variance of the model before it has learned anything.
        row: What the response is linear in; zeros where a score is counted, not predicted.
        known: Whether anything is known of the entrant's answers.
    """

    base: float
    noise: float
    doubt: float
    row: tuple[float, ...]
    known: bool


@dataclass(frozen=True, slots=True)
class Inputs:
    """The same of many, as arrays: a row an entrant."""

    base: Array
    noise: Array
    doubt: Array
    rows: Array
    known: Array

    @classmethod
    def of(cls, each: Sequence[Input]) -> Inputs:
        """The inputs of several entrants."""
        import numpy as np

        return cls(
            np.array([one.base for one in each]),
            np.array([one.noise for one in each]),
            np.array([one.doubt for one in each]),
            np.array([one.row for one in each]).reshape(-1, SIZE),
            np.array([one.known for one in each], dtype=bool),
        )


def inputs(entrant: Entrant, each: Features | None) -> Input:
    """What the response model reads of an entrant and its features."""
    if each is None:
        return Input(UNKNOWN_QUALITY, 0.0, 0.0, (0.0,) * SIZE, known=False)
    base = _expected(entrant, each)
    # Answers that stand in for others of their model agree with them too often: a vote of new samples may do better.
    noise = max(base * (1 - base), 0.02) / each.items + (_STAND_IN * each.standing) ** 2
    if not each.counted and entrant.kind != "single":
        noise += _GUESSED**2
    if entrant.kind in ("single", "vote"):
        return Input(base, noise, 0.0, (0.0,) * SIZE, known=True)
    doubt = (0.15 * (each.some - each.vote) + 0.15 * abs(each.judge - each.vote) + 0.05) ** 2
    return Input(base, noise, doubt, _row(entrant, each), known=True)


def measurement(scores: Array) -> Prediction | None:
    """What an entrant's own scores say of its mean score; None where there are none."""
    import numpy as np

    known = scores[~np.isnan(scores)]
    if not len(known):
        return None
    count = len(known)
    noise = (float(known.var()) * count + 0.25) / (count + 1) / count
    return Prediction(float(known.mean()), math.sqrt(noise))


def combined(prior: Prediction, measured: Prediction | None) -> Prediction:
    """What is thought of an entrant that was measured on some items: prediction and measurement, weighted by their precision."""
    if measured is None:
        return prior
    weight = (1 / prior.deviation**2, 1 / measured.deviation**2)
    total = sum(weight)
    return Prediction((prior.mean * weight[0] + measured.mean * weight[1]) / total, math.sqrt(1 / total))


def _expected(entrant: Entrant, each: Features) -> float:
    """The score that is expected of a kind of topology before any of it was measured."""
    if entrant.kind == "single":
        return each.mean
    if entrant.kind == "vote":
        return each.vote
    towards_some, towards_judge = _PRIORS[entrant.kind]
    return _share(each.vote + towards_some * (each.some - each.vote) + towards_judge * (each.judge - each.vote))


def _row(entrant: Entrant, each: Features) -> tuple[float, ...]:
    """Kind, room to gain, the last model's lead over the vote, the mean's, and the shape."""
    kinds = [float(entrant.kind == kind) for kind in ("merge", "select", "other")]
    shape = [math.log(max(1, len(entrant.voices))) - 1, float(entrant.depth - 2)]
    return (*kinds, each.some - each.vote, each.judge - each.vote, each.mean - each.vote, *shape)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
