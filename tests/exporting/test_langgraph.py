"""The exported graph of LangGraph asks what moaql asks, in one go and in several, and answers what moaql answers."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exporting.constructs import PIPELINES, ROUTED, constructs, fitted_routers
from exporting.constructs import QUESTIONS as QUESTIONS_WITH_FIELDS
from exporting.environments import interpreter
from exporting.programs import GALLERY, KEY, QUESTIONS, Runtime, Told, compare
from exporting.programs import gallery as programs_of_the_gallery
from exporting.recording import RecordingServer

import moaql
from moaql.exporting import TARGETS
from moaql.graph.nodes import Graph

DRIVER = """
import asyncio, json, sys
out = {}
for key, folder in json.loads(sys.argv[1]).items():
    sys.path.insert(0, folder)
    import graph, topology
    async def ask(each):
        said = [("system", each["system"])] if each.get("system") else []
        said += [*each.get("history", ()), ("user", each["text"])]
        try:
            state = await graph.graph.ainvoke({"messages": said, "fields": each.get("fields", {}), "seed": 3})
        except topology.NoAnswer as error:
            return {"text": None, "cost": None, "error": str(error)}
        assert state["messages"][-1].content == state["answer"] == state["outputs"][0]
        return {"text": state["answer"], **state["bill"]}
    async def run():
        found = await asyncio.gather(*map(ask, json.loads(sys.argv[2])))
        assert not graph.SHARED and not graph.CLIENTS
        return found
    out[key] = asyncio.run(run())
    sys.path.remove(folder)
    del sys.modules["graph"], sys.modules["topology"]
assert not [name for name in sys.modules if name.startswith("moaql")]
print(json.dumps(out))
"""
HELD_UP = (
    "begins when all stages that run beside those it reads are done: LangGraph runs in steps that wait for one another"
)


@pytest.fixture(scope="module")
def python() -> str:
    return interpreter("langgraph")


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        running.failing = frozenset({"broken"})
        yield running


@pytest.fixture(scope="module")
def gallery(server: RecordingServer, tmp_path_factory: pytest.TempPathFactory, python: str) -> dict[str, Told]:
    programs, questions = programs_of_the_gallery(server), [{"text": each} for each in QUESTIONS[:3]]
    return compare(
        server, tmp_path_factory.mktemp("gallery"), programs, questions, Runtime("langgraph", DRIVER, python)
    )


@pytest.fixture(scope="module")
def told(server: RecordingServer, tmp_path_factory: pytest.TempPathFactory, python: str) -> dict[str, Told]:
    folder, runtime = tmp_path_factory.mktemp("constructs"), Runtime("langgraph", DRIVER, python)
    programs = constructs(server) | fitted_routers(server, tmp_path_factory.mktemp("routers"))
    return compare(server, folder, programs, QUESTIONS_WITH_FIELDS, runtime)


@pytest.mark.parametrize("name", GALLERY)
def test_the_gallery_sends_what_moaql_sends(name: str, gallery: dict[str, Told], server: RecordingServer) -> None:
    own, exported = server.requests("moaql", name), server.requests("langgraph", name)
    assert sum(own.values()) >= 3
    assert exported == own


@pytest.mark.parametrize("name", GALLERY)
def test_the_gallery_answers_what_moaql_answers(name: str, gallery: dict[str, Told]) -> None:
    for key, each in gallery.items():
        if key.partition("::")[0] == name:
            agrees(each)
            assert all(loss.partition(" (and at ")[0] == HELD_UP for loss in each.losses)


@pytest.mark.parametrize("name", [*PIPELINES, *ROUTED])
def test_every_construct_sends_what_moaql_sends(name: str, told: dict[str, Told], server: RecordingServer) -> None:
    own, exported = server.requests("moaql", name), server.requests("langgraph", name)
    assert sum(own.values()) >= 3
    assert exported == own


@pytest.mark.parametrize("name", [*PIPELINES, *ROUTED])
def test_every_construct_answers_what_moaql_answers(name: str, told: dict[str, Told]) -> None:
    agrees(told[name])


def agrees(told: Told) -> None:
    assert [each["text"] for each in told.exported] == [text for text, _ in told.own]
    assert [each["cost"] for each in told.exported] == [
        None if paid is None else pytest.approx(paid) for _, paid in told.own
    ]


def test_no_key_is_written(gallery: dict[str, Told], server: RecordingServer) -> None:
    assert all("GALLERY_KEY" in each.text and KEY not in each.text for each in gallery.values())


# What LangGraph adds: threads, checkpoints, streams

PREPARED = """
import asyncio, json, os
from langgraph.checkpoint.memory import InMemorySaver
import graph as exported, topology
from graph import builder, graph
kept = builder.compile(checkpointer=InMemorySaver())
thread = {"configurable": {"thread_id": "1"}}
def candidates(state, stage):
    return [each and each["text"] for each in state["stages"][stage]]
