"""`moaql bank`: counting, sharing and pruning what was paid for."""

import asyncio
import gzip
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from moaql.bank.base import Entry
from moaql.bank.key import key_of
from moaql.bank.open import open_bank
from moaql.providers.base import Item, Request, Response

DAY = 86_400.0
CAPITAL, SUM = "What is the capital of France?", "2 + 2?"


def entry(
    question=CAPITAL,
    text="Paris",
    model="openai/gpt-4o",
    sample=0,
    settings=(),
    cost=0.25,
    date=1_700_000_000.0,
    messages=None,
    **more,
):
    provider, _, name = model.partition("/")
    request = Request(provider, name, messages or (("user", question),), settings, sample, **more)
    return Entry(request, Response(text, prompt_tokens=10, completion_tokens=3), cost, 1.5, date)


@pytest.fixture
def bank(tmp_path):
    """Stores entries in the bank of that folder, or gives all that it holds."""
    where = str(tmp_path / ".moaql" / "bank.db")

    def use(*entries, where=where):
        async def run():
            opened = open_bank(where)
            try:
                for each in entries:
                    await opened.store(key_of(each.request), each)
                return [pair async for pair in opened.entries()]
            finally:
                await opened.close()

        return asyncio.run(run())

    return use


def lines(path):
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in data.decode().splitlines()]


# stats


def test_stats_counts_by_model(moaql, bank):
    bank(
        entry(),
        entry(sample=1),
        entry(model="sim/qwen", cost=None),
        entry(model="sim/qwen", sample=1, date=1_700_000_000.0 + DAY),
    )
    done = moaql("bank", "stats")
    assert done.code == 0
    table = done.out.splitlines()
    assert table[0].split() == ["model", "entries", "tokens", "in", "tokens", "out", "dollars", "first", "last"]
    assert table[2].split()[:6] == ["openai/gpt-4o", "2", "20", "6", "$0.5", "2023-11-14"]
    assert table[3].split()[:8] == ["sim/qwen", "(simulated)", "2", "20", "6", "$0.25", "and", "1"]
    assert table[-1].startswith("4 entries, $0.75 and 1 unpriced, 0.")


def test_stats_as_json(moaql, bank):
    bank(entry(), entry(sample=1), entry(model="sim/qwen", cost=None))
    document = json.loads(moaql("bank", "stats", "--json").out)
    assert document["bank"] == os.path.join(".moaql", "bank.db")
    assert document["bytes"] > 4096
    assert (document["entries"], document["cost"], document["unpriced"]) == (3, 0.5, 1)
    known, unknown = document["models"]
    assert known["model"] == "openai/gpt-4o"
    assert {
        "simulated": False,
        "entries": 2,
        "prompt_tokens": 20,
        "completion_tokens": 6,
        "cost": 0.5,
        "unpriced": 0,
    }.items() <= known.items()
    assert (unknown["simulated"], unknown["cost"], unknown["unpriced"]) == (True, None, 1)


def test_a_bank_that_is_not_there_is_told_and_not_made(moaql, tmp_path):
    done = moaql("bank", "stats")
    assert done.code == 2
    assert "there is no bank at `.moaql/bank.db`" in done.err
    assert not (tmp_path / ".moaql").exists()


def test_an_empty_bank_is_told(moaql, bank):
    bank()
    assert moaql("bank", "stats").err == "The bank .moaql/bank.db is empty.\n"
    assert moaql("bank", "stats", "-q").err == ""
    assert json.loads(moaql("bank", "stats", "--json").out)["entries"] == 0


def test_the_bank_is_named_by_option_or_variable(moaql, bank, tmp_path):
    bank(entry(), where=str(tmp_path / "other.db"))
    assert json.loads(moaql("bank", "stats", "--json", "--bank", "other.db").out)["entries"] == 1
    assert (
        json.loads(moaql("bank", "stats", "--json", environment={"MOAQL_BANK": "sqlite:///other.db"}).out)["entries"]
        == 1
    )


def test_a_file_that_is_no_bank_fails_with_its_own_code(moaql, write):
    path = write("notes.txt", "not a database " * 100)
    for command in (["stats"], ["export", "--all", "-o", "x.jsonl"], ["prune", "--older-than", "1d", "--yes"]):
        done = moaql("bank", *command, "--bank", "notes.txt")
        assert done.code == 3
        assert "`notes.txt` is not a bank" in done.err
    assert path.read_text() == "not a database " * 100


