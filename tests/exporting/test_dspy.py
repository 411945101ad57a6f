"""The exported DSPy module asks what moaql asks, by instructions that DSPy can change, save and load."""

import asyncio
import importlib
import io
import itertools
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.utils import DummyLM
from exporting.constructs import PIPELINES, ROUTED, constructs, fitted_routers
from exporting.constructs import QUESTIONS as QUESTIONS_WITH_FIELDS
from exporting.programs import GALLERY, KEY, PROGRAMS, QUESTIONS, Runtime, Told, compare
from exporting.programs import gallery as programs_of_the_gallery
from exporting.recording import RecordingServer
from servers.faults import FaultServer, Status

import moaql
from moaql.exporting import TARGETS
from moaql.tuning import template

DRIVER = """
import asyncio, importlib, json, sys
import dspy
out = {}
for key, folder in json.loads(sys.argv[1]).items():
    sys.path.insert(0, folder)
    for name in ("module", "topology"):
        sys.modules.pop(name, None)
    module = importlib.import_module("module")
    sys.path.remove(folder)
    program = module.load(seed=3, cache=False)
    program.save(folder + "/again.json")
    async def run():
        found = []
        for each in json.loads(sys.argv[2]):
            try:
                said = await program.acall(
                    each["text"], each.get("system", ""), each.get("history", ()), each.get("fields", {})
                )
                found.append({"text": said.answer, "cost": said.cost})
            except module.topology.NoAnswer as error:
                found.append({"text": None, "cost": None})
        return found
    out[key] = asyncio.run(run())
assert not [name for name in sys.modules if name == "moaql" or name.startswith("moaql.") or name == "litellm"]
print(json.dumps(out))
"""
RUNTIME = Runtime("dspy", DRIVER)


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        running.failing = frozenset({"broken"})
        yield running


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [tmp_path_factory.mktemp("gallery"), tmp_path_factory.mktemp("constructs")]


@pytest.fixture(scope="module")
def told(server: RecordingServer, folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    asked = [{"text": each} for each in QUESTIONS]
    gallery = compare(server, folders[0], programs_of_the_gallery(server), asked, RUNTIME)
    programs = constructs(server) | fitted_routers(server, tmp_path_factory.mktemp("routers"))
    return gallery | compare(server, folders[1], programs, QUESTIONS_WITH_FIELDS, RUNTIME)


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES, *ROUTED])
def test_it_sends_what_moaql_sends(name: str, told: dict[str, Told], server: RecordingServer) -> None:
    own, exported = server.requests("moaql", name), server.requests("dspy", name)
    assert sum(own.values()) >= 3
    assert exported == own


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES, *ROUTED])
def test_it_answers_what_moaql_answers_at_the_same_price(name: str, told: dict[str, Told]) -> None:
    for key, each in told.items():
        if key.partition("::")[0] == name:
            assert each.losses == []
            assert [said["text"] for said in each.exported] == [text for text, _ in each.own]
            assert [said["cost"] for said in each.exported] == [
                None if paid is None else pytest.approx(paid) for _, paid in each.own
            ]


def test_the_written_state_is_what_dspy_saves(told: dict[str, Told], folders: list[Path]) -> None:
    written = [path for folder in folders for path in folder.glob("*/module.json")]
    assert len(written) == len(told)
    for path in written:
        assert path.read_bytes() == path.with_name("again.json").read_bytes()


def test_no_key_is_written(told: dict[str, Told], server: RecordingServer) -> None:
    assert all(KEY not in each.text for each in told.values())
    assert all("GALLERY_KEY" in told[name].text for name in GALLERY if name in told)
    sent = {each.get("authorization", each.get("x-api-key")) for each in server.headers}
    assert sent - {None} == {f"Bearer {KEY}", KEY}


# One panel, in this process


PANEL = '''
model a = "openai/a" seed=1 {reached}
model b = "openai/b" seed=1 {reached}
model c = "openai/c" {reached}
prompt merge {
  system """Write one answer.

{candidates:xml}"""
  user "{question}"
}
topology panel = layer [a, b x2] temperature=0.7 -> agg c prompt=merge
'''
QUESTION = "What is 17 * 23?"
_numbers = itertools.count(1)


