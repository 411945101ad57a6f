"""The exported pipeline of Haystack, run by Haystack: it asks what moaql asks, and answers what moaql answers."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from exporting.constructs import PIPELINES, QUESTIONS, ROUTED, constructs, fitted_routers
from exporting.environments import interpreter
from exporting.programs import GALLERY, KEY, Runtime, Told, compare, gallery
from exporting.programs import QUESTIONS as SHORT
from exporting.recording import RecordingServer
from servers.faults import Asked, FaultServer, Later, Says, Status

import moaql
from moaql.exporting import TARGETS
from moaql.exporting.base import Loss
from moaql.exporting.haystack_pipeline.yaml import yaml_text

LOADING = """
import asyncio, json, os, pathlib, sys, threading, time
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
import networkx, yaml
from haystack import Pipeline, SuperComponent, component
from haystack.core.errors import DeserializationError, PipelineRuntimeError
from haystack.components.builders import ChatPromptBuilder
from haystack.dataclasses import ChatMessage

def loaded(folder):
    (package,) = [each.name for each in pathlib.Path(folder).iterdir() if each.is_dir()]
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        del sys.modules[name]  # another program has a topology of the same name
    for name in [each for each in component.registry if each.startswith(package + ".")]:
        del component.registry[name]
    sys.path[0] = folder
    text = (pathlib.Path(folder) / "pipeline.yaml").read_text()
    once = text.replace("max_runs_per_component: 100", "max_runs_per_component: 1")
    return Pipeline.loads(once, allowed_modules=[package]), package

def asked(question):
    messages = [ChatMessage.from_system(question["system"])] if question.get("system") else []
    for role, text in question.get("history", ()):
        messages.append(ChatMessage.from_user(text) if role == "user" else ChatMessage.from_assistant(text))
    messages.append(ChatMessage.from_user(question["text"]))
    return {"question": {"messages": messages, "fields": question.get("fields", {}), "seed": 3}}
"""
DRIVER = (
    LOADING
    + """
out = {}
for key, folder in json.loads(sys.argv[1]).items():
    pipeline, package = loaded(folder)
    assert networkx.is_directed_acyclic_graph(pipeline.graph), key
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=[package])
    out[key] = []
    for number, question in enumerate(json.loads(sys.argv[2])):
        try:
            # Both ways to run it, in turn; one of them by what it was dumped as.
            done = asyncio.run(again.run_async(asked(question))) if number % 2 else pipeline.run(asked(question))
            reply = done["answer"]["replies"][0]
            out[key].append({"text": reply.text, "cost": reply.meta["cost"]})
        except PipelineRuntimeError as error:
            assert "no candidate is left" in str(error), error
            out[key].append({"text": None, "cost": None})
print(json.dumps(out))
"""
)


@pytest.fixture(scope="module")
def python() -> str:
    return interpreter("haystack")


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        running.failing = frozenset({"broken"})
        yield running


@pytest.fixture(scope="module")
def told(server: RecordingServer, python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    runtime = Runtime("haystack", DRIVER, python)
    short = [{"text": each} for each in SHORT]
    found = compare(server, tmp_path_factory.mktemp("gallery"), gallery(server), short, runtime)
    programs = constructs(server) | fitted_routers(server, tmp_path_factory.mktemp("routers"))
    return found | compare(server, tmp_path_factory.mktemp("constructs"), programs, QUESTIONS, runtime)


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES, *ROUTED])
def test_it_sends_what_moaql_sends(name: str, told: dict[str, Told], server: RecordingServer) -> None:
    own = server.requests("moaql", name)
    assert sum(own.values()) >= 3
    assert server.requests("haystack", name) == own


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES, *ROUTED])
def test_it_answers_what_moaql_answers_at_the_same_price(name: str, told: dict[str, Told]) -> None:
    found = [each for key, each in told.items() if key.partition("::")[0] == name]
    assert found
    for each in found:
        assert [one["text"] for one in each.exported] == [text for text, _ in each.own]
        assert [one["cost"] for one in each.exported] == [
            None if paid is None else pytest.approx(paid) for _, paid in each.own
        ]


def test_no_key_is_written(told: dict[str, Told], server: RecordingServer) -> None:
    assert not any(KEY in each.text for each in told.values())
    assert all("GALLERY_KEY" in each.text for key, each in told.items() if key in GALLERY)
    keys = {each.get("authorization", each.get("x-api-key")) for each in server.headers}
    assert keys == {f"Bearer {KEY}", KEY, None}  # `broken` needs none


# What a user of Haystack does with it

USED = (
    LOADING
    + """
