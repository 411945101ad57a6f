"""What is thought of topologies before they are measured."""

import numpy as np
import pytest

from moaql.searching.arena import Entrant, Known, Voice
from moaql.searching.predict import UNKNOWN_DEVIATION, ResponseModel, features

NOTHING = (np.empty(0, int), np.empty((0, 0), int))


def entrant(kind: str, *models: str, fitted: bool = False) -> Entrant:
    return Entrant(
        kind, kind, kind, tuple(Voice(each) for each in models), "judge" if kind == "merge" else "", fitted=fitted
    )  # type: ignore[arg-type]


def test_where_answers_cannot_be_scored_the_scores_of_single_models_tell_good_from_bad() -> None:
    """With a judge as metric no vote can be counted: but who is good alone is likely to be good together."""
    good = features(entrant("merge", "a", "b"), Known(*NOTHING, judge_accuracy=0.8, alone=((0.8, 40), (0.7, 40))))
    bad = features(entrant("merge", "c", "c"), Known(*NOTHING, judge_accuracy=0.8, alone=((0.2, 40), (0.2, 40))))
    model = ResponseModel()
    better, worse = model.predict_each([entrant("merge", "a", "b"), entrant("merge", "c", "c")], [good, bad])
    assert better.mean > worse.mean + 0.2
    assert 0.1 < better.deviation < UNKNOWN_DEVIATION


def test_nothing_is_known_before_anything_was_asked() -> None:
    assert features(entrant("vote", "a", "b"), Known(*NOTHING)) is None


@pytest.mark.parametrize(("fitted", "expected"), [(False, 0.5), (True, 0.9)])
def test_fitted_weights_are_expected_to_find_the_strong_one(fitted: bool, expected: float) -> None:
    """Two clones outvote a strong member on half of the items, unless weights are fitted."""
    strong = np.array([0] * 9 + [1])
    clone = np.array([2] * 5 + [0] * 5)
    known = Known(np.arange(10), np.stack([strong, clone, clone]))
    found = features(entrant("vote", "strong", "one", "two", fitted=fitted), known)
    assert found is not None
    assert found.vote == pytest.approx(expected, abs=0.11)