# export


def test_export_writes_a_recorded_file(moaql, bank, write, tmp_path):
    write(
        "eval.jsonl",
        f'{{"id": "q2", "input": "{SUM}", "target": "4", "category": "maths"}}\n{{"id": "q1", "input": "{CAPITAL}", "target": "Paris"}}\n{{"id": "q3", "input": "Why?", "target": ""}}\n',
    )
    bank(entry(), entry(text="Lyon", model="sim/a"), entry(SUM, "4"), entry("another question"))
    done = moaql("bank", "export", "-o", "out.jsonl", "--data", "eval.jsonl", "--json")
    assert json.loads(done.out) == {
        "file": "out.jsonl",
        "questions": 2,
        "answers": 3,
        "models": ["openai/gpt-4o", "sim/a"],
        "left_out": {},
    }
    first, second = lines(tmp_path / "out.jsonl")
    answer = {
        "text": "4",
        "prompt_tokens": 10,
        "completion_tokens": 3,
        "latency_s": 1.5,
        "cost": 0.25,
        "date": 1_700_000_000.0,
    }
    assert first == {
        "id": "q2",
        "question": SUM,
        "target": "4",
        "category": "maths",
        "responses": {"openai/gpt-4o": [answer]},
    }
    assert (second["id"], second["target"], list(second)) == ("q1", "Paris", ["id", "question", "target", "responses"])
    assert {name: [each["text"] for each in answers] for name, answers in second["responses"].items()} == {
        "openai/gpt-4o": ["Paris"],
        "sim/a": ["Lyon"],
    }


def test_without_an_eval_set_all_questions_are_written_without_targets(moaql, bank, tmp_path):
    bank(
        entry(),
        entry(SUM, "4", item=Item(SUM, "sum-1"), date=1_800_000_000.0),
        entry("3 + 3?", "6", item=Item("3 + 3?", "sum-1"), date=1_900_000_000.0),
    )
    done = moaql("bank", "export", "-o", "out.jsonl")
    assert done.err == "out.jsonl: 3 answers to 3 questions, without targets (give --data)\n"
    rows = lines(tmp_path / "out.jsonl")
    assert [row["question"] for row in rows] == [CAPITAL, SUM, "3 + 3?"]
    assert [row["target"] for row in rows] == [None, None, None]
    assert rows[0]["id"].startswith("q-")
    assert [row["id"] for row in rows[1:]] == ["sum-1", "sum-1-2"]  # ids are told apart


def test_a_gap_among_the_samples_shifts_no_other(moaql, bank, tmp_path):
    bank(
        entry(text="three", sample=3), entry(text="zero"), entry(text="one", sample=1), entry(text="far", sample=10_000)
    )
    done = moaql("bank", "export", "-o", "out.jsonl")
    assert "3 answers to 1 question" in done.err
    assert "left out 1: samples from 10,000" in done.err
    (row,) = lines(tmp_path / "out.jsonl")
    assert [each and each["text"] for each in row["responses"]["openai/gpt-4o"]] == ["zero", "one", None, "three"]


def test_a_model_that_was_asked_with_settings_stands_apart(moaql, bank, tmp_path):
    bank(
        entry(),
        entry(text="warm", settings=(("temperature", 0.7),)),
        entry(text="two", settings=(("stop", ("a&b", "é")), ("temperature", 1.0))),
        entry(text="local", connection=(("api_key_env", "KEY"), ("base_url", "http://localhost:8000/v1"))),
    )
    moaql("bank", "export", "-o", "out.jsonl")
    (row,) = lines(tmp_path / "out.jsonl")
    assert {name: answer["text"] for name, (answer,) in row["responses"].items()} == {
        "openai/gpt-4o": "Paris",
        "openai/gpt-4o?temperature=0.7": "warm",
        'openai/gpt-4o?stop=["a%26b", "%C3%A9"]&temperature=1': "two",
        "openai/gpt-4o?base_url=http://localhost:8000/v1": "local",
    }
    assert row["responses"]["openai/gpt-4o?temperature=0.7"][0]["settings"] == {"temperature": 0.7}


