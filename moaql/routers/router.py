"""A fitted router: how likely each case is to answer a question rightly, and which case is therefore asked.

After RouteLLM (Ong et al. 2024, arXiv 2406.18665) and FrugalGPT (Chen et al. 2023, arXiv 2305.05176): a dial says how much chance
of a right answer may be given up for a cheaper one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.routers.features import features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CLOSE = 1e-12


@dataclass(frozen=True)
class Linear:
    """One label's logistic regression: an intercept, and weights by place of the feature."""

    intercept: float
    weights: Mapping[int, float]


@dataclass(frozen=True)
class Logistic:
    """Chances from the words of the question.

    Attributes:
        models: By label.
    """

    models: Mapping[str, Linear]

    def chances(self, text: str, vector: Sequence[float] | None = None) -> dict[str, float]:
        """By label: the chance that its case answers rightly."""
        del vector
        seen = features(text)
        return {label: chance(model.intercept, model.weights, seen) for label, model in self.models.items()}


@dataclass(frozen=True)
class Embedding:
    """Which model turns questions into vectors.

    Attributes:
        model: As its endpoint calls it.
        base_url: Of an endpoint that speaks OpenAI's protocol.
        api_key_env: The environment variable that holds its key; None for an endpoint without one.
        price: Dollars per million tokens; None where unknown.
    """

    model: str
    base_url: str
    api_key_env: str | None = None
    price: float | None = None


@dataclass(frozen=True)
class Nearest:
    """Chances from the questions that it was fitted to, and that are most like this one.

    Attributes:
        embedding: Which model turns questions into vectors.
        neighbours: How many of them are looked at.
        vectors: One a question, of length 1.
        scores: By label, one score a question, from 0 to 1.
    """

    embedding: Embedding
    neighbours: int
    vectors: Sequence[Sequence[float]]
    scores: Mapping[str, Sequence[float]]

    def chances(self, text: str, vector: Sequence[float] | None = None) -> dict[str, float]:
        """By label: the mean score of its case on the nearest questions, those that are nearer counting for more.

        Raises:
            ValueError: if the vector has another length than those of the router.
        """
        del text
        assert vector is not None
        return chances_nearby(vector, self.vectors, self.scores, self.neighbours)


@dataclass(frozen=True)
class Trained:
    """What a router was fitted to: the eval set, the hash of its items, how many they were, and the day."""

    eval: str
    hash: str
    items: int
    date: str


@dataclass(frozen=True)
class Router:
    """A fitted router.

    Attributes:
        labels: What it may say: labels of cases, and `else`.
        costs: By label: list dollars a question of its case, mean over the items that it was fitted to.
        within: The dial: how much less likely than the likeliest case a cheaper one may be right, from 0 to 1.
        kind: How chances are found.
        trained: What it was fitted to.
        hash: Of its file, 12 hexadecimal digits; "" where it has none yet.
    """

    labels: tuple[str, ...]
    costs: Mapping[str, float]
    within: float
    kind: Logistic | Nearest
    trained: Trained
    hash: str = ""

    @property
    def embedding(self) -> Embedding | None:
        """The model that it needs a vector of; None where it needs none."""
        return self.kind.embedding if isinstance(self.kind, Nearest) else None

    def choose(self, text: str, vector: Sequence[float] | None = None) -> str:
        """The label for a question: the cheapest case whose chance is within the dial of the best.

        Args:
            text: The question.
            vector: Its embedding, where the router needs one.

        Raises:
            ValueError: if the vector has another length than those of the router.
        """
        chances = self.kind.chances(text, vector)
        return cheapest_within(chances, self.costs, self.within)


def cheapest_within(chances: Mapping[str, float], costs: Mapping[str, float], within: float) -> str:
    """The cheapest label whose chance is at most `within` below the best; of equally cheap ones the likelier, then the first."""
    least = max(chances.values()) - within - _CLOSE
    return min((label for label in chances if chances[label] >= least), key=lambda each: (costs[each], -chances[each]))


def chance(intercept: float, weights: Mapping[int, float], seen: Mapping[int, float]) -> float:
    """What a logistic regression says of the features that were seen, from 0 to 1."""
    total = intercept + math.fsum(weights.get(place, 0.0) * value for place, value in seen.items())
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def chances_nearby(
    vector: Sequence[float], vectors: Sequence[Sequence[float]], scores: Mapping[str, Sequence[float]], neighbours: int
) -> dict[str, float]:
    """By label: the mean of its scores at the nearest vectors, those that are nearer counting for more.

    Args:
        vector: Of the question, of any length but 0.
        vectors: Of length 1.
        scores: By label, one a vector.
        neighbours: How many vectors are looked at.

    Raises:
        ValueError: if the vector has another number of places than the others.
    """
    if len(vector) != len(vectors[0]):
        raise ValueError(f"a vector of {len(vector)} numbers, where the router has {len(vectors[0])}")
    length = math.sqrt(math.fsum(each * each for each in vector)) or 1.0
    alike = [sum(map(_times, vector, stored)) / length for stored in vectors]
    nearest = sorted(range(len(alike)), key=lambda at: (-alike[at], at))[:neighbours]
    shares = [max(0.0, alike[at]) + _CLOSE for at in nearest]
    return {
        label: math.fsum(share * given[at] for share, at in zip(shares, nearest, strict=True)) / math.fsum(shares)
        for label, given in scores.items()
    }


def _times(one: float, other: float) -> float:
    return one * other
