"""The space as Optuna sees it, there and back."""

import random
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from moaql.searching.space.distributions import distributions, params_of, point_of
from tests.searching.space.spaces import space_of

PIPELINE = (
    "layer ?(1..2 of [qwen, llama, mini]) x?(1..4) temperature=?(0.2..1.0) top_p=?(0.15..0.9) max_tokens=?(128..1024 by 128)"
    " -> ?(vote | agg ?(gpt4o | mini) temperature=?(0.01..1 log))"
)


def test_each_dimension_has_its_distribution() -> None:
    assert distributions(space_of(PIPELINE)) == {
        "layer1.proposers[qwen]": CategoricalDistribution((False, True)),
        "layer1.proposers[llama]": CategoricalDistribution((False, True)),
        "layer1.proposers[mini]": CategoricalDistribution((False, True)),
        "layer1.x": IntDistribution(1, 4),
        "layer1.temperature": FloatDistribution(0.2, 1.0, step=0.1),
        "layer1.top_p": FloatDistribution(0.15, 0.9),
        "layer1.max_tokens": IntDistribution(128, 1024, step=128),
        "step2": CategoricalDistribution(("vote", "agg ? temperature=?")),
        "step2.agg.model": CategoricalDistribution(("gpt4o", "mini")),
        "step2.agg.temperature": FloatDistribution(0.01, 1, log=True),
    }


def test_a_point_and_its_parameters_are_the_same() -> None:
    space, source = space_of(PIPELINE), random.Random(2)
    known = distributions(space)
    for _ in range(300):
        point = space.sample(source)
        params = params_of(space, point)
        assert point_of(space, params) == point
        for name, value in params.items():
            assert known[name]._contains(known[name].to_internal_repr(value))


def test_only_active_dimensions_are_parameters() -> None:
    space = space_of(PIPELINE)
    point = space.repair({"step2": "vote", "layer1.proposers": ("mini",)})
    assert params_of(space, point) == {
        "layer1.proposers[qwen]": False,
        "layer1.proposers[llama]": False,
        "layer1.proposers[mini]": True,
        "layer1.x": 1,
        "layer1.temperature": 0.2,
        "layer1.top_p": 0.15,
        "layer1.max_tokens": 128,
        "step2": "vote",
    }


def test_what_optuna_asks_for_becomes_a_point() -> None:
    space = space_of(PIPELINE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(50):
        trial = study.ask(distributions(space))
        point = point_of(space, trial.params)
        space.check(point)
        study.add_trial(
            optuna.trial.create_trial(
                params=params_of(space, point),
                distributions={name: distributions(space)[name] for name in params_of(space, point)},
                value=0.0,
            )
        )
    assert len(study.get_trials(deepcopy=False)) == 100
