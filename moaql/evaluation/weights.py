"""Vote weights that are fitted to recorded answers.

For independent voters the best weight is the log-odds of being right (Nitzan and Paroush 1982, Int. Econ. Rev. 23:289). Models err
together, so that many weak ones would outvote a strong one; the weights are therefore refined jointly: a conditional logit
(McFadden 1974), in which an item's answers compete for being the target with the sum of their voters' weights. That problem is
convex. How far the fit may move from the log-odds is chosen by cross-validation; plain votes, bare log-odds and the best single
member are among the choices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.evaluation.votes import NO_ANSWER, RIGHT, Answers, encode, vote_accuracy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

_PULLS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""How strongly the fit is drawn to the log-odds, in items; 10 stands for a prior of 10 items' weight."""


@dataclass(frozen=True, slots=True)
class FittedWeights:
    """Weights of a vote.

    Attributes:
        weights: By model, from 0 to 1, to three decimals; the heaviest is 1.
        score: Cross-validated accuracy of the vote. It is the best of a handful of choices, hence slightly optimistic.
        scores: The same of each choice.
        method: The choice: `equal`, `best member`, `log-odds`, or `logit, pull P`.
    """

    weights: dict[str, float]
    score: float
    scores: dict[str, float]
    method: str


def fit_weights(
    answers: Mapping[str, Sequence[str | None]], targets: Sequence[str], *, folds: int = 5, seed: int = 0
) -> FittedWeights:
    """Fits the weights of a vote of all members.

    Args:
        answers: By member, one answer an item, in a canonical spelling; None where it gives none.
        targets: The right answers.
        folds: Parts of the cross-validation; at most as many as items.
        seed: Of the division into parts. The same seed gives the same weights.

    Raises:
        UsageError: There are fewer than two items or folds, or `encode` cannot read the answers.
    """
    return fit_answers(encode(answers, targets), folds=folds, seed=seed)


def fit_answers(coded: Answers, *, folds: int = 5, seed: int = 0, pulls: Sequence[float] = _PULLS) -> FittedWeights:
    """Fits the weights of a vote to coded answers. Members of one name are samples of one model, and share a weight.

    Args:
        coded: Answers of all voters.
        folds: Parts of the cross-validation; at most as many as items.
        seed: Of the division into parts.
        pulls: How strongly the fit may be drawn to the log-odds, in items; each takes its time.

    Raises:
        UsageError: There are fewer than two items or folds.
    """
    count = coded.codes.shape[1]
    if count < 2 or folds < 2:
        raise UsageError("weights cannot be cross-validated", "Give at least two items and two folds.")
    choices = ["equal", "best member", "log-odds", *(f"logit, pull {pull:g}" for pull in sorted(pulls, reverse=True))]
    scores = {choice: _cross_validated(coded, choice, min(folds, count), seed) for choice in choices}
    # The first of those that are level is the simplest.
    method = max(scores, key=lambda choice: round(scores[choice], 9))
    return FittedWeights(weights_by(coded, method), scores[method], scores, method)


def weights_by(coded: Answers, method: str) -> dict[str, float]:
    """Weights by member, fitted to coded answers in one way: a `method` of `FittedWeights`."""
    return dict(zip(coded.members, _weights(coded, method), strict=True))


def log_odds_weights(answers: Answers) -> list[float]:
    """A weight for each voter, from its model's accuracy alone, as if models erred independently. Takes no time."""
    return _weights(answers, "log-odds")


def _cross_validated(answers: Answers, choice: str, folds: int, seed: int) -> float:
    """Share of items that are answered rightly by weights that were fitted without them."""
    import numpy as np

    items = np.random.default_rng(seed).permutation(answers.codes.shape[1])
    right = 0.0
    for part in np.array_split(items, folds):
        rest = np.setdiff1d(items, part)
        right += vote_accuracy(answers.on(part), _weights(answers.on(rest), choice)) * len(part)
    return right / len(items)


def _weights(answers: Answers, choice: str) -> list[float]:
    """A weight for each voter."""
    import numpy as np

    models = list(dict.fromkeys(answers.members))
    owner = np.array([models.index(name) for name in answers.members])
    if choice == "equal":
        return [1.0] * len(owner)
    if choice == "best member":
        accuracy = _by_model(np.array(answers.accuracy), owner) / np.bincount(owner)
        return (owner == accuracy.argmax()).astype(float).tolist()  # type: ignore[no-any-return]
    start = np.maximum(0.0, _log_odds(answers, owner))
    found = start if choice == "log-odds" else _logit(answers, owner, start, float(choice.rsplit(" ", 1)[1]))
    heaviest = float(found.max())
    if heaviest <= 0:
        return [1.0] * len(owner)
    return [round(float(found[model]) / heaviest, 3) for model in owner]


def _by_model(values: Array, owner: Array) -> Array:
    """Sums over the voters of each model."""
    import numpy as np

    return np.bincount(owner, weights=values)


def _log_odds(answers: Answers, owner: Array) -> Array:
    """Log-odds of each model's accuracy, shrunk towards even as by one right and one wrong answer more.

    With k wrong answers to choose from, the odds gain a factor k: each of them is less likely to be hit than the one right answer.
    """
    import numpy as np

    right = _by_model(answers.right.sum(axis=1), owner)
    voted = _by_model((answers.codes != NO_ANSWER).sum(axis=1), owner)
    wrong_answers = max(1.0, float((answers.codes.max(axis=0)).mean()))
    odds: Array = np.log((right + 1) / (voted - right + 1) * wrong_answers)
    return odds


def _logit(answers: Answers, owner: Array, start: Array, pull: float) -> Array:
    """Weights that are not negative, of the greatest penalised likelihood."""
    import numpy as np
    from scipy.optimize import minimize

    open_items = answers.right.any(axis=0)  # where nobody is right, no weights help
    codes = answers.codes[:, open_items]
    if not codes.shape[1]:
        return start
    rivals = np.arange(int(codes.max()) + 1)
    said = (codes[:, :, None] == rivals).astype(float)  # by voter, item and answer
    voices = np.zeros((len(start), *said.shape[1:]))  # by model
    np.add.at(voices, owner, said)
    absent = ~voices.any(axis=0)
    won = voices[:, :, RIGHT].sum(axis=1)

    def loss(weights: Array) -> tuple[float, Array]:
        totals = np.where(absent, -np.inf, np.tensordot(weights, voices, axes=1))
        highest = totals.max(axis=1, keepdims=True)
        shares = np.exp(totals - highest)
        sums = shares.sum(axis=1, keepdims=True)
        likelihood = (totals[:, RIGHT] - highest[:, 0] - np.log(sums[:, 0])).sum()
        expected = np.tensordot(voices, shares / sums, axes=([1, 2], [0, 1]))
        away = weights - start
        return float(pull / 2 * away @ away - likelihood), pull * away - (won - expected)

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(start))
    weights: Array = found.x
    return weights
