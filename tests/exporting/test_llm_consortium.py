"""llm-consortium runs what is exported for it, and asks what moaql asks, but for the losses."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exporting.by_losses import Ran, assert_alike, refusals, run_both
from exporting.environments import interpreter
from exporting.foreign import ForeignServer
from exporting.programs import GALLERY, gallery, gallery_models
from exporting.wants import COMMON, Rule, Wants

import moaql
from moaql.exporting import TARGETS
from moaql.exporting.base import Loss

DRIVER = """
import json, os, pathlib, sys, types
# The package imports scikit-learn for a strategy that is not used here, and does not say that it needs it.
for name in ("sklearn", "sklearn.cluster"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["sklearn.cluster"].DBSCAN = None
home = pathlib.Path.cwd() / "llm"
(home / "io.datasette.llm").mkdir(parents=True)  # the package fails where the folder of its log is not there
os.environ.update(HOME=str(home), XDG_CONFIG_HOME=str(home), LLM_USER_PATH=str(home))
import llm, yaml
from llm_consortium import ConsortiumConfig, ConsortiumModel
address, (folders, questions, counts) = sys.argv[1], map(json.loads, sys.argv[2:])
out = {}
for key, folder in folders.items():
    (path,) = pathlib.Path(folder).glob("*.json")
    config = ConsortiumConfig.from_dict(json.loads(path.read_text()))
    out[key] = []
    for number, each in enumerate(questions[: counts[key]]):
        base = f"{address}/llm/{key}.{number}/v1"
        names = {*config.models, config.arbiter}
        models = [{"model_id": name, "model_name": name, "api_base": base, "api_key_name": "openai"} for name in names]
        (home / "extra-openai-models.yaml").write_text(yaml.safe_dump(models))
        try:
            model = ConsortiumModel(key, config)
            conversation = model.conversation()
            out[key].append({"text": conversation.prompt(each["text"], system=each.get("system")).text()})
        except Exception as error:
            out[key].append({"text": None, "error": repr(error)})
print()
print(json.dumps(out))
"""
KEYS = {"OPENAI_API_KEY": "key-of-the-test-that-nobody-may-write"}
QUESTIONS: list[dict[str, Any]] = [{"text": "What is 17 * 23?"}, {"text": "Why is the sky blue?"}]


def at_llm(wants: Wants, loss: Loss, match: Any) -> None:
    """All models are asked where `llm` looks for them, by the protocol of OpenAI, which needs no limit."""

    def settings(want: Any) -> Any:
        return {
            name: value for name, value in want.settings.items() if want.protocol == "openai" or name != "max_tokens"
        }

    wants.change([loss.node], settings=settings, protocol="openai", place="llm", model=match.group(1))


def streamed(wants: Wants, loss: Loss, _: Any) -> None:
    more = {"stream": True, "stream_options": {"include_usage": True}}
    wants.change([loss.node], settings=lambda want: {**want.settings, **more})


RULES: dict[str, Rule] = {
    **COMMON,
    r"`.*` is called `(.*)` there: it must be an id that `llm` knows": at_llm,
    r"its answer is streamed, where `llm` can stream it": streamed,
}
ELSEWHERE = (
    r"members are shown in the order in which they answer, by the names of their models",
    r"the arbiter writes an answer besides its ranking, and where that cannot be read, its reply is the answer",
    r"answers are told apart by numbers below 1000 that are drawn anew, of which two may be the same",
    r"the answer is what stands between the arbiter's <synthesis> tags, if it writes them",
    r"where all members fail, the text of an empty record is the answer",
    r"only the text of a question is sent: no system message and no conversation before it",
    r"reasoning between <think> tags is not taken out of answers",
    r"prices, timeouts and retries cannot be stated",
)
GALLERY_TAKEN = {
    "best_of_n", "compare-mixture", "compare-self", "moa_lite", "multi_proposer", "one_liner-main", "self_moa", "single_proposer",
    "universal_self_consistency",
}  # fmt: skip
"""Of the gallery; the others have several layers, vote, branch, or judge: a consortium is one layer and an arbiter."""
OWN = """
model cold = "openai/cold" {address} temperature=0
model few = "openai/few" {address} max_tokens=50 top_p=0.9
model fewer = "openai/few" {address} max_tokens=20
model other = "groq/few" {address}
model short = "anthropic/short" {address} max_tokens=100
topology stated = layer [cold, few x2, fewer] -> agg gpt4o refs_in=user temperature=0.2
topology namesakes = layer [few, other, fewer] -> agg short
topology behind = layer [qwen, claude] -> agg mini refs_in=trailing max_tokens=70
"""
OWN_TAKEN = {"own-stated", "own-namesakes", "own-behind"}
BAD = """
model broken = "openai/broken" {address}
model mumbler = "openai/mumbler" {address}
model thinker = "openai/thinker" {address}
topology one_lost = layer [qwen, broken] -> agg llama
topology all_lost = layer [broken x2] -> agg qwen
topology arbiter_lost = layer [qwen, llama] -> agg broken
topology unranked = layer [qwen, llama] -> best mumbler
topology thinking = layer [thinker, qwen] -> agg llama
"""
ODD = [*QUESTIONS, {"text": "Why is the sky blue?", "system": "Be brief."}]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Ran]]:
    with ForeignServer() as server:
        address = f'base_url="http://127.0.0.1:{server.port}/own/v1" api_key_env="GALLERY_KEY"'
        programs = {
            **gallery(server),
            "own": gallery_models(server, "own") + OWN.replace("{address}", address),
            "bad": gallery_models(server, "bad") + BAD.replace("{address}", address),
        }
        folder = tmp_path_factory.mktemp("consortium")
        return run_both(
            server, folder, programs, ODD, "llm_consortium", DRIVER, interpreter("llm-consortium"), KEYS, GALLERY
        )


def test_what_is_taken_and_what_is_refused(ran: dict[str, list[Ran]], tmp_path: Path) -> None:
    with ForeignServer() as server:
        found = refusals(tmp_path, gallery(server), "llm_consortium")
    assert not set(found) & GALLERY_TAKEN
    assert all(
        each.startswith(("a consortium is one layer", "llm-consortium knows stages in a row"))
        for each in found.values()
    )
    assert {each for each in ran if not each.startswith("bad-")} == GALLERY_TAKEN | OWN_TAKEN


@pytest.mark.parametrize("key", sorted(GALLERY_TAKEN | OWN_TAKEN))
def test_it_asks_what_moaql_asks_but_for_the_losses(key: str, ran: dict[str, list[Ran]]) -> None:
    for each in ran[key][:2]:
        assert_alike(each, RULES, ELSEWHERE)


def test_a_loss_that_makes_no_difference_is_noticed(ran: dict[str, list[Ran]]) -> None:
    run = ran["own-behind"][0]
    with pytest.raises(AssertionError, match="nothing differs"):
        assert_alike(
            replace(run, losses=[*run.losses, Loss("layer1/qwen", "`top_p` cannot be stated")]), RULES, ELSEWHERE
        )
    for lost in run.losses:
        if not any(re.fullmatch(each, lost.what) for each in ELSEWHERE):
            with pytest.raises(AssertionError):
                assert_alike(replace(run, losses=[each for each in run.losses if each != lost]), RULES, ELSEWHERE)


# One test for each loss that the comparison leaves out


def stated(run: Ran, what: str) -> bool:
    return any(re.fullmatch(what, each.what) for each in run.losses)


def test_members_are_shown_by_their_names_without_tags(ran: dict[str, list[Ran]]) -> None:
    run = ran["own-behind"][0]
    assert stated(run, ELSEWHERE[0])
    assert set(re.findall(r"\(Model: (.*?)\)", run.foreign[-1].told)) == {"qwen-2.5-72b", "claude-3.5-sonnet"}
    assert "qwen" not in run.asked[-1].told.replace("note-qwen", "")


def test_the_answer_stands_between_tags(ran: dict[str, list[Ran]]) -> None:
    run = ran["own-behind"][0]
    assert stated(run, ELSEWHERE[3])
    assert run.foreign_text == f"{run.foreign[-1].word} is it."


def test_a_ranking_is_asked_for_beside_an_answer_and_may_be_missing(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-unranked"][0]
    assert stated(run, ELSEWHERE[1])
    assert stated(run, ELSEWHERE[2])
    assert "<synthesis>" in run.foreign[-1].told
    assert run.foreign_text == f"mumble {run.foreign[-1].word}"
    assert run.own["layer1/qwen"].word in str(run.own_text)
    numbers = re.findall(r"--- RESPONSE (\d+) ", run.foreign[-1].told)
    assert all(int(each) < 1000 for each in numbers)


def test_a_member_that_fails_is_left_out(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-one_lost"][0]
    assert [each.model for each in run.foreign if each.model == "broken"] == ["broken"]
    assert len(re.findall(r"--- RESPONSE", run.foreign[-1].told)) == 1
    assert run.foreign_text


def test_where_all_fail_a_record_is_the_answer(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-all_lost"][0]
    assert stated(run, ELSEWHERE[4])
    assert run.own_text is None
    assert str(run.foreign_text).startswith("{'synthesis': {}")


def test_where_the_arbiter_fails_there_is_no_answer(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-arbiter_lost"][0]
    assert (run.own_text, run.foreign_text) == (None, None)
    assert run.error


def test_a_system_message_is_not_sent(ran: dict[str, list[Ran]]) -> None:
    run = ran["own-behind"][2]
    assert stated(run, ELSEWHERE[5])
    assert all("Be brief." in each.told for each in run.asked)
    assert not any("Be brief." in each.told for each in run.foreign)


def test_reasoning_is_shown(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-thinking"][0]
    assert stated(run, ELSEWHERE[6])
    assert "secretly" in run.foreign[-1].told
    assert "secretly" not in run.asked[-1].told


def test_namesakes_keep_their_providers() -> None:
    text = 'model a = "openai/x"\nmodel b = "groq/x"\nmodel c = "openai/y"\ntopology t = layer [a, b x2, c] -> agg c\n'
    program = moaql.parse(text)
    (written,) = TARGETS.find("llm_consortium").files(moaql.build(program, "t"), program).values()  # type: ignore[union-attr]
    assert json.loads(written)["models"] == {"openai/x": 1, "groq/x": 2, "y": 1}