"""


class Exported:
    """A topology with models `a`, `b` and `c` at a server; `c` needs a key."""

    def __init__(self, pipeline: str, server: RecordingServer, folder: Path, python: str) -> None:
        models = "".join(
            f'model {name} = "openai/{name}" seed=1 base_url="http://127.0.0.1:{server.port}/{folder.name}/v1" '
            f"api_key_env={key} price_in=$1 price_out=$2\n"
            for name, key in (("a", "none"), ("b", "none"), ("broken", "none"), ("c", '"KEY_OF_C"'))
        )
        program = moaql.parse(f"{models}topology t = {pipeline}\n")
        self.graph: Graph = moaql.build(program, "t")
        self._server, self._folder, self._python = server, folder, python
        target = TARGETS.find("langgraph")
        assert target is not None
        self.losses = [(each.node, each.what) for each in target.losses(self.graph, program)]
        self.files = dict(target.files(self.graph, program))
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")

    def run(self, code: str, **environment: str) -> Any:
        """What the code prints, read as JSON."""
        self._server.who = "langgraph"
        done = self.command("-c", PREPARED + code, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def command(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run its Python."""
        return subprocess.run(
            [self._python, *words],
            capture_output=True,
            text=True,
            cwd=self._folder,
            timeout=60,
            check=False,
            env={**os.environ, **environment},
        )

    @property
    def asked(self) -> Counter[str]:
        """How often each model was asked."""
        requests = self._server.requests("langgraph", self._folder.name)
        return Counter(
            {model: sum(n for body, n in requests.items() if f'"model": "{model}"' in body) for model in "abc"}
        )

    @property
    def bodies(self) -> list[str]:
        """All requests; equal ones as often as they came."""
        return list(self._server.requests("langgraph", self._folder.name).elements())


def test_a_run_that_failed_midway_asks_only_for_what_is_missing(
    server: RecordingServer, tmp_path: Path, python: str
) -> None:
    exported = Exported("layer [a, b]x2 -> agg c", server, tmp_path, python)
    found = exported.run(
        """
try:
    asyncio.run(kept.ainvoke({"question": "Why?"}, thread))
except topology.NoKey as error:
    failed = str(error)
before = kept.get_state(thread)
assert not exported.SHARED
os.environ["KEY_OF_C"] = "k"
after = asyncio.run(kept.ainvoke(None, thread))
print(json.dumps([failed, before.next, before.values["stages"], after["bill"]]))
""",
        KEY_OF_C="",
    )
    failed, following, stages, bill = found
    assert failed == "c needs a key: set KEY_OF_C in the environment"
    assert following == ["agg"]
    assert [each["model"] for each in stages["layer1"]] == ["a", "a", "b", "b"]
    assert exported.asked == {"a": 2, "b": 2, "c": 1}
    assert (bill["calls"], bill["lost"]) == (5, [])


