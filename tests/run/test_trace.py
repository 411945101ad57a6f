"""The trace: who proposed what, what was sent, what it cost, how often it was tried, and what was decided."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from servers.faults import FaultServer, Later, Says, Silent, Status, ask

import moaql
from moaql.run.trace import TraceFile, as_json

CALL = 120e-6


def traced(server: FaultServer, pipeline: str, path: Path, question: str = "What is it?", **options: Any) -> list[Any]:
    """The lines of a run's trace."""
    with TraceFile(str(path)) as trace, suppress(moaql.NoCandidates):
        ask(server, pipeline, question, listeners=(trace,), **options)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def calls(lines: list[Any]) -> dict[str, Any]:
    return {line["node"]: line for line in lines if line["event"] == "call"}


def test_a_trace_says_who_proposed_what_and_what_the_aggregator_read(tmp_path: Path) -> None:
    with FaultServer(a="<think>hm</think>one", b="two", c="merged") as server:
        lines = traced(server, "layer [a, b] temperature=0.5 -> agg c", tmp_path / "t.jsonl")
    first, *_, last = lines
    assert (first["event"], first["topology"], first["question"]) == ("run", "main", "What is it?")
    assert {line["run"] for line in lines} == {first["run"]}
    a, b, c = (calls(lines)[node] for node in ("layer1/a", "layer1/b", "agg/c"))
    assert (a["response"], a["text"], a["reasoning"]) == ("<think>hm</think>one", "one", "hm")
    assert (b["model"], b["model_id"], b["provider_model"], b["purpose"]) == ("b", "openai/b", "b", "propose")
    assert a["settings"] == {"temperature": 0.5}
    assert a["messages"][-1] == {"role": "user", "content": "What is it?"}
    assert c["shown"] == ["layer1/a", "layer1/b"]
    prompt = "".join(each["content"] for each in c["messages"])
    assert "one" in prompt
    assert "two" in prompt
    assert "hm" not in prompt.replace("them", "").split()
    assert (c["prompt_tokens"], c["completion_tokens"], c["attempts"], c["banked"]) == (100, 10, 1, False)
    assert c["cost"] == c["paid"] == pytest.approx(CALL)
    assert c["messages"] == server.of("c")[0].body["messages"]
    assert (last["event"], last["answer"], last["error"]) == ("answer", "merged", None)
    assert last["cost"] == pytest.approx(3 * CALL)


def test_what_came_from_the_bank_says_so(tmp_path: Path) -> None:
    bank = str(tmp_path / "bank.db")
    with FaultServer(a=Later(0.1, "one")) as server:
        traced(server, "a", tmp_path / "t.jsonl", bank=bank)
        lines = traced(server, "a", tmp_path / "t.jsonl", bank=bank)
    assert [line["event"] for line in lines] == ["run", "call", "answer"] * 2  # the second run is appended
    first, second = (line for line in lines if line["event"] == "call")
    assert (first["banked"], first["attempts"], second["banked"], second["attempts"]) == (False, 1, True, 0)
    assert second["paid"] == 0
    assert second["cost"] == first["cost"]
    assert second["latency_s"] == pytest.approx(first["latency_s"])  # what it took when it was made
    assert second["elapsed_s"] < 0.1


def test_lost_calls_say_why_and_how_often_they_were_tried(tmp_path: Path) -> None:
    with FaultServer(a="one", b=Status(500), slow=Silent(), c="merged") as server:
        lines = traced(server, "layer [a, b, slow] timeout=300ms -> agg c", tmp_path / "t.jsonl")
    b, slow = calls(lines)["layer1/b"], calls(lines)["layer1/slow"]
    assert "status 500" in b["error"]
    assert (b["attempts"], slow["attempts"]) == (3, 1)
    assert slow["error"] == "`slow` did not answer within 0.3 s"
    assert "response" not in b
    assert "cost" not in b
    assert calls(lines)["agg/c"]["error"] is None


def test_attempts_of_all_alternatives_are_counted(tmp_path: Path) -> None:
    with FaultServer(a=Status(503), b=[Status(429), "fine"]) as server:
        lines = traced(server, "model any = a or b\ntopology t = any", tmp_path / "t.jsonl")
    (call,) = calls(lines).values()
    assert (call["attempts"], call["model_id"], call["text"]) == (5, "openai/b", "fine")


def test_a_run_without_an_answer_ends_with_its_error(tmp_path: Path) -> None:
    with FaultServer(a=Status(401)) as server:
        lines = traced(server, "a", tmp_path / "t.jsonl")
    assert [line["event"] for line in lines] == ["run", "call", "answer"]
    assert (lines[-1]["answer"], lines[-1]["error"]) == ("", "`main` has no answer: a call failed")


def test_reductions_and_gates_say_what_they_kept_and_decided(tmp_path: Path) -> None:
    with FaultServer(a="42", b="7") as server:
        lines = traced(server, "layer [a, a, b] -> when agreement >= 2/3 { vote } else { agg b }", tmp_path / "t.jsonl")
    (gate,) = (line for line in lines if line["event"] == "gate")
    assert gate["decision"] == "yes"
    (vote,) = (line for line in lines if line["event"] == "reduce" and line["operation"] == "vote")
    assert len(vote["kept"]) == 1
    assert vote["kept"][0].startswith("layer1/a")
    assert not any(node.startswith("agg") for node in calls(lines))


def test_a_cut_answer_is_marked(tmp_path: Path) -> None:
    with FaultServer(a=Says("cut o", finish="length")) as server:
        lines = traced(server, "a max_tokens=10", tmp_path / "t.jsonl")
    (call,) = calls(lines).values()
    assert call["truncated"] is True
    assert call["settings"] == {"max_tokens": 10}


def test_texts_of_any_kind_stay_one_line_each(tmp_path: Path) -> None:
    text = "line\nbreak\u2028\x00\ud800 half a pair, ünïcode and \U0001f600"
    with FaultServer(a=Says(text)) as server:
        lines = traced(server, "a", tmp_path / "t.jsonl", "two\r\nlines")
    assert [line["event"] for line in lines] == ["run", "call", "answer"]
    assert lines[-1]["answer"].startswith("line\nbreak\u2028\x00")
    assert lines[-1]["answer"].endswith("ünïcode and \U0001f600")


def test_a_trace_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(moaql.UsageError, match=r"cannot write the trace .*: no such file or directory"):
        TraceFile(str(tmp_path / "nowhere" / "t.jsonl"))
    with (
        FaultServer(a="one") as server,
        pytest.raises(moaql.UsageError, match="no space left on device"),
        TraceFile("/dev/full") as trace,
    ):
        ask(server, "a", listeners=(trace,))


def test_events_are_what_the_lines_are_made_of() -> None:
    events: list[Any] = []
    with FaultServer(a="one") as server:
        ask(server, "a", listeners=(events.append,))
    assert [as_json(each)["event"] for each in events] == ["run", "call", "answer"]