def test_what_is_no_plain_question_is_left_out_and_told(moaql, bank, tmp_path):
    bank(
        entry(),
        entry(messages=(("system", "Answers: Paris, Lyon"), ("user", CAPITAL))),
        entry(messages=(("user", f"{CAPITAL} Others said: Lyon."),), item=Item(CAPITAL)),
    )
    done = moaql("bank", "export", "-o", "out.jsonl")
    assert "1 answer to 1 question" in done.err
    assert "left out 2: prompts with more than a question" in done.err
    assert len(lines(tmp_path / "out.jsonl")) == 1


def test_export_of_one_model(moaql, bank, tmp_path):
    bank(entry(), entry(model="sim/a"))
    assert moaql("bank", "export", "-o", "out.jsonl", "--model", "sim/a").code == 0
    assert list(lines(tmp_path / "out.jsonl")[0]["responses"]) == ["sim/a"]
    done = moaql("bank", "export", "-o", "two.jsonl", "--model", "openai/gpt-4")
    assert done.code == 2
    assert "the bank has no answer of `openai/gpt-4`\ndid you mean `openai/gpt-4o`?" in done.err


@pytest.mark.parametrize("arguments", [["--all"], []])
def test_a_file_that_is_there_is_only_replaced_by_force(moaql, bank, write, tmp_path, arguments):
    bank(entry())
    write("out.jsonl", "mine\n")
    done = moaql("bank", "export", "-o", "out.jsonl", *arguments)
    assert done.code == 2
    assert "`out.jsonl` is there already" in done.err
    assert (tmp_path / "out.jsonl").read_text() == "mine\n"
    assert moaql("bank", "export", "-o", "out.jsonl", "--force", *arguments).code == 0
    assert len(lines(tmp_path / "out.jsonl")) == 1
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o077 == 0


def test_an_export_that_fails_leaves_no_file_behind(moaql, bank, tmp_path):
    bank(entry())
    before = sorted(os.listdir(tmp_path))
    done = moaql("bank", "export", "-o", "out.jsonl", "--data", "gone.jsonl")
    assert (done.code, "cannot read `gone.jsonl`" in done.err) == (2, True)
    assert moaql("bank", "export", "-o", "nowhere/out.jsonl").code == 2
    assert moaql("bank", "export", "-o", "out.txt").code == 2
    assert sorted(os.listdir(tmp_path)) == before


# import


def test_a_dump_of_everything_comes_back_identical(moaql, bank, tmp_path):
    entries = [
        entry(text="naïve 日本語 👩‍👩‍👧 \0 \ud83d"),
        entry(
            text="no price",
            cost=None,
            sample=7,
            settings=(("logprobs", True), ("stop", ("a", "b")), ("temperature", 1.0)),
        ),
        entry(messages=(("system", "s"), ("user", "q"), ("assistant", "a")), item=Item("the question", "q1")),
        entry(connection=(("base_url", "http://localhost:8000/v1"),)),
        replace(entry(SUM), response=Response("x", "thought", None, None, "length", "gpt-4o-2026", 0.5, 2.0), date=1.5),
    ]
    before = bank(*entries)
    assert moaql("bank", "export", "--all", "-o", "dump.jsonl.gz").err == "dump.jsonl.gz: 5 entries\n"
    done = moaql("bank", "import", "dump.jsonl.gz", "--bank", "other.db")
    assert (done.code, done.err) == (0, "dump.jsonl.gz: 5 new, 0 known\n")
    assert bank(where=str(tmp_path / "other.db")) == before
    assert moaql("bank", "import", "dump.jsonl.gz", "--bank", "other.db").err == "dump.jsonl.gz: 0 new, 5 known\n"


def test_an_answer_of_a_model_that_reads_a_file_comes_back_without_the_file(moaql, bank, write, tmp_path):
    world = write("world.json", "{}")
    before = bank(entry(model="sim/a", connection=(("file", str(world)),)))
    moaql("bank", "export", "--all", "-o", "dump.jsonl")
    world.unlink()
    assert moaql("bank", "import", "dump.jsonl", "--bank", "other.db").code == 0
    assert bank(where=str(tmp_path / "other.db")) == before