def test_candidates_may_be_edited_while_a_run_is_interrupted(
    server: RecordingServer, tmp_path: Path, python: str
) -> None:
    exported = Exported("layer [a, b] -> agg c", server, tmp_path, python)
    exported.run(
        """
halted = builder.compile(checkpointer=InMemorySaver(), interrupt_before=["agg"])
asyncio.run(halted.ainvoke({"question": "Why?"}, thread))
stages = halted.get_state(thread).values["stages"]
stages["layer1"][0]["text"] = "A better draft."
halted.update_state(thread, {"stages": stages})
print(json.dumps(asyncio.run(halted.ainvoke(None, thread))["answer"]))
""",
        KEY_OF_C="k",
    )
    assert exported.asked == {"a": 1, "b": 1, "c": 1}
    assert sum("A better draft." in each for each in exported.bodies) == 1


def test_equal_requests_of_different_nodes_are_sent_once_also_after_an_interruption(
    server: RecordingServer, tmp_path: Path, python: str
) -> None:
    exported = Exported("a -> verify b -> verify b -> agg b", server, tmp_path, python)
    calls = exported.run(
        """
halted = builder.compile(checkpointer=InMemorySaver(), interrupt_before=["verify2_verdicts"])
asyncio.run(halted.ainvoke({"question": "Why?"}, thread))
assert "verify_verdicts" in (known := halted.get_state(thread).values["stages"])
assert "verify2_verdicts" not in known
print(json.dumps(asyncio.run(halted.ainvoke(None, thread))["bill"]["calls"]))
"""
    )
    assert len(exported.bodies) == len(set(exported.bodies)) == calls == 3


