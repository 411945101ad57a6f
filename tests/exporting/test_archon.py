"""Archon runs what is exported for it, and asks what moaql asks, but for the losses."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exporting.by_losses import Ran, assert_alike, refusals, run_both, same_answer
from exporting.environments import interpreter
from exporting.foreign import Asked, ForeignServer, quality
from exporting.programs import GALLERY, gallery, gallery_models
from exporting.wants import COMMON, Rule, Wants, one_call, sent, two_calls

import moaql
from moaql.errors import UsageError
from moaql.exporting import TARGETS
from moaql.exporting.base import Loss
from moaql.providers.endpoints import ENDPOINTS, Endpoint

DRIVER = """
import json, os, pathlib, random, sys, time, types
for name in ("litellm", "google", "google.generativeai", "tokenizers"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["litellm"].completion = None
sys.modules["google"].generativeai = sys.modules["google.generativeai"]
time.sleep = lambda seconds: None
import requests
from archon.completions import Archon
address, (folders, questions, counts) = sys.argv[1], map(json.loads, sys.argv[2:])
post, run = requests.post, ""
requests.post = lambda url, **more: post(url.replace("https://api.together.xyz", f"{address}/together/{run}"), **more)
out = {}
for key, folder in folders.items():
    (path,) = pathlib.Path(folder).glob("*.json")
    out[key] = []
    for number, each in enumerate(questions[: counts[key]]):
        run = f"{key}.{number}"
        os.environ["OPENAI_BASE_URL"] = f"{address}/OPENAI_BASE_URL/{run}/v1"
        os.environ["GROQ_BASE_URL"] = f"{address}/GROQ_BASE_URL/{run}"
        os.environ["ANTHROPIC_BASE_URL"] = f"{address}/ANTHROPIC_BASE_URL/{run}"
        system = [{"role": "system", "content": each["system"]}] if each.get("system") else []
        history = [{"role": role, "content": text} for role, text in each.get("history", ())]
        random.seed(number)
        try:
            archon = Archon(json.loads(path.read_text()))
            text = archon.generate([*system, *history, {"role": "user", "content": each["text"]}])
            out[key].append({"text": text})
        except Exception as error:
            out[key].append({"text": None, "error": repr(error)})
print()
print(json.dumps(out))
"""
KEYS = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY"), "key-of-the-test-that-nobody-may-write")
QUESTIONS: list[dict[str, Any]] = [
    {"text": "And 4 more of them?", "history": [["user", "Hello {n}"], ["assistant", "Yes?"]]},
    {"text": "What is 17 * 23?"},
]

# What a loss rewrites


def six_times(wants: Wants, loss: Loss, _: Any) -> None:
    wants.change([loss.node], times=6)


def from_here_on(wants: Wants, loss: Loss, _: Any) -> None:
    """The tests stand in the question that is shown by all calls behind."""
    (writer,) = wants.calls_of(loss.node)
    (tests,) = (each.like.word for each in wants.all if each.node == writer)
    graders = {each.id for each in wants.graph.calls if each.purpose == "grade"}
    order = list(wants.graph.nodes)
    behind = [each for each in order[order.index(loss.node) :] if each not in graders]
    for each in {each.node for each in wants.all} & set(behind):
        wants.change([each], read=lambda want: want.read | {tests})


def elsewhere(wants: Wants, loss: Loss, match: Any) -> None:
    wants.change([loss.node], place=match.group(1))


RULES: dict[str, Rule] = {
    **COMMON,
    r"`(temperature|max_tokens)=([\d.]+)` is sent, because Archon always sends one": sent,
    r"`(max_tokens)=(4096)` is sent to Anthropic, whatever is stated": sent,
    r"Archon's ranker makes one call for all candidates": one_call,
    r"Archon's verifier makes two calls for each candidate": two_calls,
    r"Archon asks Anthropic six times for each answer, and takes the last": six_times,
    r"its tests stand behind the question from here on": from_here_on,
    r"the address and the key of `.*` cannot be stated: set `(\w+)` and `\w+`, which hold for all of its kind": elsewhere,
}
BAD_DAYS = (
    r"a call that fails is made (six|seven) times, and then ends the run",
    r"where the ranker's reply is missing, the run ends",
    r"a (reply|list) .* is asked for again, up to ten times, and then .*",
    r"where a reply is missing, the scores behind it go to other candidates",
    r"of answers that pass equally many tests another may be put first",
    r"a question of ten characters or fewer ends the run",
    r"of several candidates at the end one is drawn; moaql answers with the first",
    r"a system message that comes with the question is not sent",
    r"reasoning between <think> tags is not taken out of answers",
    r"prices, timeouts and retries cannot be stated",
)


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter that has Archon."""
    return interpreter("archon")


GALLERY_TAKEN = {
    "archon_fusion", "archon_moa", "archon_unit_tests", "best_of_n", "compare-mixture", "compare-self", "compare-single", "llm_blender",
    "moa", "moa_lite", "multi_proposer", "multi_round_moa", "one_liner-main", "self_moa", "single_proposer", "universal_self_consistency",
}  # fmt: skip
"""Of the gallery; the others vote, branch, cluster, or have several critics: Archon knows no such thing."""

OWN = """
model cold = "openai/cold" {address} temperature=0
model few = "openai/few" {address} max_tokens=50 top_p=0.9
model short = "anthropic/short" {address} max_tokens=100
model fast = "groq/fast" {address} seed=9
model tog = "together_ai/org/a" seed=4
topology stated = layer [cold, few x2] -> agg gpt4o refs_in=user temperature=0.2
topology behind = layer [qwen, llama] -> layer [mini, short] -> agg gpt4o refs_in=trailing max_tokens=70
topology verified = layer [qwen, llama, mini, mistral] -> verify gpt4o -> agg claude
topology tested = layer [qwen, llama, mini] -> unit_tests gpt4o n=3 -> grade mini -> rank by=score top=2 -> critic llama -> agg mini
topology elsewhere = layer [tog, fast, qwen] -> critic tog -> rank tog top=1
"""
OWN_TAKEN = {f"own-{each}" for each in ("stated", "behind", "verified", "tested", "elsewhere")}


@pytest.fixture(scope="module")
def ran(python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Ran]]:
    with ForeignServer() as server, pytest.MonkeyPatch.context() as patched:
        own = Endpoint(f"http://127.0.0.1:{server.port}/together/v1", "TOGETHER_API_KEY")
        patched.setitem(ENDPOINTS, "together_ai", own)
        address = f'base_url="http://127.0.0.1:{server.port}/own/v1" api_key_env="GALLERY_KEY"'
        programs = {**gallery(server), "own": gallery_models(server, "own") + OWN.replace("{address}", address)}
        return run_both(
            server, tmp_path_factory.mktemp("archon"), programs, QUESTIONS, "archon", DRIVER, python, KEYS, GALLERY
        )


