"""Together's script takes the arguments that are exported for it, and asks what moaql asks, but for the losses.

The script is on no package index: the tests that run it do so where MOAQL_TOGETHER_MOA names a checkout of togethercomputer/MoA.
"""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exporting.by_losses import Ran, assert_alike, refusals, run_both
from exporting.environments import interpreter
from exporting.foreign import Asked, ForeignServer
from exporting.programs import gallery, gallery_models
from exporting.wants import COMMON, Rule, Wants

import moaql
from moaql.exporting import TARGETS
from moaql.exporting.base import Loss
from moaql.providers.endpoints import ENDPOINTS, Endpoint

CHECKOUT = os.environ.get("MOAQL_TOGETHER_MOA", "")
needs_checkout = pytest.mark.skipif(not CHECKOUT, reason="MOAQL_TOGETHER_MOA names no checkout of togethercomputer/MoA")

DRIVER = """
import json, os, pathlib, runpy, shlex, sys, time, types
import requests
address, (folders, questions, counts) = sys.argv[1], map(json.loads, sys.argv[2:])
checkout = os.environ["MOAQL_TOGETHER_MOA"]
sys.path.insert(0, checkout)
post, run, item = requests.post, "", {}
requests.post = lambda url, **more: post(url.replace("https://api.together.xyz", f"{address}/together/{run}"), **more)
time.sleep = lambda seconds: None


class Questions(list):  # what the script does with its data set
    def remove_columns(self, names):
        return self

    def map(self, function, **more):
        return Questions({**each, **function(each)} for each in self)


for name in ("datasets", "openai"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["datasets"].load_dataset = lambda *names, **more: {"eval": Questions([item])}
pathlib.Path("outputs").mkdir()
out = {}
for key, folder in folders.items():
    (path,) = pathlib.Path(folder).glob("*.sh")
    (python, script, *arguments) = shlex.split(path.read_text().replace("\\\\\\n", " "), comments=True)
    assert (python, script) == ("python", "generate_for_alpaca_eval.py")
    (place,) = (each.partition("=")[2] for each in arguments if each.startswith("--output-path="))
    out[key] = []
    for number, each in enumerate(questions[: counts[key]]):
        run, item = f"{key}.{number}", {"instruction": each["text"]}
        sys.argv = [script, *arguments]
        try:
            runpy.run_path(f"{checkout}/{script}", run_name="__main__")
            (found,) = json.loads(pathlib.Path(place).read_text())
            out[key].append({"text": found["output"]})
        except Exception as error:
            out[key].append({"text": None, "error": repr(error)})
print()
print(json.dumps(out))
"""
QUESTIONS: list[dict[str, Any]] = [{"text": "What is 17 * 23?"}, {"text": "Why is the sky blue?"}]


def at_together(wants: Wants, loss: Loss, match: Any) -> None:
    """Asked by the protocol of OpenAI, which needs no limit."""

    def settings(want: Any) -> Any:
        needed = want.protocol == "anthropic" and want.settings.get("max_tokens") == 4096
        return {name: value for name, value in want.settings.items() if not (needed and name == "max_tokens")}

    wants.change([loss.node], settings=settings, protocol="openai", place="together", model=match.group(1))


def sent_instead(wants: Wants, loss: Loss, match: Any) -> None:
    name, value, own = match.groups()
    for want in wants.all:
        assert want.node != loss.node or want.settings.get(name) == (None if own is None else json.loads(own))
    wants.setting(loss.node, name, json.loads(value))


RULES: dict[str, Rule] = {
    **COMMON,
    r"`.*` is asked at Together with TOGETHER_API_KEY, by the name `(.*)`": at_together,
    r"`(temperature|max_tokens)=([\d.]+)` is sent(?:, not ([\d.e-]+))?": sent_instead,
}
ELSEWHERE = (
    r"the questions are those of AlpacaEval, and the answers go into a file",
    r"only the text of a question is sent: no system message and no conversation before it",
    r"reasoning between <think> tags is not taken out of answers",
    r"where all proposers of a layer fail, those behind them are asked the bare question",
    r"timeouts and retries cannot be stated: a call is made up to six times, unless its request is refused",
    r"prices cannot be stated, and the script counts no cost",
)
GALLERY_TAKEN = {
    "archon_moa", "compare-mixture", "compare-self", "moa", "moa_lite", "multi_proposer", "one_liner-main", "self_moa", "single_proposer",
}  # fmt: skip
"""Of the gallery; the others are no layers of the same models with one aggregator behind them."""
OWN = """
model cold = "openai/cold" {address} temperature=0
model few = "openai/few" {address} max_tokens=50 top_p=0.9
model tog = "together_ai/org/a"
model bare = "together_ai/bare" seed=4
topology stated = layer [cold, few x2] -> agg gpt4o refs_in=user temperature=0.2
topology behind = layer [qwen, claude]x2 temperature=0.3 -> layer [qwen, claude]x2 temperature=0.3 -> agg gpt4o refs_in=trailing max_tokens=70
topology exactly = layer [tog x2] temperature=0.00001 max_tokens=30 -> agg tog temperature=0.7 max_tokens=2048
topology plain_names = layer [bare, cold] -> agg bare
topology one_name = layer [bare] -> agg cold
"""
OWN_TAKEN = {"own-stated", "own-behind", "own-exactly", "own-plain_names", "own-one_name"}
BAD = """
model tog = "together_ai/org/a"
model broken = "together_ai/broken"
model thinker = "together_ai/thinker"
model busy = "together_ai/busy"
topology one_lost = layer [tog, broken] -> agg tog
topology all_lost = layer [broken x2] -> layer [broken x2] -> agg tog
topology thinking = layer [thinker, tog] -> agg thinker
topology late = layer [busy, tog] -> agg tog
"""
ODD = [
    *QUESTIONS,
    {"text": "Why is the sky blue?", "system": "Be brief.", "history": [["user", "Hello"], ["assistant", "Yes?"]]},
]


