"""The exported provider in promptfoo: topologies, single models, and eval sets with their metrics."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from exporting import promptfoo_runtime
from exporting.constructs import QUESTIONS, constructs
from exporting.programs import GALLERY, KEY, Runtime, Told, compare
from exporting.programs import gallery as programs_of_the_gallery
from exporting.promptfoo_runtime import Promptfoo
from exporting.recording import RecordingServer

import moaql
from moaql.evaluation.task import open_task
from moaql.exporting import TARGETS
from moaql.exporting.promptfoo_eval.tests import COPIED
from moaql.metrics.base import Judged

SHOWN = [
    "one_fails",
    "everybody_fails",
    "quorum",
    "fallback_of_a_model",
    "fields_and_counts",
    "sorted_by_kind",
    "prompts",
]
"""Constructs that are asked by promptfoo; what it calls is the file of which the tests of `python` ask all."""


DRIVER = """
import json, os, pathlib, subprocess, sys
folders, questions = json.loads(sys.argv[1]), json.loads(sys.argv[2])
place = pathlib.Path.cwd() / "together"
place.mkdir()
providers = []
for key, folder in folders.items():
    config = json.loads(pathlib.Path(folder, "promptfooconfig.yaml").read_text())
    own = config["providers"][0]
    own |= {"id": f"file://{folder}/provider.py:call_api", "label": key, "config": {"workers": 1, "seed": 3}}
    providers.append(own)
tests = []
for each in questions:
    told = [{"role": "system", "content": each["system"]}] if each.get("system") else []
    told += [{"role": role, "content": text} for role, text in each.get("history", ())]
    messages = [*told, {"role": "user", "content": each["text"]}]
    tests.append({"vars": {**each.get("fields", {}), "question": json.dumps(messages) if told else each["text"]}})
config = {"prompts": ["{{question}}"], "providers": providers, "tests": tests, "evaluateOptions": {"maxConcurrency": 8}}
(place / "promptfooconfig.yaml").write_text(json.dumps(config))
words = [os.environ["NODE"], os.environ["ENTRY"], "eval", "-c", "promptfooconfig.yaml", "--no-cache", "--no-table", "-o", "out.json"]
done = subprocess.run(words, cwd=place, capture_output=True, text=True)
assert (place / "out.json").exists(), done.stdout[-2000:] + done.stderr[-2000:]
out = {key: [None] * len(tests) for key in folders}
for each in json.loads((place / "out.json").read_text())["results"]["results"]:
    said = each.get("response") or {}
    out[each["provider"]["label"]][each["testIdx"]] = {
        "text": said.get("output"), "cost": said.get("cost"), "requests": (said.get("tokenUsage") or {}).get("numRequests"), "error": each.get("error"),
    }
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def promptfoo() -> Promptfoo:
    return promptfoo_runtime.promptfoo()


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        running.failing = frozenset({"broken"})
        yield running


@pytest.fixture(scope="module")
def told(
    server: RecordingServer, promptfoo: Promptfoo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Told]]:
    folder = tmp_path_factory.mktemp("all")
    shown = constructs(server)
    programs = {**programs_of_the_gallery(server), **{name: shown[name] for name in SHOWN}}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in promptfoo.environment(folder).items():
            patched.setenv(name, value)
        patched.setenv("NODE", promptfoo.node)
        patched.setenv("ENTRY", promptfoo.entry)
        runtime = Runtime("promptfoo", DRIVER, promptfoo.python, 300)
        yield compare(server, folder, programs, QUESTIONS[:2], runtime)


@pytest.mark.parametrize("name", [*GALLERY, *SHOWN])
def test_it_sends_what_moaql_sends(name: str, told: dict[str, Told], server: RecordingServer) -> None:
    own, exported = server.requests("moaql", name), server.requests("promptfoo", name)
    assert sum(own.values()) >= 2
    assert exported == own


@pytest.mark.parametrize("name", [*GALLERY, *SHOWN])
def test_it_answers_what_moaql_answers_at_the_same_price(name: str, told: dict[str, Told]) -> None:
    for key, each in told.items():
        if key.partition("::")[0] == name:
            assert each.losses == []
            for said, (text, paid) in zip(each.exported, each.own, strict=True):
                assert said["text"] == text
                assert said["cost"] == (None if paid is None else pytest.approx(paid))


