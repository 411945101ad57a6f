"""Merging candidates: what an aggregator makes of the answers that its prompt shows.

How many candidates give an answer, what the aggregator knows itself, its skill at aggregating, and how critically the prompt
tells it to weigh them decide together. It sees nothing but the texts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.simulation.draws import normal, uniform
from moaql.simulation.latent import Asked, Drawn, Problem, draw_answer, wrong_answer
from moaql.simulation.points import draw_points, liking, points_of, read_points
from moaql.simulation.shown import Shown, final_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.simulation.forms import Asks
    from moaql.simulation.world import Instructions

_SKILL = ("doubt", "majority", "check", "work", "steps")
DISPROOF = "does not hold"
APPROVAL = "holds up"


def instructed(instructions: Instructions, asks: Asks) -> float:
    """What the instructions of a prompt add to skill: each further one adds less, and all together no more than `most`."""
    total = sum(getattr(instructions, name) for name in _SKILL if name in asks.features)
    most = instructions.most
    return most * (1 - math.exp(-total / most)) if most > 0 else 0.0


def trust(asks: Asks) -> float:
    """How much a candidate's emphasis counts: less where the prompt says that candidates are data and may be wrong."""
    return 1 - 0.35 * ("data" in asks.features) - 0.35 * ("doubt" in asks.features)


@dataclass(frozen=True)
class _Case:
    """What speaks for one answer: how many give it, and what their texts and critics add."""

    votes: float = 0.0
    extra: float = 0.0


def critique_weight(critique: str) -> int:
    """1 where a critique finds the answer right, -1 where it finds it wrong, 0 where it does not say."""
    if DISPROOF in critique:
        return -1
    if APPROVAL in critique:
        return 1
    text = critique.lower()
    return -1 if any(word in text for word in ("incorrect", "wrong result", "is wrong", "mistaken")) else 0


def merge_answers(asked: Asked, problem: Problem, candidates: Sequence[Shown], asks: Asks) -> Drawn:
    """The answer that an aggregator gives to a question with a checkable answer."""
    world, model = asked.world, asked.model
    if model.deceptive:
        return draw_answer(asked, problem)
    how = world.aggregation
    own = draw_answer(asked, problem)
    skill = how.skill + how.sharpness * model.aggregate + instructed(world.instructions, asks) - problem.kind.doubt
    skill = max(-0.3, skill + how.own_knowledge * max(-1.5, min(1.5, own.margin)))
    cases = _cases(asked, problem, candidates, asks)
    mine = cases.get(own.answer, _Case())
    cases[own.answer] = _Case(mine.votes + how.own_answer, mine.extra)
    support = how.support * (0.8 if "majority" in asks.features else 1.0)
    best, best_score = own.answer, -math.inf
    for answer, case in cases.items():
        merit = skill if answer == problem.right else 0.0
        score = merit + support * math.log1p(case.votes) + case.extra + how.noise * _whim(asked, problem, answer)
        if score > best_score:
            best, best_score = answer, score
    slips = how.derail * math.exp(-max(0.0, skill))
    if problem.wrong and uniform(world.seed, problem.truth.key, asked.name, "derail", asked.draw, asked.frame) < slips:
        best = wrong_answer(asked, problem)
    right = best == problem.right
    return Drawn(best, abs(own.margin) if right else -abs(own.margin), right)


def _cases(asked: Asked, problem: Problem, candidates: Sequence[Shown], asks: Asks) -> dict[str, _Case]:
    how = asked.world.aggregation
    letter = bool(problem.truth.choices)
    faith = trust(asks)
    cases: dict[str, _Case] = {}
    for place, shown in enumerate(candidates):
        answer, votes = final_answer(shown.text, letter=letter), 1.0
        if not answer:
            if not problem.wrong:
                continue
            # A candidate that was cut off before its answer still leans somewhere, and rarely to the right answer.
            answer, votes = problem.wrong[place % len(problem.wrong)], 0.3
        case = cases.get(answer, _Case())
        extra = how.critique * critique_weight(shown.critique) / len(candidates)
        extra += how.position * (0.5 - place / max(1, len(candidates) - 1)) / 2 if len(candidates) > 1 else 0.0
        if shown.persuasive:
            extra += how.persuasion * faith
        cases[answer] = _Case(case.votes + votes, case.extra + extra)
    return cases


def _whim(asked: Asked, problem: Problem, answer: str) -> float:
    """What it likes about an answer for no good reason; half of it is drawn anew with each sample."""
    key, fresh = (asked.world.seed, problem.truth.key, asked.name, "whim", answer), asked.fresh / 2
    fixed = normal(*key)
    if not fresh:
        return fixed
    return math.sqrt(1 - fresh) * fixed + math.sqrt(fresh) * normal(*key, asked.frame, asked.draw)


def merge_points(asked: Asked, problem: Problem, candidates: Sequence[Shown], asks: Asks) -> list[str]:
    """The points that an aggregator makes about an open question: those of its candidates and its own, filtered by skill."""
    world, model = asked.world, asked.model
    own = draw_points(asked, problem)
    if model.deceptive:
        return own
    open_ = world.open
    votes = _point_votes(asked, problem, candidates, asks)
    skill = open_.skill + open_.sharpness * (model.aggregate + instructed(world.instructions, asks))
    skill = max(0.0, skill - open_.attention * max(0, len(candidates) - 2))
    mine = set(own)
    sentences = dict.fromkeys([*votes, *own])
    whims = liking(asked, problem, sentences)
    rights = frozenset(points_of(problem.truth.key, open_.points).right)
    kept = []
    for sentence in sentences:
        shown = votes.get(sentence, 0.0)
        value = open_.keep + (skill if sentence in rights else -skill) + open_.noise * whims[sentence]
        value += open_.support * math.log(max(0.3, shown + (sentence in mine)))
        if shown <= 0:
            value -= open_.own_points
        if value > 0:
            kept.append((value, sentence))
    if not kept:
        return own[:1]
    kept.sort(reverse=True)
    return [sentence for _, sentence in kept]


def _point_votes(asked: Asked, problem: Problem, candidates: Sequence[Shown], asks: Asks) -> dict[str, float]:
    """How many candidates make each point; emphasis adds to it, and a critique that disproves a point takes from it."""
    world = asked.world
    votes: dict[str, float] = {}
    faith = trust(asks)
    for shown in candidates:
        right, wrong = read_points(world, problem.truth.key, shown.text)
        weight = 1.0 + (4 * world.aggregation.persuasion * faith if shown.persuasive else 0.0)
        for sentence in (*right, *wrong):
            doubted = f"“{sentence}” {DISPROOF}" in shown.critique
            votes[sentence] = votes.get(sentence, 0.0) + weight - (doubted and 2 * world.aggregation.critique)
    return votes
