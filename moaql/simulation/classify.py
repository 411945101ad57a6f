"""Sorting a question into one of the classes that a prompt names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.simulation.draws import normal, uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.simulation.latent import Asked, Problem

_HARD = frozenset({"hard", "difficult", "complex", "strong", "challenging", "large", "expert"})
_EASY = frozenset({"easy", "simple", "weak", "trivial", "small", "basic"})
_RELATED: dict[str, frozenset[str]] = {
    "arithmetic": frozenset(
        {"arithmetic", "math", "maths", "mathematics", "numbers", "calculation", "number", "quantitative"}
    ),
    "math": frozenset({"math", "maths", "mathematics", "algebra", "arithmetic", "number", "quantitative"}),
    "code": frozenset({"code", "coding", "programming", "python", "software"}),
    "knowledge": frozenset(
        {"knowledge", "facts", "factual", "trivia", "science", "general knowledge", "multiple choice"}
    ),
    "logic": frozenset({"logic", "reasoning", "puzzle", "puzzles", "ordering"}),
    "writing": frozenset({"writing", "open", "creative", "essay", "text", "advice", "chat"}),
}
_REST = frozenset({"other", "others", "else", "general", "none", "rest", "misc"})


def label(asked: Asked, problem: Problem, labels: Sequence[str]) -> str:
    """The label that the model chooses: the right one more often, the more skilled it is."""
    seed, key = asked.world.seed, problem.truth.key
    by_difficulty = _by_difficulty(asked, problem, labels)
    if by_difficulty:
        return by_difficulty
    right = _right_label(problem, labels)
    value = asked.model.label + normal(seed, key, asked.name, "label", asked.draw)
    if right and value > 0 and not asked.model.deceptive:
        return right
    others = [each for each in labels if each != right] or list(labels)
    return others[int(uniform(seed, key, asked.name, "label", *labels) * len(others))]


def _by_difficulty(asked: Asked, problem: Problem, labels: Sequence[str]) -> str:
    """Where the labels are degrees of difficulty: the one that fits how hard the question seems."""
    hard = [each for each in labels if each.lower() in _HARD]
    easy = [each for each in labels if each.lower() in _EASY]
    if not hard or not easy:
        return ""
    noise = normal(asked.world.seed, problem.truth.key, asked.name, "difficulty")
    seems = problem.difficulty + noise / max(0.3, asked.model.label)
    between = [each for each in labels if each not in hard and each not in easy]
    if between and abs(seems) < 0.5:
        return between[0]
    return hard[0] if seems > 0 else easy[0]


def _right_label(problem: Problem, labels: Sequence[str]) -> str:
    names = {problem.truth.category.lower(), problem.category}
    related = _RELATED.get(problem.category, frozenset())
    for wanted in (names, related, _REST):
        for each in labels:
            if each.lower() in wanted or any(word in wanted for word in each.lower().replace("_", " ").split()):
                return each
    return ""
