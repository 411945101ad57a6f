"""Votes over codes are the votes of the runtime; members that err together are found."""

import json
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from evaluation.recorded import RECORDED, family, needs_recorded
from hypothesis import given
from hypothesis import strategies as st

from moaql.answers.candidate import Candidate
from moaql.errors import UsageError
from moaql.evaluation.agreement import diversity, leave_one_out, phi
from moaql.evaluation.votes import Answers, encode, subset_votes, vote, vote_accuracy
from moaql.evaluation.weights import fit_weights
from moaql.operations.base import Given
from moaql.operations.vote import vote as operation

ANSWERS = st.sampled_from(["1", "2", "3", None])


@st.composite
def panels(draw: st.DrawFn) -> tuple[dict[str, list[str | None]], list[str]]:
    """What two to six members answer to a few items whose target is 1."""
    items = draw(st.integers(1, 4))
    members = draw(st.integers(2, 6))
    said = {name: draw(st.lists(ANSWERS, min_size=items, max_size=items)) for name in "abcdef"[:members]}
    return said, ["1"] * items


def runtime_vote(said: dict[str, str | None], weights: dict[str, float] | None = None) -> bool:
    """Whether the answer 1 wins the vote that a run would hold."""
    texts = tuple(Candidate(answer or "no idea", node=name, model=name) for name, answer in said.items())
    parameters = {"by": "number", **({"weights": weights} if weights else {})}
    return operation(Given({"candidates": texts}, parameters))[0].text == "1"


@given(panels(), st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.0, 2.5]), min_size=6, max_size=6))
def test_a_vote_over_codes_is_the_vote_of_a_run(
    panel: tuple[dict[str, list[str | None]], list[str]], weights: list[float]
) -> None:
    said, targets = panel
    answers = encode(said, targets)
    heavy = dict(zip(said, weights, strict=False))
    plain, weighted = vote(answers), vote(answers, list(heavy.values()))
    for item in range(len(targets)):
        one = {name: each[item] for name, each in said.items()}
        assert (plain[item] == 0) == runtime_vote(one)
        assert (weighted[item] == 0) == runtime_vote(one, heavy)


@given(panels())
def test_each_subset_votes_as_if_it_were_alone(panel: tuple[dict[str, list[str | None]], list[str]]) -> None:
    said, targets = panel
    answers = encode(said, targets)
    for size in range(1, len(said) + 1):
        found = subset_votes(answers, size)
        assert found.members.tolist() == [list(each) for each in combinations(range(len(said)), size)]
        for row, chosen in enumerate(found.members.tolist()):
            alone = answers.only(chosen)
            assert found.accuracy[row] == pytest.approx(vote_accuracy(alone))
            assert found.ceiling[row] == pytest.approx(diversity(alone).ceiling)
            assert found.quality[row] == pytest.approx(np.mean(alone.accuracy))


def test_rules_of_a_vote() -> None:
    said = {"a": ["5", None, None, "4"], "b": ["4", "4", None, "5"], "c": ["4", None, None, None]}
    answers = encode(said, ["4", "4", "4", "4"])
    assert vote(answers).tolist() == [0, 0, -1, 0]  # majority; one voter; nobody; a tie goes to the first
    assert vote(answers, [3, 1, 1]).tolist() == [1, 0, -1, 0]
    assert answers.accuracy == (0.25, 0.5, 0.25)


def three() -> Answers:
    """`a` and `b` err on the same items, twice with the same answer; `c` errs elsewhere."""
    said: dict[str, list[str | None]] = {
        "a": ["1", "1", "1", "1", "7", "8", "5", None],
        "b": ["1", "1", "1", "1", "7", "8", "6", None],
        "c": ["2", "2", "1", "1", "1", "1", "1", "3"],
    }
    return encode(said, ["1"] * 8)


def test_errors_of_pairs() -> None:
    found = diversity(three())
    assert found.phi[0][1] == pytest.approx(1)
    assert found.phi[0][2] == pytest.approx(-1 / 60**0.5 * 2, abs=1e-9)
    assert found.same_wrong[0][1] == 0.5  # 7 and 8 of four; two without an answer do not give the same one
    assert found.same_wrong[0][2] == 0.0
    assert found.agreement[0] == (7 / 8, 6 / 8, 2 / 8)
    assert (found.ceiling, found.all_wrong) == (7 / 8, 1 / 8)


def test_phi_is_pearsons_correlation_of_right_and_wrong() -> None:
    rng = np.random.default_rng(0)
    a = rng.random(200) < 0.7
    b = np.where(rng.random(200) < 0.5, a, rng.random(200) < 0.6)
    assert phi(a.tolist(), b.tolist()) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert phi([1, 1, 1], [0, 1, 0]) is None
    with pytest.raises(UsageError, match="right and wrong"):
        phi([0.5, 1], [0, 1])
    with pytest.raises(UsageError, match="cannot be paired"):
        phi([1], [0, 1])