@pytest.fixture
def asked() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        yield running


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Exports a program, and imports what was written as a package of its own; DSPy's cache is empty, and not on the disk."""
    empty = dspy.clients.Cache(enable_disk_cache=False, enable_memory_cache=True, disk_cache_dir=None)
    monkeypatch.setattr(dspy, "cache", empty)
    monkeypatch.syspath_prepend(tmp_path)

    def exported(text: str) -> Any:
        folder = tmp_path / f"exported_{next(_numbers)}"
        folder.mkdir()
        program = moaql.parse(text)
        target = TARGETS.find("dspy")
        assert target is not None
        for name, written in target.files(moaql.build(program, next(iter(program.topologies))), program).items():
            (folder / name).write_text(written, encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(f"{folder.name}.module")

    return exported


def panel(server: RecordingServer, text: str = PANEL) -> str:
    reached = f'base_url="http://127.0.0.1:{server.port}/p/v1" api_key_env=none price_in=$1 price_out=$1'
    return text.replace("{reached}", reached)


def bodies(server: RecordingServer, model: str) -> list[dict[str, Any]]:
    """What a model was asked so far."""
    found = [json.loads(each.partition(" ")[2]) for each in server.requests("", "p").elements()]
    return [each for each in found if each["model"] == model]


def test_dspy_sees_every_call(asked: RecordingServer, export: Any) -> None:
    module = export(panel(asked))
    program = module.load()
    with dspy.context(trace=[], track_usage=True):
        said = program(question=QUESTION)
        ((predict, inputs, prediction),) = dspy.settings.trace
    assert predict is program.aggregate
    assert (inputs["question"].text, len(inputs["candidates"])) == (QUESTION, 3)
    assert prediction.answer == said.answer
    assert (said.calls, said.lost, said.notes, said.candidates) == (4, [], [], [said.answer])
    usage = said.get_lm_usage()
    assert set(usage) == {"moaql/a", "moaql/b", "moaql/c"}
    assert sum(each["total_tokens"] for each in usage.values()) / 1e6 == pytest.approx(said.cost)
    shown = io.StringIO()
    program.inspect_history(n=4, file=shown)
    assert shown.getvalue().count(QUESTION) == 4
    assert "Write one answer." in shown.getvalue()
    assert len(program.history) == 4


def test_a_changed_instruction_changes_its_text_and_nothing_else(asked: RecordingServer, export: Any) -> None:
    module = export(panel(asked))
    module.load(cache=False)(question=QUESTION)
    path = Path(module.__file__).with_name("module.json")
    path.write_text(path.read_text().replace("Write one answer.", r"Write \"one\" sentence, {{briefly}}."))
    module.load(cache=False)(question=QUESTION)
    before, after = bodies(asked, "c")
    system = before["messages"][0]
    assert "Write one answer.\n\n<candidate" in system["content"]
    system["content"] = system["content"].replace("Write one answer.", 'Write "one" sentence, {briefly}.')
    assert after == before
    assert len(bodies(asked, "a")) == 2
    assert bodies(asked, "a")[0] == bodies(asked, "a")[1]


def test_what_was_saved_is_loaded(asked: RecordingServer, export: Any, tmp_path: Path) -> None:
    module = export(panel(asked))
    program = module.Panel()
    assert program.dump_state() == module.load().dump_state()
    signature = program.aggregate.signature
    program.aggregate.signature = signature.with_instructions("Better:\n{candidates:xml}")
    program.save(str(tmp_path / "better.json"))
    loaded = module.load(tmp_path / "better.json")
    assert loaded.aggregate.signature.instructions == "Better:\n{candidates:xml}"
    loaded(question=QUESTION)
    (body,) = bodies(asked, "c")
    assert body["messages"][0]["content"].startswith("Better:\n<candidate")


def test_what_moaql_tuned_is_what_is_sent(asked: RecordingServer, export: Any) -> None:
    found = moaql.tune(moaql.load(PROGRAMS.parent / "docs" / "examples" / "tuned.moaql"), seed=1, bank="none")
    assert found.text is not None
    real = f'base_url="http://127.0.0.1:{asked.port}/p/v1" api_key_env=none'
    tuned = found.text.replace('"sim/', '"openai/').replace('file="tuned_world.json"', real)
    module = export("\n".join(line for line in tuned.splitlines() if not line.startswith("eval ")))
    state = json.loads(Path(module.__file__).with_name("module.json").read_text())
    instructions = state["aggregate"]["signature"]["instructions"]
    assert instructions == found.document["text_after"] != found.document["text_before"]
    module.load()(question=QUESTION)
    (body,) = bodies(asked, "deepseek-v2.5")
    words = instructions.partition("\n")[0].replace("{n}", "3")
    assert body["messages"][0]["content"].startswith(f"{words}\n\n<candidate")


def test_instructions_that_lost_a_placeholder_are_not_loaded_and_not_sent(asked: RecordingServer, export: Any) -> None:
    module = export(panel(asked))
    path = Path(module.__file__).with_name("module.json")
    good = path.read_text()
    path.write_text(good.replace("{candidates:xml}", "the candidates"))
    with pytest.raises(ValueError, match=r"`aggregate` cannot be sent: they have lost \{candidates:xml\}"):
        module.load()
    path.write_text(good)
    program = module.load()
    program.aggregate.signature = program.aggregate.signature.with_instructions("Write.")
    said = program(question=QUESTION)
    assert (said.answer, said.calls, said.cost) == ("", 0, 0.0)
    assert "have lost {candidates:xml}" in said.notes[0]
    assert not asked.requests("", "p")


def test_an_optimizer_of_dspy_goes_on(asked: RecordingServer, export: Any) -> None:
    module = export(panel(asked))
    proposals = ["Do as you like.", "Weigh every claim.\n\n{candidates:xml}", "Be brief.\n\n{candidates:xml}"]
    told = [{"proposed_instruction": each, "proposed_prefix_for_output_field": "Answer:"} for each in proposals]
    model = DummyLM(told)

    def metric(example: Any, prediction: Any, trace: object = None) -> float:
        return float(
            bool(prediction.answer) and "Weigh every claim" in bodies(asked, "c")[-1]["messages"][0]["content"]
        )

    optimizer = dspy.COPRO(prompt_model=module.writer(model), metric=metric, breadth=4, depth=1)
    examples = [dspy.Example(question=each).with_inputs("question") for each in QUESTIONS[:2]]
    how = {"num_threads": 1, "display_progress": False}
    found = optimizer.compile(module.load(), trainset=examples, eval_kwargs=how)
    assert found.aggregate.signature.instructions == proposals[1]
    # The refused proposal was not sent, and its author had been told what to keep.
    assert not any("Do as you like" in str(each) for each in bodies(asked, "c"))
    assert "({candidates:xml})" in model.history[0]["messages"][0]["content"]
    found(question=QUESTIONS[3])
    assert bodies(asked, "c")[-1]["messages"][0]["content"].startswith("Weigh every claim.\n\n<candidate")


def test_equal_questions_are_answered_by_the_cache(asked: RecordingServer, export: Any) -> None:
    module = export(panel(asked))
    program = module.load()
    first, second = program(question=QUESTION), program(question=QUESTION)
    assert (first.calls, second.calls, second.cost) == (4, 0, 0.0)
    assert second.answer == first.answer
    assert [each["seed"] for each in sorted(bodies(asked, "b"), key=lambda each: each["seed"])] == [1, 2]
    program.aggregate.update_config(rollout_id=1)
    third = program(question=QUESTION)
    assert third.calls == 1
    assert bodies(asked, "c")[0] == bodies(asked, "c")[1]


def test_it_answers_inside_of_a_running_loop_and_beside_itself(asked: RecordingServer, export: Any) -> None:
    program = export(panel(asked)).load()

    async def run() -> list[str]:
        inside = program(question=QUESTIONS[0])
        beside = await asyncio.gather(*(program.acall(question=each) for each in QUESTIONS[1:]))
        return [each.answer for each in (inside, *beside)]

    found = asyncio.run(run())
    examples = [dspy.Example(question=each).with_inputs("question") for each in QUESTIONS]
    again = program.batch(examples, num_threads=2, disable_progress_bar=True)
    assert [each.answer for each in again] == found
    assert len(bodies(asked, "c")) == len(QUESTIONS)


def test_failures_are_tried_again_or_told(export: Any) -> None:
    with FaultServer(a=[Status(503, headers={"retry-after": "0"}), "one"], b=Status(400), c="both") as server:
        module = export(server.program("topology t = layer [a, b] -> agg c"))
        said = module.load()(question="Who?")
        assert (said.answer, said.calls, said.lost) == ("both", 2, ["b failed with status 400"])
        assert len(server.of("a")) == 2
        module = export(server.program("topology t = b"))
        with pytest.raises(module.topology.NoAnswer, match="b failed with status 400"):
            module.load()(question="Who?")


def test_a_missing_key_is_named(export: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    module = export('model a = "openai/a"\ntopology t = a')
    with pytest.raises(module.topology.NoKey, match="a needs a key: set OPENAI_API_KEY"):
        module.load()(question="Who?")


def test_what_dspy_adds_elsewhere_is_refused_or_warned_of(
    asked: RecordingServer, export: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = export(panel(asked)).load()
    with pytest.raises(ValueError, match=r"models of a topology stand in topology\.py"):
        program.set_lm(DummyLM([{"answer": "x"}]))
    monkeypatch.setattr(logging.getLogger("dspy"), "propagate", True)
    shown = [dspy.Example(question="1 + 1", answer="2").with_inputs("question")]
    compiled = dspy.LabeledFewShot(k=1).compile(program, trainset=shown)
    assert len(compiled.aggregate.demos) == 1
    compiled(question=QUESTION)
    assert "examples (demos) are not shown" in caplog.text
    assert "1 + 1" not in str(bodies(asked, "c"))


TEMPLATES = [
    "{question} {n} {candidates} {candidates:xml} {candidates:numbered}",
    'Plain: {candidates:plain} and {candidates:plain sep="\\n--\\n"} and { candidates : plain sep="\\"" }',
    "{field.kind} {field.a-b.c} {{not this}} {{{n}}} }}",
    "{history}{scores}{critiques}{tests}{labels}",
    "A brace { that opens nothing, {candidates:xml",
    "",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_templates_are_read_as_moaql_reads_them(text: str, asked: RecordingServer, export: Any) -> None:
    module = export(panel(asked))
    assert tuple(module.placeholders(text)) == template.placeholders_in(text)
    for seed in TEMPLATES[:4]:
        prompt = module.Prompt(None, [("system", seed)], 0, {})
        assert bool(module.refusal(prompt, text)) == bool(template.refusal(seed, text))