REFUSED = {
    "Archon has no `vote`": {"adaptive_consistency", "compare-sampled", "dipper", "more_agents-closed", "more_agents-open", "self_consistency"},
    "Archon has no `cluster`": {"cluster_filter"},
    "Archon keeps the critiques of one critic only": {"council"},
    "Archon knows stages in a row only": {
        "confidence_fallback", "dropout_vote", "frugal_gpt", "quickstart-main", "refine_until_confident", "route_llm", "self_moa_seq",
        "specialists",
    },
}  # fmt: skip


def test_what_is_taken_and_what_is_refused(ran: dict[str, list[Ran]], tmp_path: Path) -> None:
    assert set(ran) == GALLERY_TAKEN | OWN_TAKEN
    with ForeignServer() as server:
        found = refusals(tmp_path, gallery(server), "archon")
    assert {reason: {key for key, why in found.items() if why.startswith(reason)} for reason in REFUSED} == REFUSED
    assert set(found) == set().union(*REFUSED.values())


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("layer [a, b] -> critic a -> layer [a, b] -> agg a", "critiques of candidates that are no more"),
        ("layer [a, b] -> critic a -> layer [a, b] -> rank b top=1", "critiques of candidates that are no more"),
        ("layer [a, b] -> critic a -> critic b -> agg a", "one critic only"),
        ("layer [a, b] -> score a -> best by=score", "no `score`"),
        ("layer [a, b] -> best by=confidence", "no `select`"),
    ],
)
def test_what_archon_would_do_otherwise_is_refused(pipeline: str, message: str) -> None:
    program = moaql.parse(f'model a = "openai/a"\nmodel b = "openai/b"\ntopology t = {pipeline}\n')
    with pytest.raises(UsageError, match=message):
        TARGETS.find("archon").files(moaql.build(program, "t"), program)  # type: ignore[union-attr]


