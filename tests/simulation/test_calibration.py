"""Simulated figures beside recorded ones, within the tolerances of `docs/simulated-models.md`."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.simulation_data import FAMILIES, load
from benchmarks.simulation_figures import figures, simulate
from benchmarks.simulation_open import compare, distance
from moaql.simulation.world_file import load_world

FOLDER = Path("../shared/data/recorded")
TOLERANCE = {"accuracy": 0.06, "phi": 0.08, "same_wrong": 0.08, "ceiling": 0.05, "votes": 0.06}
"""On the first 300 questions of a family, whose own error of the mean is about 0.03."""


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded answers are not here")
@pytest.mark.parametrize("family", FAMILIES)
def test_simulated_figures_are_near_the_recorded_ones(family: str) -> None:
    recorded = load(FOLDER, family, limit=300)
    real = figures(recorded, recorded.answers, recorded.right)
    made = figures(recorded, *simulate(load_world(), recorded))
    assert np.sqrt(np.mean((made.accuracy - real.accuracy) ** 2)) < TOLERANCE["accuracy"]
    assert abs(made.phi - real.phi) < TOLERANCE["phi"]
    assert abs(made.same_wrong - real.same_wrong) < TOLERANCE["same_wrong"]
    assert abs(made.ceiling - real.ceiling) < TOLERANCE["ceiling"]
    off = [made.votes[name] - real.votes[name] for name in real.votes]
    assert np.sqrt(np.mean(np.square(off))) < TOLERANCE["votes"]


def test_open_questions_are_near_the_published_tables() -> None:
    world = load_world()
    rows = compare(world, 250)
    assert distance(world, 250) < 4
    assert rows["aggregator qwen1.5-72b-chat"][1] > rows["aggregator dbrx-instruct"][1] + 8
    assert rows["6 x wizardlm-2-8x22b"][1] > rows["6 different models"][1]
    assert rows["6 different models"][1] > rows["6 x one model"][1] > rows["1 x one model"][1]
