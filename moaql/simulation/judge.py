"""Judging candidates: rankings, comparisons, scores, verdicts, critiques, tests and grades.

A judge goes by the hidden truth, but sees it through noise: by its skill, by what it knows itself, and with a slight liking for
its own texts, for long ones, and for the first.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from moaql.simulation.aggregate import APPROVAL, DISPROOF, instructed, trust
from moaql.simulation.draws import normal, share_below, uniform
from moaql.simulation.latent import Asked, Problem, draw_answer, margin
from moaql.simulation.points import draw_points, liking, points_of, read_points, text_quality
from moaql.simulation.shown import Shown, final_answer
from moaql.simulation.texts import opening

if TYPE_CHECKING:
    from moaql.simulation.reading import Prompt

_TYPICAL_LENGTH = 600.0
_STATES = re.compile(r"states? (?:that )?(?:the answer is |“)(.+?)”?\.?$", re.IGNORECASE)
_TESTS = (
    "The reasoning has no step that contradicts another.",
    "It answers exactly what was asked.",
    "Nothing that the question gives is left out.",
    "The result has a plausible size and form.",
    "A reader can follow how the result comes about.",
    "It makes no claim that it does not support.",
)
_PRAISE = ("It is clear and to the point.", "It is well ordered.", "It names what matters.", "It explains its steps.")
_BLAME = ("It could be shorter.", "One step is only sketched.", "It repeats itself a little.", "It gives no check.")


def impressions(asked: Asked, problem: Problem, prompt: Prompt) -> list[float]:
    """How good each candidate seems to the judge: above 0 for good ones."""
    how, model = asked.world.judging, asked.model
    skill = how.skill + model.judge + 0.5 * instructed(asked.world.instructions, prompt.asks) - problem.kind.doubt
    if not problem.truth.open:
        skill += how.own_knowledge * max(-1.5, min(1.5, margin(asked, problem)))
    skill = max(0.0, skill)
    return [_impression(asked, problem, prompt, skill, place) for place in range(len(prompt.candidates))]


def _impression(asked: Asked, problem: Problem, prompt: Prompt, skill: float, place: int) -> float:
    how, shown, key = asked.world.judging, prompt.candidates[place], problem.truth.key
    value = skill * _merit(asked, problem, shown)
    if asked.model.deceptive:
        return -4 * _merit(asked, problem, shown) + 0.1 * place
    whim = (asked.world.seed, key, asked.name, "impression", shown.text)
    fresh = asked.fresh / 2
    noise = normal(*whim)
    if fresh:
        noise = math.sqrt(1 - fresh) * noise + math.sqrt(fresh) * normal(*whim, asked.frame, asked.draw)
    value += how.noise * noise
    value += how.length * max(-2.0, min(2.0, math.log(max(1, len(shown.text)) / _TYPICAL_LENGTH)))
    if shown.text.startswith(opening(asked.name)):
        value += how.self_preference
    if shown.persuasive:
        value += asked.world.aggregation.persuasion * trust(prompt.asks) / 2
    count = len(prompt.candidates)
    return value + (how.position * (0.5 - place / (count - 1)) if count > 1 else 0.0)


def _merit(asked: Asked, problem: Problem, shown: Shown) -> float:
    """How good a candidate is: 1 for right, -1 for wrong; for open questions by its quality, about as wide."""
    if problem.truth.open:
        world = asked.world
        return 2 * (text_quality(world, problem.truth.key, shown.text) - world.open.par) / world.open.spread
    answer = final_answer(shown.text, letter=bool(problem.truth.choices))
    return 1.0 if answer == problem.right else -1.0


def _comment(asked: Asked, problem: Problem) -> str:
    drawn = uniform(asked.world.seed, problem.truth.key, asked.name, "comment", asked.draw)
    return "I compared the reasoning and the result." if drawn < 0.5 else "I went through it and checked what decides."


def _malformed(asked: Asked, problem: Problem, prompt: Prompt) -> bool:
    texts = [shown.text for shown in prompt.candidates]
    drawn = uniform(asked.world.seed, problem.truth.key, asked.name, "malformed", asked.frame, asked.draw, *texts)
    return drawn < asked.world.judging.malformed


def ranking(asked: Asked, problem: Problem, prompt: Prompt) -> str:
    """`Ranking: [2] > [1] > [3]`, best first."""
    seems = impressions(asked, problem, prompt)
    order = sorted(range(len(seems)), key=lambda place: -seems[place])
    numbers = [prompt.candidates[place].number for place in order]
    comment = _comment(asked, problem)
    if _malformed(asked, problem, prompt):
        return f"{comment}\n\nI find number {numbers[0]} the best of them." if numbers else comment
    return f"{comment}\n\nRanking: {' > '.join(f'[{number}]' for number in numbers)}"


def comparison(asked: Asked, problem: Problem, prompt: Prompt) -> str:
    """`Better: 1`, `Better: 2` or `Better: tie`."""
    seems = impressions(asked, problem, prompt)[:2]
    comment = _comment(asked, problem)
    if _malformed(asked, problem, prompt):
        return f"{comment}\n\nBoth have their merits."
    if len(seems) < 2 or abs(seems[0] - seems[1]) < asked.world.judging.tie:
        return f"{comment}\n\nBetter: tie"
    return f"{comment}\n\nBetter: {1 if seems[0] > seems[1] else 2}"


def score(asked: Asked, problem: Problem, prompt: Prompt) -> str:
    """`Score: S` on the scale that the prompt asks for."""
    seems = impressions(asked, problem, prompt)
    value = (seems[0] if seems else -1.0) + asked.world.judging.harsh
    comment = _comment(asked, problem)
    if _malformed(asked, problem, prompt):
        return f"{comment}\n\nI would call it {'good' if value > 0 else 'weak'}."
    share, scale = share_below(value), prompt.asks.scale
    said = f"{share:.2f}" if scale == 1 else str(round(share * scale))
    return f"{comment}\n\nScore: {said}"


def verdict(asked: Asked, problem: Problem, prompt: Prompt) -> str:
    """`Verdict: correct` or `Verdict: incorrect`."""
    seems = impressions(asked, problem, prompt)
    value = (seems[0] if seems else -1.0) + asked.world.judging.harsh
    comment = _comment(asked, problem)
    if _malformed(asked, problem, prompt):
        return f"{comment}\n\nIt is hard to say."
    return f"{comment}\n\nVerdict: {'correct' if value > 0 else 'incorrect'}"


def critiques(asked: Asked, problem: Problem, prompt: Prompt) -> str:
    """One block for each candidate: strengths and weaknesses."""
    seems = impressions(asked, problem, prompt)
    blocks = []
    for shown, value in zip(prompt.candidates, seems, strict=True):
        drawn = uniform(asked.world.seed, problem.truth.key, asked.name, "wording", shown.text)
        good, bad = _PRAISE[int(drawn * 4)], _BLAME[int(drawn * 16) % 4]
        if problem.truth.open:
            bad = " ".join([*_doubted(asked, problem, prompt, shown), bad])
        elif value > 0:
            good = f"The result {APPROVAL}. {good}"
        else:
            bad = f"The result {DISPROOF}. {bad}"
        blocks.append(f"[{shown.number}]\nStrengths: {good}\nWeaknesses: {bad}")
    if "place" in prompt.frame.lower():
        order = sorted(range(len(seems)), key=lambda place: -seems[place])
        blocks = [f"{block}\nPlace: {order.index(place) + 1}" for place, block in enumerate(blocks)]
    if _malformed(asked, problem, prompt):
        return "All of them have strengths, and all could be better."
    return "\n\n".join(blocks)


def _doubted(asked: Asked, problem: Problem, prompt: Prompt, shown: Shown) -> list[str]:
    """The points of an answer that the judge takes for wrong."""
    world = asked.world
    right, wrong = read_points(world, problem.truth.key, shown.text)
    skill = max(0.0, world.judging.skill + asked.model.judge + 0.5 * instructed(world.instructions, prompt.asks))
    whims = liking(asked, problem, (*right, *wrong))
    seems = {each: (skill if each in right else -skill) + world.judging.noise * whims[each] for each in whims}
    return [f"“{each}” {DISPROOF}." for each, value in seems.items() if value < -0.2]


def tests(asked: Asked, problem: Problem, prompt: Prompt) -> str:
    """Numbered tests, one a line; the first says what the judge itself takes for right."""
    count = max(1, prompt.asks.count)
    if problem.truth.open:
        lines = [f"It states “{each}”" for each in draw_points(asked, problem)[: max(1, count // 2)]]
    else:
        lines = [f"It states that the answer is {draw_answer(asked, problem).answer}."]
    place = 0
    while len(lines) < count:
        lines.append(_TESTS[place % len(_TESTS)])
        place += 1
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines[:count], 1))


def grades(asked: Asked, problem: Problem, prompt: Prompt) -> str:
    """One line a test: `1. passed` or `1. failed`."""
    shown = prompt.candidates[0] if prompt.candidates else Shown(1, "")
    seems = impressions(asked, problem, prompt)
    value = seems[0] if seems else -1.0
    lines = []
    for number, test in enumerate(prompt.tests, 1):
        stated = _STATES.search(test)
        if stated is not None:
            passed = _states(problem, shown, stated[1])
        else:
            whim = normal(asked.world.seed, problem.truth.key, asked.name, "grade", test, shown.text)
            passed = value + asked.world.judging.harsh + asked.world.judging.noise * whim > 0
        lines.append(f"{number}. {'passed' if passed else 'failed'}")
    return "\n".join(lines) or "1. failed"


def _states(problem: Problem, shown: Shown, claim: str) -> bool:
    if problem.truth.open:
        points = points_of(problem.truth.key, 10)
        return claim in shown.text if claim in points.right + points.wrong else claim.rstrip(".") in shown.text
    return final_answer(shown.text, letter=bool(problem.truth.choices)) == claim.rstrip(".")