def test_recorded_answers_come_back_under_the_keys_that_a_run_looks_for(moaql, bank, tmp_path):
    entries = [
        entry(),
        entry(text="three", sample=3),
        entry(SUM, "4", model="together_ai/meta-llama/Llama-3", settings=(("stop", ("a", "b")), ("temperature", 0.7))),
        entry(SUM, "5", model="openai/local", connection=(("base_url", "http://localhost:8000/v1"),)),
    ]
    before = bank(*entries)
    moaql("bank", "export", "-o", "out.jsonl")
    document = json.loads(moaql("bank", "import", "out.jsonl", "--bank", "other.db", "--json").out)
    assert document == {
        "bank": "other.db",
        "new": 4,
        "known": 0,
        "skipped": 0,
        "files": [{"file": "out.jsonl", "new": 4, "known": 0, "skipped": 0}],
    }
    after = bank(where=str(tmp_path / "other.db"))
    assert {key for key, _ in after} == {key for key, _ in before}
    assert {(key, each.response, each.cost, each.latency, each.date) for key, each in after} == {
        (key, each.response, each.cost, each.latency, each.date) for key, each in before
    }


def test_answers_that_others_recorded_are_read_with_a_provider(moaql, bank, write):
    row = {
        "id": "q1",
        "question": CAPITAL,
        "target": "Paris",
        "prompt_tokens": 7,
        "responses": {"gpt-4o": [{"text": "Paris", "answer": "Paris", "completion_tokens": 2}, {"text": None}]},
    }
    write("theirs.jsonl", json.dumps(row) + "\n")
    done = moaql("bank", "import", "theirs.jsonl")
    assert done.code == 2
    assert "theirs.jsonl:1: `gpt-4o` names no provider\nSay whose models these are: `--provider openai`." in done.err
    started = time.time()
    done = moaql("bank", "import", "theirs.jsonl", "--provider", "openai")
    assert done.err == "theirs.jsonl: 1 new, 0 known, 1 skipped (without a text)\n"
    ((key, found),) = bank()
    request = Request("openai", "gpt-4o", (("user", CAPITAL),), item=Item(CAPITAL, "q1"))
    assert key == key_of(request)
    assert (found.request, found.response, found.cost) == (
        request,
        Response("Paris", prompt_tokens=7, completion_tokens=2),
        None,
    )
    assert started - 1 <= found.date <= time.time() + 1