@pytest.fixture(scope="module")
def server() -> Iterator[ForeignServer]:
    with ForeignServer() as server, pytest.MonkeyPatch.context() as patched:
        own = Endpoint(f"http://127.0.0.1:{server.port}/together/v1", "TOGETHER_API_KEY")
        patched.setitem(ENDPOINTS, "together_ai", own)
        yield server


def programs(server: ForeignServer) -> dict[str, str]:
    address = f'base_url="http://127.0.0.1:{server.port}/own/v1" api_key_env="GALLERY_KEY"'
    own = gallery_models(server, "own") + OWN.replace("{address}", address)
    return {**gallery(server), "own": own, "bad": BAD}


# The arguments

PARSE = """
import json, sys
from fire import Fire


def main(
    model: str, output_path: str, reference_paths: str = None, reference_models: str = None, temperature: float = 0.7,
    max_tokens: int = 2048, rounds: int = 1, num_proc: int = 16,
):
    found.append([model, output_path, reference_models.split(","), temperature, max_tokens, rounds])


out = []
for words in json.loads(sys.argv[1]):
    found = []
    Fire(main, words)
    out += found
print(json.dumps(out))
"""
"""A function of the signature that the script documents, which splits the names as the script does."""


def test_fire_reads_the_arguments_as_they_are_meant(server: ForeignServer, tmp_path: Path) -> None:
    writer = TARGETS.find("together")
    assert writer is not None
    (tmp_path / "refused").mkdir()
    refused = refusals(tmp_path / "refused", programs(server), "together")
    assert all("Together's script" in each for each in refused.values())
    taken, words, meant = set(), [], []
    for name, text in programs(server).items():
        (tmp_path / f"{name}.moaql").write_text(text, encoding="utf-8")
        program = moaql.load(tmp_path / f"{name}.moaql")
        for topology in program.topologies:
            graph = moaql.build(program, topology)
            if (name if topology == name else f"{name}-{topology}") in refused:
                continue
            (script,) = writer.files(graph, program).values()
            taken.add(name if topology == name else f"{name}-{topology}")
            words.append(shlex.split(script.replace("\\\n", " "), comments=True)[2:])
            calls = list(graph.calls)
            names = [call.model.id.partition("/")[2] for call in calls if not call.inputs]
            rounds = (len(calls) - 1) // len(names)
            meant.append([calls[-1].model.id.partition("/")[2], f"outputs/{graph.name}.json", names, rounds])
    assert {each for each in taken if not each.startswith("bad-")} == GALLERY_TAKEN | OWN_TAKEN
    python = interpreter("together")
    done = subprocess.run([python, "-c", PARSE, json.dumps(words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.splitlines()[-1])
    assert [[model, path, names, rounds] for model, path, names, _, _, rounds in read] == meant
    assert all(isinstance(each[3], int | float) and isinstance(each[4], int) for each in read)


# The script


@pytest.fixture(scope="module")
def ran(server: ForeignServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Ran]]:
    folder = tmp_path_factory.mktemp("together")
    return run_both(server, folder, programs(server), ODD, "together", DRIVER, interpreter("together"), {})


@needs_checkout
@pytest.mark.parametrize("key", sorted(GALLERY_TAKEN | OWN_TAKEN))
def test_it_asks_what_moaql_asks_but_for_the_losses(key: str, ran: dict[str, list[Ran]]) -> None:
    for each in ran[key][:2]:
        assert_alike(each, RULES, ELSEWHERE)


@needs_checkout
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


def of(asked: list[Asked], model: str) -> list[Asked]:
    return [each for each in asked if each.model == model]


def stated(run: Ran, place: int) -> bool:
    return any(re.fullmatch(ELSEWHERE[place], each.what) for each in run.losses)


@needs_checkout
def test_the_question_alone_is_sent(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-one_lost"][2]
    assert stated(run, 1)
    assert all("Be brief." in each.told and "Yes?" in each.told for each in run.asked)
    assert not any("Be brief." in each.told or "Yes?" in each.told for each in run.foreign)


@needs_checkout
def test_a_proposer_that_is_refused_is_left_out(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-one_lost"][0]
    assert len(of(run.foreign, "broken")) == len(of(run.asked, "broken")) == 1
    assert run.foreign[-1].told.count("note-") == run.asked[-1].told.count("note-") == 1


@needs_checkout
def test_where_all_fail_the_bare_question_is_asked(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-all_lost"][0]
    assert stated(run, 3)
    assert run.own_text is None
    assert [each.messages for each in run.foreign] == [(("user", "What is 17 * 23?"),)] * 5
    assert run.foreign_text


@needs_checkout
def test_reasoning_is_shown(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-thinking"][0]
    assert stated(run, 2)
    assert "secretly" in run.foreign[-1].told
    assert "secretly" not in run.asked[-1].told


@needs_checkout
def test_a_call_that_fails_is_made_six_times(ran: dict[str, list[Ran]]) -> None:
    run = ran["bad-late"][0]
    assert stated(run, 4)
    assert (len(of(run.asked, "busy")), len(of(run.foreign, "busy"))) == (1, 6)
    assert run.foreign_text
