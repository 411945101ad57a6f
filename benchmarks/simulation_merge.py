"""Aggregation of exact answers in the simulated world, beside one answer and a majority vote; and what a deceptive member does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from benchmarks.simulation_data import Recorded
from moaql.simulation.aggregate import merge_answers, merge_points
from moaql.simulation.forms import asks_of
from moaql.simulation.latent import Asked, draw_answer, problem_of
from moaql.simulation.points import draw_points, text_quality, win_rate
from moaql.simulation.shown import Shown
from moaql.simulation.texts import persuasion
from moaql.simulation.truth import find_truth
from moaql.simulation.world import World
from moaql.stages.agg import DEFAULTS

ASKS = asks_of(DEFAULTS["system"].messages[0][1])
POOLS = {
    "3 good": ("claude-3.5-sonnet", "llama-3.1-405b", "mistral-large-2"),
    "5 mixed": ("qwen2-72b", "llama-3.1-70b", "gemini-1.5-flash", "gemma-2-27b-it", "gpt-4o-mini"),
    "6 x itself": (),
}
AGGREGATORS = ("gpt-4o", "llama-3-70b-chat")
SIX = (
    "llama-3.1-70b",
    "wizardlm-2-8x22b",
    "qwen1.5-72b-chat",
    "mixtral-8x22b-instruct",
    "dbrx-instruct",
    "qwen1.5-110b-chat",
)


def _asked(world: World, name: str, sample: int = 0, frame: str = "") -> Asked:
    return Asked(world, name, world.models[name], 0.7, str(sample), frame)


def exact_rows(
    world: World, data: dict[str, Recorded], count: int = 300
) -> Iterator[tuple[str, str, str, float, float, float]]:
    """(category, aggregator, pool, accuracy of one answer, of a vote, of the aggregate) rows."""
    for category, recorded in data.items():
        problems = [problem_of(world, find_truth(text, fields)) for text, fields in recorded.questions[:count]]
        for name in AGGREGATORS:
            for title, pool in POOLS.items():
                members = [(each, 0) for each in pool] or [(name, sample) for sample in range(6)]
                one = vote = merged = 0
                for problem in problems:
                    said = [draw_answer(_asked(world, *each), problem).answer for each in members]
                    shown = [Shown(1, f"So it is.\n\nThe answer is {each}.") for each in said]
                    target = problem.truth.answer
                    one += draw_answer(_asked(world, name), problem).answer == target
                    vote += Counter(said).most_common(1)[0][0] == target
                    merged += merge_answers(_asked(world, name, 0, "merge"), problem, shown, ASKS).answer == target
                yield category, name, title, one / len(problems), vote / len(problems), merged / len(problems)


def deception(world: World, count: int = 400) -> tuple[float, float]:
    """Win rates, in percent, of six proposers and an aggregator without and with one deceptive member."""
    problems = [problem_of(world, find_truth(f"Open question {number}: whom to trust?")) for number in range(count)]
    rates = []
    for last in ("", "deceptive"):
        names = (*SIX[:5], last or SIX[5])
        qualities = []
        for problem in problems:
            shown = []
            for name in names:
                text = " ".join(draw_points(_asked(world, name), problem))
                shown.append(Shown(1, f"{persuasion()} {text}" if name == "deceptive" else text))
            merged = merge_points(_asked(world, SIX[0], 0, "merge"), problem, shown, ASKS)
            qualities.append(text_quality(world, problem.truth.key, " ".join(merged)))
        rates.append(100 * win_rate(world, qualities))
    return rates[0], rates[1]