def test_a_second_critic_may_read_the_later_answers() -> None:
    pipeline = "layer [a, b] -> critic a -> layer [a, b] -> critic b -> agg a"
    program = moaql.parse(f'model a = "openai/o3" max_tokens=9\nmodel b = "openai/b"\ntopology t = {pipeline}\n')
    losses = TARGETS.find("archon").losses(moaql.build(program, "t"), program)  # type: ignore[union-attr]
    assert any(
        each.what.startswith("its limit is sent as `max_tokens`, not as `max_completion_tokens`") for each in losses
    )


@pytest.mark.parametrize("key", sorted(GALLERY_TAKEN | OWN_TAKEN))
def test_it_asks_what_moaql_asks_but_for_the_losses(key: str, ran: dict[str, list[Ran]]) -> None:
    for each in ran[key]:
        assert_alike(each, RULES, BAD_DAYS)


def test_a_loss_that_makes_no_difference_is_noticed(ran: dict[str, list[Ran]]) -> None:
    run = ran["compare-single"][0]
    (call,) = run.graph.calls
    more = [*run.losses, Loss(call.id, "`top_p` cannot be stated")]
    with pytest.raises(AssertionError, match="nothing differs"):
        assert_alike(replace(run, losses=more), RULES, BAD_DAYS)
    for lost in run.losses:
        if lost.node and not any(re.fullmatch(each, lost.what) for each in BAD_DAYS):
            with pytest.raises(AssertionError, match="asked besides"):
                assert_alike(replace(run, losses=[each for each in run.losses if each != lost]), RULES, BAD_DAYS)


# Bad days and odd questions: one test for each loss that the comparison leaves out

BAD = """
model broken = "together_ai/broken"
model mumbler = "together_ai/mumbler"
model thinker = "together_ai/thinker"
model tog = "together_ai/tog"
model unlucky = "together_ai/unlucky"
model high = "together_ai/HIGH"
model low = "together_ai/LOW"
model crashing = "openai/broken" {address}
model crashing_fast = "groq/broken" {address}
topology one_lost = layer [tog, broken] -> agg tog
topology all_lost = layer [broken x2] -> agg tog
topology one_of_openai = layer [tog, crashing] -> agg tog
topology one_of_groq = layer [tog, crashing_fast] -> agg tog
topology ranker_lost = layer [tog, low] -> rank broken top=1
topology critic_lost = layer [tog, low] -> critic mumbler -> agg tog
topology tests_lost = layer [tog, low] -> unit_tests mumbler n=3 -> grade tog -> best by=score
topology verifier_lost = layer [tog, unlucky] -> verify tog -> agg tog
topology grader_lost = layer [unlucky, low, high] -> unit_tests tog n=5 -> grade tog -> best by=score
topology equals = tog x9 -> unit_tests tog n=5 -> grade tog -> best by=score
topology several = tog x8
topology thinking = layer [thinker, tog] -> agg thinker
"""
ODD = [*QUESTIONS, {"text": "Why?"}, {"text": "Why is the sky blue?", "system": "Be brief."}]


def named(low: int, high: int) -> str:
    """A model of which so many tests pass."""
    return next(name for name in (f"m{number}" for number in range(999)) if low <= quality(name) % 6 <= high)


@pytest.fixture(scope="module")
def bad(python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Ran]]:
    with ForeignServer() as server, pytest.MonkeyPatch.context() as patched:
        own = Endpoint(f"http://127.0.0.1:{server.port}/together/v1", "TOGETHER_API_KEY")
        patched.setitem(ENDPOINTS, "together_ai", own)
        address = f'base_url="http://127.0.0.1:{server.port}/own/v1" api_key_env="GALLERY_KEY"'
        text = BAD.replace("{address}", address).replace("HIGH", named(5, 5)).replace("LOW", named(1, 1))
        folder = tmp_path_factory.mktemp("bad")
        found = run_both(server, folder, {"bad": text}, ODD, "archon", DRIVER, python, KEYS)
        return {key.partition("-")[2]: runs for key, runs in found.items()}


def of(asked: list[Asked], model: str) -> int:
    return sum(each.model == model for each in asked)


def stated(run: Ran, what: str) -> bool:
    return any(re.fullmatch(what, each.what) for each in run.losses)


