"""What every model answers to every question of a world, at every temperature and sample: drawn once, then fixed."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.search.worlds.model import Spec

    Array = NDArray[Any]

RIGHT, NO_ANSWER = 0, -1
_TOKENS_PER_SECOND = 60.0
_DELAY = 0.5


@dataclass(frozen=True, eq=False)
class Population:
    """All questions of a world, and all answers to them.

    Attributes:
        codes: By temperature, model, sample and item: 0 is right, -1 no answer, equal numbers are equal answers.
        belief: By model and item: the lasting part of the margin by which the model is right.
        wrong: By item: a wrong answer for whoever finds none among candidates.
        prompt: Tokens of each question.
        tokens: By model and item: length of its answer.
        costs: By model and item: dollars of its answer to the bare question.
        latencies: By model and item: seconds.
    """

    codes: Array
    belief: Array
    wrong: Array
    prompt: Array
    tokens: Array
    costs: Array
    latencies: Array


def generator(*parts: object) -> np.random.Generator:
    """Randomness that depends on nothing but the parts."""
    key = "\x1f".join(map(str, parts)).encode()
    return np.random.Generator(np.random.SFC64(int.from_bytes(blake2b(key, digest_size=16).digest(), "big")))


def draw(spec: Spec) -> Population:
    """The population of a world.

    As in `moaql.simulation`: a model's margin on a question is its ability in the category, less a difficulty that all models
    share, less what is its own; part of what is its own is drawn anew by each sample, the more the higher the temperature.
    """
    random = generator(spec.name, spec.seed, "population")
    items, answering = spec.population, spec.answering
    category = random.integers(0, len(spec.models[0].ability), items)
    difficulty = random.standard_normal(items)
    ability = np.array([[model.ability[each] for each in range(len(model.ability))] for model in spec.models])
    own, chosen = _own(spec, random)
    shared = answering.loading**0.5
    alone = (1 - answering.loading) ** 0.5
    centre = ability[:, category] - shared * difficulty
    codes = np.empty((len(spec.temperatures), len(spec.models), spec.most, items), np.int8)
    for row, temperature in enumerate(spec.temperatures):
        anew = min(1.0, answering.redraw * temperature)
        fresh = random.standard_normal(codes.shape[1:])
        noise = (1 - anew) ** 0.5 * own[:, None] + anew**0.5 * fresh
        margin = centre[:, None] - answering.heat * temperature - alone * noise
        again = random.random(codes.shape[1:]) < anew
        wrong = np.where(again, _wrongs(spec, random, codes.shape[1:]), chosen[:, None])
        codes[row] = np.where(margin > 0, RIGHT, wrong)
        codes[row][random.random(codes.shape[1:]) < answering.silent] = NO_ANSWER
    prompt, tokens = _lengths(spec, random)
    price = np.array([model.price for model in spec.models])
    return Population(
        codes=codes,
        belief=centre - alone * (1 - answering.redraw * 0.5) ** 0.5 * own,
        wrong=_wrongs(spec, random, (items,)),
        prompt=prompt,
        tokens=tokens,
        costs=(prompt * price[:, :1] + tokens * price[:, 1:]) / 1e6,
        latencies=_DELAY + tokens / _TOKENS_PER_SECOND,
    )


def _own(spec: Spec, random: np.random.Generator) -> tuple[Array, Array]:
    """Each model's lasting noise and lasting wrong answer; twins have those of the model they copy."""
    shape = (len(spec.models), spec.population)
    own, chosen = random.standard_normal(shape), _wrongs(spec, random, shape)
    for row, model in enumerate(spec.models):
        if model.twin:
            first = spec.names.index(model.twin)
            own[row], chosen[row] = own[first], chosen[first]
    return own, chosen


def _wrongs(spec: Spec, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Wrong answers, from 1, some much more attractive than others."""
    weights = np.arange(1, spec.answering.wrongs + 1) ** -spec.answering.zipf
    ends = np.cumsum(weights / weights.sum())[:-1]
    drawn: Array = (np.searchsorted(ends, random.random(shape)) + 1).astype(np.int8)
    return drawn


def _lengths(spec: Spec, random: np.random.Generator) -> tuple[Array, Array]:
    """Tokens of questions, and of each model's answers: long questions have long answers."""
    length = random.standard_normal(spec.population)
    mean = np.array([model.tokens for model in spec.models])[:, None]
    each = 0.35 * length + 0.25 * random.standard_normal((len(spec.models), spec.population))
    # exp(x) of a normal x has the mean exp(variance / 2): taken off, so that the means are what the specification says
    tokens = mean * np.exp(each - (0.35**2 + 0.25**2) / 2)
    return spec.prompt * np.exp(0.4 * length - 0.08), tokens
