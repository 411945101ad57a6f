"""Which search is meant, what it asks for, and what cannot be searched."""

import pytest

from moaql.check.checker import check_source
from moaql.errors import ProgramError, UsageError
from moaql.searching.space.find import SearchGoal, SearchLimit, SearchSettings, find_search
from moaql.source import Source
from tests.searching.space.spaces import HEAD, program_of, search_of

WHOLE = (
    HEAD
    + """
search auto {
  topology layer [qwen, llama]x?(1..3) -> vote
  eval tickets
  maximize quality per dollar
  minimize latency
  where cost <= $0.01, latency <= 800ms, quality >= 80%
  budget = $25
  trials = 40
  holdout = 30%
  sampler = tpe
}
"""
)


def test_a_search_in_numbers() -> None:
    plan = find_search(check_source(Source(WHOLE)))
    assert (plan.name, plan.eval_name, plan.space.size) == ("auto", "tickets", 3)
    assert plan.goals == (SearchGoal("maximize", "quality", "dollar"), SearchGoal("minimize", "latency"))
    assert plan.limits == (
        SearchLimit("cost", "<=", 0.01),
        SearchLimit("latency", "<=", 0.8),
        SearchLimit("quality", ">=", 0.8),
    )
    assert plan.settings == SearchSettings(budget=25, trials=40, holdout=0.3, sampler="tpe")


def test_what_a_search_does_not_say_has_the_defaults_of_the_language() -> None:
    assert search_of("qwen x?(1..2)").settings == SearchSettings(
        None, None, workers=1, seed=0, sampler="portfolio", holdout=0.2, confidence=0.95, tune=False
    )


def test_a_name_is_needed_where_there_are_several() -> None:
    program = check_source(Source(WHOLE + WHOLE[len(HEAD) :].replace("search auto", "search other"), "p.moaql"))
    assert find_search(program, "other").name == "other"
    with pytest.raises(UsageError, match=r"several searches\n.*p.moaql::auto, p.moaql::other"):
        find_search(program)
    with pytest.raises(UsageError, match=r"no search `auta`\ndid you mean `auto`"):
        find_search(program, "auta")
    with pytest.raises(UsageError, match=r"p.moaql has no search\nWrite `search NAME"):
        find_search(check_source(Source('model a = "sim/a"\na\n', "p.moaql")))


REFUSED = {
    "qwen x2": (ProgramError, r"E315.*no hole to search over"),
    "?(qwen | lama)": (ProgramError, r"E205.*lama"),
    "?(skip | qwen) -> vote": (ProgramError, r"E401"),
    "qwen x?(3..3)": (UsageError, r"one point only: nothing is left to choose in `qwen.x`\nWiden a hole"),
    "layer [qwen, llama] -> vote weights=?": (UsageError, r"only `weights=\?` open.*\n.*moaql eval"),
    "layer [qwen]x?(1..2) quorum=5": (
        UsageError,
        r"no point that is a valid program: E319: a quorum of 5.*\nNone of its 2 points is one.*`moaql explain E319`",
    ),
    "layer ?(1..2 of [qwen, llama]) temperature=?(0..1) max_tokens=?(1..33) quorum=5": (
        UsageError,
        r"valid program: E319.*\nNone of 200 points tried of 594",
    ),
}


@pytest.mark.parametrize("pipeline", REFUSED)
def test_what_cannot_be_searched_is_refused_with_a_reason(pipeline: str) -> None:
    kind, message = REFUSED[pipeline]
    with pytest.raises(kind, match=message):
        find_search(program_of(pipeline))


def test_a_ratio_without_a_floor_or_a_cap_is_refused() -> None:
    text = WHOLE.replace("  where cost <= $0.01, latency <= 800ms, quality >= 80%\n", "")
    with pytest.raises(ProgramError, match=r"E317.*won by the cheapest bad model"):
        find_search(check_source(Source(text)))


def test_a_price_that_the_search_needs_and_nobody_knows_is_refused() -> None:
    text = WHOLE.replace('"sim/qwen" price_in=$1 price_out=$2', '"mine/qwen"')
    with pytest.raises(ProgramError, match=r"E408.*no price is known for `qwen`"):
        find_search(check_source(Source(text)))
    quality = text.replace("maximize quality per dollar", "maximize quality").replace("cost <= $0.01, ", "")
    assert find_search(check_source(Source(quality))).space.size == 3