def test_never_wrong_is_no_division_by_nothing() -> None:
    found = diversity(encode({"a": ["1"], "b": ["1"]}, ["1"]))
    assert found.phi == ((None, None), (None, None))
    assert found.same_wrong == ((None, None), (None, None))


def test_what_leaving_a_member_out_does() -> None:
    answers = encode({"a": ["1", "1", "2"], "b": ["2", "2", "2"], "c": ["1", "1", "1"]}, ["1", "1", "1"])
    full = vote_accuracy(answers)
    assert leave_one_out(answers)[1] == pytest.approx(full - vote_accuracy(answers.only([0, 2])))
    assert leave_one_out(answers, [1, 0, 1])[1] == 0
    with pytest.raises(UsageError, match="nobody to leave out"):
        leave_one_out(answers.only([0]))


@pytest.mark.parametrize(
    ("said", "targets", "message"),
    [({}, ["1"], "no answers"), ({"a": []}, [], "no answers"), ({"a": ["1"]}, ["1", "2"], "`a` has 1 answers")],
)
def test_answers_that_cannot_be_read(said: dict[str, list[str | None]], targets: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        encode(said, targets)


def test_subsets_and_weights_must_fit() -> None:
    with pytest.raises(UsageError, match="3 members have no subset of 4"):
        subset_votes(three(), 4)
    with pytest.raises(UsageError, match="2 weights do not fit 3 members"):
        vote(three(), [1, 2])


def herd(items: int) -> tuple[dict[str, list[str | None]], list[str]]:
    """A strong member, and six weak ones that mostly err together."""
    rng = np.random.default_rng(4)
    wrong = rng.random(items) < 0.5
    said: dict[str, list[str | None]] = {
        f"weak{number}": np.where(wrong & (rng.random(items) < 0.9), "2", "1").tolist() for number in range(6)
    }
    said["strong"] = np.where(rng.random(items) < 0.15, "3", "1").tolist()
    return said, ["1"] * items


def test_fitted_weights_keep_the_strong_from_being_outvoted() -> None:
    said, targets = herd(300)
    found = fit_weights(said, targets)
    assert found.weights["strong"] == 1
    assert found.score >= 0.8
    assert vote_accuracy(encode(said, targets)) < 0.65
    assert found == fit_weights(said, targets)
    assert set(found.scores) >= {"equal", "best member", "log-odds"}
    with pytest.raises(UsageError, match="cross-validated"):
        fit_weights({"a": ["1"]}, ["1"])


def test_where_nobody_is_ever_right_all_weigh_the_same() -> None:
    assert fit_weights({"a": ["2"] * 4, "b": ["3"] * 4}, ["1"] * 4).weights == {"a": 1, "b": 1}


@needs_recorded
@pytest.mark.parametrize("name", ["gsm8k", "math_l5", "crux", "mmlu_pro"])
def test_recorded_answers_are_counted_as_their_publishers_count_them(name: str) -> None:
    said, targets, asked = family(name)
    answers = encode(said, targets)
    stated = json.loads((RECORDED / "stats.dev.json").read_text(encoding="utf-8"))[name]["models"]
    assert set(stated) == set(said)
    for member, model in enumerate(answers.members):
        accuracy = answers.on(asked[model]).accuracy[member]
        assert (len(asked[model]), round(accuracy, 4)) == (stated[model]["n"], stated[model]["accuracy"])


@needs_recorded
@pytest.mark.parametrize("name", ["gsm8k", "math_l5", "crux", "mmlu_pro"])
def test_votes_over_recorded_answers_are_those_of_a_plain_count(name: str) -> None:
    said, targets, _ = family(name)
    answers = encode(said, targets)
    models = list(said)
    trios = list(combinations(models, 3))[::97]
    found = dict(
        zip(combinations(models, 3), subset_votes(answers, 3).accuracy.tolist(), strict=True),
    )
    for chosen in [*trios, tuple(models)]:
        right = 0
        for item, target in enumerate(targets):
            votes = Counter(said[model][item] for model in chosen)  # in order of first appearance
            del votes[None]
            right += bool(votes) and max(votes, key=lambda answer: votes[answer]) == target
        if len(chosen) == 3:
            assert found[chosen] == pytest.approx(right / len(targets), abs=1e-12)
        else:
            assert vote_accuracy(answers) == right / len(targets)


@needs_recorded
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fitted_weights_are_worth_having_on_items_they_were_not_fitted_to(seed: int) -> None:
    said, targets, _ = family("mmlu_pro")
    order = np.random.default_rng(seed).permutation(len(targets))
    fit, held_out = order[: len(order) // 2], order[len(order) // 2 :]
    found = fit_weights({name: [each[item] for item in fit] for name, each in said.items()}, [targets[i] for i in fit])
    rest = encode(said, targets).on(held_out)
    fitted = vote_accuracy(rest, list(found.weights.values()))
    assert fitted >= max(rest.accuracy)
    assert fitted > vote_accuracy(rest)