def test_a_thread_is_a_conversation_and_each_turn_asks_anew(
    server: RecordingServer, tmp_path: Path, python: str
) -> None:
    exported = Exported("a x3 -> when agreement > 1 { vote } else { agg b }", server, tmp_path, python)
    first, second = exported.run(
        """
async def turns():
    one = await kept.ainvoke({"messages": [("system", "Be brief."), ("user", "What is 2 + 2?")]}, thread)
    two = await kept.ainvoke({"question": "And 4 more?"}, thread)
    return one, two
one, two = asyncio.run(turns())
print(json.dumps([[each["answer"], each["bill"]["calls"], [m.type for m in each["messages"]]] for each in (one, two)]))
"""
    )
    assert first[1:] == [4, ["system", "human", "ai"]]
    assert second[1:] == [4, ["system", "human", "ai", "human", "ai"]]
    asked = [json.loads(each.partition(" ")[2])["messages"] for each in exported.bodies]
    history = [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": first[0]}]
    later = [each for each in asked if each[-1]["content"] == "And 4 more?"]
    assert len(later) == 4
    assert all(each[1:-1] == history and each[0]["content"].startswith("Be brief.") for each in later)


def test_a_turn_that_was_given_up_makes_the_next_ask_for_nothing_more(
    server: RecordingServer, tmp_path: Path, python: str
) -> None:
    cases = "case one { layer [a, c] -> agg b } case two { layer [a, c] -> vote } else { b }"
    exported = Exported(f"route by=kind {{ {cases} }}", server, tmp_path, python)
    assert "only_in=" in exported.files["graph.py"]
    exported.run(
        """
try:
    asyncio.run(kept.ainvoke({"question": "Why?", "fields": {"kind": "one"}}, thread))
except topology.NoKey:
    os.environ["KEY_OF_C"] = "k"
print(json.dumps(asyncio.run(kept.ainvoke({"question": "Who?", "fields": {"kind": "two"}}, thread))["answer"]))
""",
        KEY_OF_C="",
    )
    who = [each for each in exported.bodies if "Who?" in each]
    assert len(who) == 2
    assert not any('"model": "b"' in each for each in exported.bodies)


def test_the_drawing_shows_stages_and_cases(server: RecordingServer, tmp_path: Path, python: str) -> None:
    exported = Exported("a x3 -> when agreement > 0.5 { vote } else { agg b }", server, tmp_path, python)
    drawing, schema = exported.run(
        "print(json.dumps([graph.get_graph().draw_mermaid(), graph.get_input_jsonschema()['properties']]))"
    )
    for node in ("a", "when_decides", "when_decides = yes", "when_decides = no", "when_yes_vote", "when_no_agg"):
        assert f"({node})" in drawing
    assert set(schema) == {"messages", "question", "fields", "seed"}
    assert exported.losses == []


def test_updates_are_streamed_stage_by_stage_without_await_too(
    server: RecordingServer, tmp_path: Path, python: str
) -> None:
    exported = Exported("layer [a, broken] -> agg b", server, tmp_path, python)
    updates = exported.run(
        """
updates = [each for part in graph.stream({"question": "Why?"}, stream_mode="updates") for each in part.items()]
answer = updates[-1][1]["messages"].pop()
assert answer.usage_metadata["output_tokens"] == updates[-1][1]["bill"]["completion_tokens"]
print(json.dumps([(name, update) for name, update in updates if name != "begin"]))
"""
    )
    (first, layer), (second, agg), (last, end) = updates
    assert (first, second, last) == ("layer1", "agg", "finish")
    (there, lost) = layer["stages"]["layer1"]
    assert "The answer is" in there["text"]
    assert lost is None
    assert [each["text"] for each in agg["stages"]["agg"]] == [end["answer"]]
    assert [each["model"] for each in layer["replies"].values()] == ["a"]
    assert end["bill"]["lost"] == layer["lost"] == ["broken failed with status 400"]
    assert (end["bill"]["calls"], end["bill"]["cost"] > 0) == (2, True)


def test_what_cannot_be_answered_is_told(server: RecordingServer, tmp_path: Path, python: str) -> None:
    exported = Exported("layer [broken]x2 -> agg a", server, tmp_path, python)
    told = exported.run(
        """
def told(**given):
    try:
        return graph.invoke(given)
    except (topology.NoAnswer, ValueError) as error:
        return f"{type(error).__name__}: {error}"
image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
print(json.dumps([
    told(question="Why?"),
    told(messages=[("user", "Why?"), ("assistant", "So.")]),
    told(messages=[{"role": "user", "content": [{"type": "text", "text": "Why?"}, image]}]),
]))
"""
    )
    assert told == [
        "NoAnswer: no candidate is left: broken failed with status 400; broken failed with status 400",
        "ValueError: the last message must be the user's: give `messages`, or a `question`",
        "ValueError: only text can be asked, and a message holds image_url",
    ]


def test_stages_that_are_held_up_are_losses(server: RecordingServer, tmp_path: Path, python: str) -> None:
    exported = Exported("layer [pair, c] -> agg a\ntopology pair = layer [a, b] -> agg b", server, tmp_path, python)
    assert exported.losses == [("layer1/pair/agg/b", HELD_UP)]


def test_the_configuration_is_one_of_langgraph(server: RecordingServer, tmp_path: Path, python: str) -> None:
    exported = Exported("a x3 -> vote", server, tmp_path, python)
    done = exported.command("-m", "langgraph_cli", "validate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is valid. (1 graph found)" in done.stdout


def test_stages_may_be_called_like_parts_of_the_state(server: RecordingServer, tmp_path: Path, python: str) -> None:
    models = "model messages = a temperature=0.5\nmodel begin = a temperature=0.6\nmodel finish = b"
    exported = Exported(
        f"messages -> when agreement >= 1 {{ begin }} else {{ finish }}\n{models}", server, tmp_path, python
    )
    answer, nodes = exported.run(
        'print(json.dumps([graph.invoke({"question": "Why?"})["answer"], list(graph.get_graph().nodes)]))'
    )
    assert "The answer is" in answer
    assert {"begin", "messages_2", "finish"} < set(nodes)
    assert exported.asked == {"a": 2, "b": 0, "c": 0}
