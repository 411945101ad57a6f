"""What votes, judges and merges make of candidates, for all items of a world at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.search.worlds.population import NO_ANSWER, RIGHT, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.search.worlds.model import Spec
    from benchmarks.search.worlds.population import Population

    Array = NDArray[Any]


def vote(codes: Array) -> Array:
    """The answer that most candidates give; of several, the one given first; who has no answer does not vote.

    Args:
        codes: One row a candidate, one column an item.
    """
    standing = agreement(codes)
    leader = standing.argmax(axis=0)
    winner: Array = np.take_along_axis(codes, leader[None], axis=0)[0]
    return winner


def agreement(codes: Array) -> Array:
    """How many candidates give the answer of each, itself counted; 0 where it has none."""
    alike = (codes[:, None] == codes[None]).sum(axis=1, dtype=np.int8)
    found: Array = np.where(codes == NO_ANSWER, np.int8(0), alike)
    return found


def select(spec: Spec, population: Population, codes: Array, judge: int, key: str) -> Array:
    """The candidate that a judge prefers.

    Args:
        spec: Of the world.
        population: Of the world.
        codes: One row a candidate, one column an item.
        judge: Position of the judge.
        key: What the judge is asked: equal keys get equal replies.
    """
    how = spec.judging
    noise = generator(spec.name, spec.seed, key).standard_normal(codes.shape, np.float32)
    sight = np.maximum(0.0, spec.models[judge].judge + how.belief * population.belief[judge]).astype(np.float32)
    liking = sight * (codes == RIGHT) + how.spread * noise + (how.pull / len(codes)) * agreement(codes)
    best = liking.argmax(axis=0)
    chosen: Array = np.take_along_axis(codes, best[None], axis=0)[0]
    return chosen


def tempting(codes: Array, wrongs: int) -> tuple[Array, Array]:
    """The most frequent wrong answer of each item, and how many candidates give it."""
    counts = np.stack([(codes == wrong).sum(axis=0, dtype=np.int8) for wrong in range(1, wrongs + 1)])
    return counts.argmax(axis=0).astype(np.int8) + np.int8(1), counts.max(axis=0)


def merge(spec: Spec, population: Population, codes: Array, judge: int, prompt: int, key: str, company: str) -> Array:
    """The answer of a text that a model writes from candidates.

    Args:
        spec: Of the world.
        population: Of the world.
        codes: One row a candidate, one column an item.
        judge: Position of the model that writes.
        prompt: Position of its prompt.
        key: What it is asked: equal keys get equal replies.
        company: Models whose candidates it sees, for what no feature shows.
    """
    how = spec.merging
    right = (codes == RIGHT).mean(axis=0, dtype=np.float32)
    lure, lured = tempting(codes, spec.answering.wrongs)
    lead = np.maximum(np.float32(0), lured / np.float32(len(codes)) - right)
    constant = how.base + spec.models[judge].merge + how.prompts[prompt] + hidden(spec, judge, prompt, company)
    noise = generator(spec.name, spec.seed, key).standard_normal(codes.shape[1], np.float32)
    margin = constant + how.share * (2 * right - 1) - how.temptation * lead + how.spread * noise
    margin += how.belief * population.belief[judge]
    wrong = np.where(lured > 0, lure, population.wrong)
    found: Array = np.where(margin > 0, np.int8(RIGHT), wrong)
    return found


def hidden(spec: Spec, judge: int, prompt: int, company: str) -> float:
    """What a set of models adds to the merges of one model and prompt."""
    if not spec.merging.hidden:
        return 0.0
    drawn = generator(spec.name, spec.seed, "hidden", judge, prompt, company).standard_normal()
    return spec.merging.hidden * float(drawn)