GOOD = json.dumps({"question": CAPITAL, "responses": {"openai/gpt-4o": [{"text": "Paris"}]}})
DUMPED = {
    "key": "0" * 64,
    "request": {"provider": "p", "model": "m", "messages": [["user", "q"]], "sample": 0},
    "response": {"text": "x"},
    "latency": 1,
    "date": 1,
}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "this line is not JSON"),
        ("[]", "this line is no JSON object"),
        ("{}", "neither `responses` nor `request` and `response`"),
        ('{"responses": {}}', "no `question`"),
        ('{"question": "q", "responses": {"a/b": {}}}', "the answers of `a/b` are no list"),
        ('{"question": "q", "responses": {"a/b": ["x"]}}', "an answer of `a/b` is no JSON object"),
        ('{"question": "q", "responses": {"a/b": [{"text": 3}]}}', "`text` of an answer of `a/b`"),
        ('{"question": "q", "responses": {"a/b": [{"text": "x", "cost": -1}]}}', "`cost` of an answer of `a/b`"),
        ('{"question": "q", "responses": {"a/b": [{"text": "x", "cost": NaN}]}}', "`cost` of an answer of `a/b`"),
        ('{"question": "q", "responses": {"a/b": [{"text": "x", "completion_tokens": 1e400}]}}', "`completion_tokens` of"),
        ('{"question": "q", "responses": {"a/b": [{"text": "x", "settings": {"t": {}}}]}}', "a setting of `a/b`"),
        ('{"question": "q", "responses": {"/b": [{"text": "x"}]}}', "`/b` is no model id"),
        ('{"question": "q", "prompt_tokens": "7", "responses": {}}', "`prompt_tokens` of this line"),
        (json.dumps(DUMPED), "the key is not that of the request"),
        (json.dumps({**DUMPED, "key": "xyz"}), "the key is not 64 hexadecimal digits"),
        (json.dumps({**DUMPED, "response": {}}), "the response has no `text`"),
        (json.dumps({**DUMPED, "request": {**DUMPED["request"], "messages": [["user"]]}}), "the messages are no list of pairs"),
        (json.dumps({**DUMPED, "request": {**DUMPED["request"], "sample": True}}), "`sample` of the request"),
        (json.dumps({**DUMPED, "date": None}), "`date` of this line"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_and_nothing_is_stored(moaql, bank, write, line, message):
    bank(entry(SUM))
    write("good.jsonl", GOOD + "\n")
    write("bad.jsonl", f"{GOOD}\n\n{line}\n")
    done = moaql("bank", "import", "good.jsonl", "bad.jsonl")
    assert done.code == 2
    assert done.err.startswith("error: bad.jsonl:3: ")
    assert message in done.err
    assert len(bank()) == 1


def test_files_that_cannot_be_read_are_told(moaql, write):
    write("cut.jsonl.gz", gzip.compress(GOOD.encode() * 100)[:-20])
    write("no.jsonl.gz", b"not packed")
    for name in ("cut.jsonl.gz", "no.jsonl.gz", "gone.jsonl", "notes.txt"):
        done = moaql("bank", "import", name)
        assert done.code == 2
        assert name in done.err


RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded" / "gsm8k.dev.jsonl.gz"


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers of real models are not here")
def test_27_thousand_recorded_answers_come_in_and_out_again(moaql, tmp_path):
    done = moaql("bank", "import", str(RECORDED), "--provider", "openai", "--json")
    assert json.loads(done.out)["new"] == 27_060
    assert json.loads(moaql("bank", "stats", "--json").out)["unpriced"] == 27_060
    document = json.loads(moaql("bank", "export", "-o", "out.jsonl.gz", "--data", str(RECORDED), "--json").out)
    assert (document["questions"], document["answers"], len(document["models"])) == (660, 27_060, 41)
    for ours, theirs in zip(lines(tmp_path / "out.jsonl.gz"), lines(RECORDED), strict=True):
        assert (ours["id"], ours["question"], ours["target"]) == (theirs["id"], theirs["question"], theirs["target"])
        assert {
            name.removeprefix("openai/"): [each["text"] for each in answers]
            for name, answers in ours["responses"].items()
        } == {name: [each["text"] for each in answers] for name, answers in theirs["responses"].items()}


# prune


def test_prune_says_first_what_it_would_delete(moaql, bank):
    bank(entry(), entry(sample=1, cost=None), entry(model="sim/a"))
    done = moaql("bank", "prune", "--model", "openai/gpt-4o")
    assert (done.code, done.out) == (0, "Would delete 2 entries that cost $0.25 and 1 unpriced.\n")
    assert "give --yes" in done.err
    assert len(bank()) == 3
    done = moaql("bank", "prune", "--model", "openai/gpt-4o", "--yes")
    assert (done.code, done.out) == (0, "Deleted 2 entries that cost $0.25 and 1 unpriced.\n")
    assert [each.request.id for _, each in bank()] == ["sim/a"]


def test_prune_by_date_and_age(moaql, bank):
    now = time.time()
    bank(*(entry(sample=age, date=now - age * DAY) for age in (0, 10, 40, 400)))
    assert moaql("bank", "prune", "--older-than", "365d").out == "Would delete 1 entry that cost $0.25.\n"
    assert moaql("bank", "prune", "--older-than", "800h").out == "Would delete 2 entries that cost $0.50.\n".replace(
        "0.50", "0.5"
    )
    document = json.loads(moaql("bank", "prune", "--older-than", "5w", "--yes", "--json").out)
    assert (document["deleted"], document["entries"], document["cost"]) == (2, 2, 0.5)
    assert moaql("bank", "prune", "--before", "2020-01-01", "--yes").out == "Deleted nothing.\n"
    assert moaql("bank", "prune", "--before", "2100-01-01", "--yes").out == "Deleted 2 entries that cost $0.5.\n"
    assert bank() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--yes"], "this would delete everything"),
        (["--before", "yesterday"], "`yesterday` is no date"),
        (["--older-than", "30"], "`30` is no age"),
        (["--older-than", "-3d"], "`-3d` is no age"),
        (["--older-than", "d"], "`d` is no age"),
        (["--older-than", "1d", "--before", "2020-01-01"], "both give a date"),
        (["--model", "openai/gpt4o", "--yes"], "the bank has no answer of `openai/gpt4o`"),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(moaql, bank, arguments, message):
    bank(entry())
    done = moaql("bank", "prune", *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(bank()) == 1


@pytest.mark.parametrize("command", ["stats", "export", "import", "prune"])
def test_every_command_has_the_common_options_and_an_example(moaql, command):
    help = moaql("bank", command, "--help").out
    for option in ("--bank WHERE", "--json", "-q, --quiet", "-v, --verbose", f"Example: moaql bank {command}"):
        assert option in help