folder, document = sys.argv[1:3]
found = {"yaml": yaml.safe_load(document)}

# Haystack trusts no other modules.
text = (pathlib.Path(folder) / "pipeline.yaml").read_text()
sys.path[0] = folder
try:
    Pipeline.loads(text)
except DeserializationError as error:
    found["distrusted"] = str(error)
os.environ["HAYSTACK_DESERIALIZATION_ALLOWLIST"] = "panel_pipeline"
pipeline = Pipeline.loads(text)

def told(done):
    reply = done["answer"]["replies"][0]
    return [reply.text, reply.meta["cost"], reply.meta["calls"], reply.meta["lost"], reply.meta["usage"]["total_tokens"]]

# Side by side and one by one, within a loop that runs already, and from threads: no question gets what is another's.
questions = [f"question {number}" for number in range(4)]
async def several():
    return await asyncio.gather(*(pipeline.run_async(asked({"text": each})) for each in questions))
found["at once"] = [told(each) for each in asyncio.run(several())]
async def in_a_notebook():
    return told(pipeline.run(asked({"text": "question 0"})))
found["in a notebook"] = asyncio.run(in_a_notebook())
answers = {}
def in_a_thread(text):
    answers[text] = told(pipeline.run(asked({"text": text})))
threads = [threading.Thread(target=in_a_thread, args=(each,)) for each in questions]
for each in threads: each.start()
for each in threads: each.join()
found["in threads"] = [answers[each] for each in questions]

# What every stage gave, and what is handed on is what the next one reads.
done = pipeline.run(asked({"text": "question 0"}), include_outputs_from={"layer1"})
found["inspected"] = [each and each.text for each in done["layer1"]["candidates"]]
import panel_pipeline.components, panel_pipeline.topology
Candidates = panel_pipeline.topology.Candidates
@component
class Last:
    @component.output_types(candidates=Candidates)
    def run(self, candidates: Candidates):
        return {"candidates": [None] * (len(candidates) - 1) + candidates[-1:]}
line = "  - {sender: layer1.candidates, receiver: agg.layer1}\\n"
assert line in text
between = Pipeline.loads(text.replace(line, ""))
between.add_component("last", Last())
between.connect("layer1.candidates", "last.candidates")
between.connect("last.candidates", "agg.layer1")
between.run(asked({"text": "another"}))

# It stands where a chat generator stands.
generator = SuperComponent(pipeline, input_mapping={"messages": ["question.messages"]}, output_mapping={"answer.replies": "replies"})
outer = Pipeline()
outer.add_component("prompt", ChatPromptBuilder([ChatMessage.from_system("Be brief."), ChatMessage.from_user("question {{ number }}")]))
outer.add_component("model", generator)
outer.connect("prompt.prompt", "model.messages")
found["as a generator"] = outer.run({"prompt": {"number": 3}})["model"]["replies"][0].text

found["again"] = told(pipeline.run(asked({"text": "again"})))
for name, messages in (("nobody answers", "fail"), ("no question", [ChatMessage.from_assistant("Yes?")])):
    for way in (pipeline.run, lambda data: asyncio.run(pipeline.run_async(data))):
        try:
            way({"question": {"messages": messages}})
        except PipelineRuntimeError as error:
            found.setdefault(name, []).append(str(error))