def test_a_topology_of_which_everybody_fails_is_an_error_there(told: dict[str, Told]) -> None:
    for each in told["everybody_fails"].exported:
        assert "no candidate is left: broken failed with status 400" in each["error"]


def test_no_key_is_written(told: dict[str, Told]) -> None:
    assert not any(KEY in each.text for each in told.values())
    assert all('        keys=("GALLERY_KEY",),' in told[name].text for name in GALLERY if name in told)


# Single models and eval sets

PROGRAM = """
model a = "openai/a" {at} api_key_env="A_KEY" seed=3 temperature=0.3 stop="END" price_in=$1 price_out=$2
model claude = "anthropic/c" {at} api_key_env=none top_p=0.5 price_in=$1 price_out=$2
model broken = "openai/broken" {at} api_key_env=none price_in=$1 price_out=$2
model spare = broken or a temperature=0.9
model played = "sim/gpt-4o"
eval sums = "sums.jsonl" metric=number
eval words = "words.jsonl" metric=exact
eval patterns = "words.jsonl" metric=regex
topology main = layer [a, claude, broken, spare] -> vote by=number tie=first
topology with_played = layer [a, played] -> vote tie=first
"""
SUMS = [
    {"id": "s1", "question": "What is {{a}} 2 - 2?", "target": "0", "tags": ["x", "y"]},
    {"id": "s2", "question": "2 - 1?", "target": 1.0},
]
WORDS = [
    {"id": "w1", "question": "Which word?", "target": ["the answer is 2", "x"]},
    {"id": "w2", "question": "Which?", "target": ["0", "1", "2"]},
]


@dataclass
class Compared:
    """An eval in promptfoo."""

    program: moaql.Program
    results: list[dict[str, Any]]
    requests: Counter[str]

    def of(self, label: str) -> list[dict[str, Any]]:
        found = [each for each in self.results if each["provider"]["label"] == label]
        return sorted(found, key=lambda each: int(each["testIdx"]))