def test_a_proposer_that_together_refuses_is_left_out(bad: dict[str, list[Ran]]) -> None:
    run = bad["one_lost"][0]
    assert (of(run.foreign, "broken"), of(run.asked, "broken"), run.error) == (1, 1, "")
    assert same_answer(run)


def test_where_all_fail_there_is_no_answer(bad: dict[str, list[Ran]]) -> None:
    run = bad["all_lost"][0]
    assert (run.own_text, run.foreign_text) == (None, None)
    assert of(run.foreign, "tog") == of(run.asked, "tog") == 0


@pytest.mark.parametrize(("key", "times"), [("one_of_openai", "seven"), ("one_of_groq", "six")])
def test_a_proposer_that_openai_refuses_ends_the_run(key: str, times: str, bad: dict[str, list[Ran]]) -> None:
    run = bad[key][0]
    assert stated(run, f"a call that fails is made {times} times, and then ends the run")
    assert of(run.foreign, "broken") == {"seven": 7, "six": 6}[times]
    assert (run.own_text is None, run.foreign_text) == (False, None)


def test_a_ranker_that_fails_ends_the_run(bad: dict[str, list[Ran]]) -> None:
    run = bad["ranker_lost"][0]
    assert stated(run, BAD_DAYS[1])
    assert (run.own_text is None, run.foreign_text) == (False, None)


@pytest.mark.parametrize("key", ["critic_lost", "tests_lost"])
def test_a_judge_without_form_is_asked_ten_times_and_ends_the_run(key: str, bad: dict[str, list[Ran]]) -> None:
    run = bad[key][0]
    assert stated(run, r"a (reply|list) .* up to ten times, and then ends the run")
    assert (of(run.asked, "mumbler"), of(run.foreign, "mumbler")) == (1, 10)
    assert run.foreign_text is None


def test_a_verifier_that_fails_drops_the_candidate(bad: dict[str, list[Ran]]) -> None:
    run = bad["verifier_lost"][0]
    assert stated(run, r"a reply .* up to ten times, and then drops the candidate")
    assert sum("Provide reasoning" in each.told and "note-unlucky" in each.told for each in run.foreign) == 10
    assert run.foreign[-1].told.count("note-") == 1


def test_a_grade_that_is_missing_shifts_the_others(bad: dict[str, list[Ran]]) -> None:
    run = bad["grader_lost"][0]
    assert stated(run, "where a reply is missing, the scores behind it go to other candidates")
    assert f"note-{named(5, 5)}-" in str(run.own_text)
    assert f"note-{named(1, 1)}-" in str(run.foreign_text)


def test_of_equals_another_is_first(bad: dict[str, list[Ran]]) -> None:
    found = []
    for run in [each for each in bad["equals"] if not each.error]:
        assert stated(run, "of answers that pass equally many tests another may be put first")
        words = [each.word for each in run.foreign if each.word.startswith("note")]
        assert run.own["tog"].word in str(run.own_text)
        assert max(words) in str(run.foreign_text)
        found.append(words.index(max(words)))
    assert set(found) != {0}, [(r.error, [e.word for e in r.foreign]) for r in bad["equals"]]


def test_a_short_question_ends_the_run(bad: dict[str, list[Ran]]) -> None:
    run = bad["equals"][2]
    assert stated(run, "a question of ten characters or fewer ends the run")
    assert (run.own_text is None, run.foreign_text) == (False, None)


def test_of_several_at_the_end_one_is_drawn(bad: dict[str, list[Ran]]) -> None:
    assert stated(bad["several"][0], "of several candidates at the end one is drawn; moaql answers with the first")
    places = [[each.word in str(run.foreign_text) for each in run.foreign].index(True) for run in bad["several"]]
    assert set(places) != {0}
    assert all(run.own["tog"].word in str(run.own_text) for run in bad["several"])


def test_a_system_message_is_not_sent(bad: dict[str, list[Ran]]) -> None:
    run = bad["one_lost"][3]
    assert stated(run, "a system message that comes with the question is not sent")
    assert all("Be brief." in each.told for each in run.asked)
    assert not any("Be brief." in each.told for each in run.foreign)


def test_reasoning_is_shown(bad: dict[str, list[Ran]]) -> None:
    run = bad["thinking"][0]
    assert stated(run, "reasoning between <think> tags is not taken out of answers")
    assert "secretly" in run.foreign[-1].told + str(run.foreign_text)
    assert "secretly" not in run.asked[-1].told + str(run.own_text)