print(json.dumps(found))
"""
)
DOCUMENT = {
    "texts": [
        "yes",
        "NO",
        "null",
        "",
        " a",
        "a: b",
        "#",
        "1",
        "1.5",
        "a.b",
        'said "so"',
        "ä\x7f\u2028\n",
        "-",
        "😀\ufeff",
    ],
    "no": {"on": True, "2": {}, "of lists": [], "three": 3, "long": ["a_name_that_takes_its_place"] * 9},
    "pairs": [{"from": "a.b", "to": "c"}, {"from": "", "to": "yes"}],
}
PANEL = "topology panel = layer [a, b] -> agg c"


class Player:
    """Answers all questions but two: one it never does, and one when it is asked again."""

    def __init__(self, act: Later | None = None) -> None:
        self.act = act
        self.asked_again = False

    def __call__(self, asked: Asked) -> Status | Says | Later:
        if asked.question == "fail":
            return Status(400)
        if asked.question == "again" and not self.asked_again:
            self.asked_again = True
            return Status(429, headers={"retry-after": "0"})
        return self.act or Says(f"{asked.model} on {asked.question}")


@pytest.fixture(scope="module")
def used(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("used")
    with FaultServer(a=Player(), b=Player(Later(0.05, Says("slow"))), c=Player()) as server:
        program = moaql.parse(server.program(PANEL))
        target = TARGETS.find("haystack")
        assert target is not None
        for name, text in target.files(moaql.build(program, "panel"), program).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        words = [python, "-W", "error::ResourceWarning", "-c", USED, str(folder), yaml_text(DOCUMENT)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        yield {**found, "asked": list(server.asked)}


def test_haystack_loads_it_when_it_is_told_to_trust_its_package(used: dict[str, Any]) -> None:
    assert (
        "from module 'panel_pipeline.components': the module is not on the trusted-module allowlist"
        in used["distrusted"]
    )


def test_questions_at_once_do_not_mix(used: dict[str, Any]) -> None:
    alone = [[f"c on question {number}", pytest.approx(3 * 120 / 1e6), 3, [], 330] for number in range(4)]
    assert used["at once"] == alone
    assert used["in threads"] == alone
    assert used["in a notebook"] == alone[0]


def test_what_a_stage_gives_can_be_looked_at(used: dict[str, Any]) -> None:
    assert used["inspected"] == ["a on question 0", "slow"]


def test_a_stage_reads_what_it_is_handed(used: dict[str, Any]) -> None:
    (told,) = [str(each.body) for each in used["asked"] if each.model == "c" and each.question == "another"]
    assert "slow" in told
    assert "a on another" not in told


def test_it_stands_where_a_chat_generator_stands(used: dict[str, Any]) -> None:
    assert used["as a generator"] == "c on question 3"
    (told,) = [each.body for each in used["asked"] if each.model == "a" and "Be brief." in str(each.body)]
    assert [each["role"] for each in told["messages"]] == ["system", "user"]


def test_what_may_pass_is_tried_again(used: dict[str, Any]) -> None:
    assert used["again"] == ["c on again", pytest.approx(3 * 120 / 1e6), 3, [], 330]
    assert [each.model for each in used["asked"] if each.question == "again"].count("c") == 2


def test_failures_are_clear(used: dict[str, Any]) -> None:
    for message in used["nobody answers"]:
        assert "no candidate is left: " in message
        assert "a failed with status 400" in message
        assert "b failed with status 400" in message
    for message in used["no question"]:
        assert "the last message must be the user's" in message
    assert (len(used["nobody answers"]), len(used["no question"])) == (2, 2)


def test_yaml_reads_as_what_was_written(used: dict[str, Any]) -> None:
    assert used["yaml"] == DOCUMENT


# What is written


def written(pipeline: str) -> tuple[dict[str, str], list[Loss]]:
    models = "".join(f'model {name} = "openai/{name}" base_url="http://127.0.0.1:1/v1"\n' for name in "abc")
    program = moaql.parse(f'{models}model question = "openai/q"\ntopology panel = {pipeline}')
    target = TARGETS.find("haystack")
    assert target is not None
    graph = moaql.build(program, "panel")
    return dict(target.files(graph, program)), list(target.losses(graph, program))


def test_a_stage_that_is_called_as_an_end_of_the_pipeline_keeps_its_name() -> None:
    files, _ = written("question")
    assert "\n  question:\n    type: panel_pipeline.components.Stage\n" in files["pipeline.yaml"]
    assert "sender: question_2.run, receiver: question.run" in files["pipeline.yaml"]
    assert 'run({"question_2": {"messages"' in files["panel_pipeline/components.py"]


def test_that_stages_run_in_turn_is_told_where_they_could_run_at_once() -> None:
    _, losses = written("layer [a, b] -> agg c")
    assert [each.node for each in losses] == []
    _, losses = written("layer [(layer [a, b] -> agg c), (layer [b, c] -> agg a)] -> agg b")
    assert "one stage after another" in losses[0].what
    _, losses = written("a x3 -> when agreement > 0.5 { vote } else { layer [b, c] -> agg c }")
    assert [each.node for each in losses] == []  # the cases exclude one another