@pytest.fixture(scope="module")
def compared(server: RecordingServer, promptfoo: Promptfoo, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder = tmp_path_factory.mktemp("one")
    for name, rows in (("sums", SUMS), ("words", WORDS)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    at = f'base_url="http://127.0.0.1:{server.port}/one/v1"'
    (folder / "p.moaql").write_text(PROGRAM.format(at=at), encoding="utf-8")
    program = moaql.load(folder / "p.moaql")
    target = TARGETS.find("promptfoo")
    assert target is not None
    for path, text in target.files(moaql.build(program, "main"), program).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    server.who = "promptfoo"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("A_KEY", KEY)
        return Compared(program, promptfoo.run(folder), server.requests("promptfoo", "one"))


def questions() -> list[str]:
    return [str(each["question"]) for each in (*SUMS, *WORDS, *WORDS)]


def test_a_single_model_is_asked_as_a_program_of_that_model_asks_it(
    compared: Compared, server: RecordingServer
) -> None:
    server.who = "moaql"
    models = compared.program.source.text.partition("eval sums")[0]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("A_KEY", KEY)
        own = {name: [] for name in ("main", "a", "claude", "broken", "spare")}
        for name, answers in own.items():
            topology = (
                compared.program if name == "main" else moaql.parse(f"{models}topology main = {name}\n")
            ).topology("main")
            for text in questions():
                try:
                    answer = topology.run(text, bank="none", attempts=1)
                    answers.append((answer.text, answer.paid, len(answer.said)))
                except moaql.NoCandidates:
                    answers.append((None, None, 0))
    assert compared.requests == server.requests("moaql", "one")
    for name, answers in own.items():
        for result, (text, paid, calls) in zip(compared.of(name), answers, strict=True):
            said = result["response"]
            if text is None:
                assert "broken failed with status 400" in result["error"]
            else:
                assert (said["output"], said["tokenUsage"]["numRequests"]) == (text, calls)
                assert said["cost"] == pytest.approx(paid)


def test_asserts_score_as_the_metrics_of_moaql(compared: Compared) -> None:
    items = [(open_task(compared.program, name), at) for name in ("sums", "words", "patterns") for at in (0, 1)]
    scores = []
    for label in ("main", "a", "claude"):
        for (task, at), result in zip(items, compared.of(label), strict=True):
            item = task.items[at]
            judged = Judged(item.question, item.target, item.fields, item.id)
            score = asyncio.run(task.metric.score(result["response"]["output"], judged))
            assert result["description" if "description" in result else "testCase"]
            assert (result["success"], result["score"]) == (score.value == 1, score.value)
            scores.append(score.value)
    assert set(scores) == {0.0, 1.0}


SAID = ["The answer is 2.", "The answer is (B).", "The answer is 3.", "Nobody knows."]
ITEM = '{"question": "What is 1 + 1?", "answer": "2", "choices": ["1", "2"]}\n'


@pytest.mark.parametrize("metric", COPIED)
def test_each_assert_scores_without_moaql_as_the_metric_does(metric: str, tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text(ITEM, encoding="utf-8")
    (tmp_path / "p.moaql").write_text(
        f'model a = "openai/a"\neval e = "e.jsonl" fields=[choices] metric={metric}\ntopology t = a\n', encoding="utf-8"
    )
    program = moaql.load(tmp_path / "p.moaql")
    files = TARGETS.find("promptfoo").files(moaql.build(program, "t"), program)  # type: ignore[union-attr]
    exported: dict[str, Any] = {"__name__": f"assert_{metric}"}
    exec(files[f"metrics/{metric}.py"], exported)
    sys.modules.pop(exported["__name__"])
    config = json.loads(files["tests/e.json"])[0]["assert"][0]["config"]
    task = open_task(program, "e")
    (item,) = task.items
    judged = Judged(item.question, item.target, item.fields, item.id)
    own = [asyncio.run(task.metric.score(text, judged)) for text in SAID]
    found = [exported["get_assert"](text, {"config": config}) for text in SAID]
    assert [(each["score"], each["reason"]) for each in found] == [(each.value, each.feedback) for each in own]
    assert len({each.value for each in own}) > 1


def test_a_model_that_is_asked_alone_keeps_its_own_setting_for_answers_that_are_cut_off() -> None:
    program = moaql.parse('model a = "openai/a" truncated=drop\ntopology t = a truncated=keep\n')
    files = TARGETS.find("promptfoo").files(moaql.build(program, "t"), program)  # type: ignore[union-attr]
    single = json.loads(files["promptfooconfig.yaml"])["providers"][1]
    assert single["config"]["settings"] == {"truncated": "drop"}
    assert 'truncated: str = "keep"' in files["topology.py"]


def test_a_simulated_model_is_told_as_lost(compared: Compared) -> None:
    target = TARGETS.find("promptfoo")
    assert target is not None
    graph = moaql.build(compared.program, "with_played")
    assert "`played` is not among the single models" in [each.what for each in target.losses(graph, compared.program)]
    config = json.loads(target.files(graph, compared.program)["promptfooconfig.yaml"])
    assert [each["label"] for each in config["providers"]] == ["with_played", "a"]


def test_a_metric_without_an_assert_is_named(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text('{"question": "What?", "target": "{}"}\n')
    (tmp_path / "p.moaql").write_text('model a = "openai/a"\neval e = "e.jsonl" metric=json\ntopology t = a\n')
    program = moaql.load(tmp_path / "p.moaql")
    files = TARGETS.find("promptfoo").files(moaql.build(program, "t"), program)  # type: ignore[union-attr]
    assert "There is no assert for e (`json`)" in json.loads(files["promptfooconfig.yaml"])["description"]
    assert "assert" not in json.loads(files["tests/e.json"])[0]


def test_a_program_without_an_eval_set_has_one_sample(tmp_path: Path) -> None:
    program = moaql.parse('model a = "openai/a"\ntopology t = a\n')
    files = TARGETS.find("promptfoo").files(moaql.build(program, "t"), program)  # type: ignore[union-attr]
    assert json.loads(files["tests/sample.json"])[0]["assert"] == [{"type": "contains", "value": "391"}]
