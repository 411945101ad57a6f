"""`moaql run` as a user meets it: a process that asks models over a socket."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers.faults import Ends, FaultServer, Says, Silent, Status

CALL = 120e-6
PANEL = "layer [a, b] -> agg c"


@pytest.fixture
def panel(write: Callable[[str, str], Path]) -> Any:
    """A server of three models, and a program that asks them."""
    with FaultServer(a="one", b="two", c="The merged answer.") as server:
        write("p.moaql", server.program(PANEL))
        yield server


def test_the_answer_is_all_there_is_on_standard_output(moaql: Any, panel: FaultServer) -> None:
    done = moaql("run", "p.moaql", "What is it?")
    assert (done.code, done.out) == (0, "The merged answer.\n")
    for part in ("layer1/a", "layer1/b", "agg/c", "one", "two", "3 calls, $0.000360", "paid $0.000360 now"):
        assert part in done.err
    assert [each.question for each in panel.asked] == ["What is it?"] * 3


def test_the_second_run_is_free(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    first = json.loads(moaql("run", "p.moaql", "Q", "--json").out)
    second = json.loads(moaql("run", "p.moaql", "Q", "--json").out)
    assert (first["paid"], second["paid"]) == (pytest.approx(3 * CALL), 0)
    assert (first["banked"], second["banked"]) == (0, 3)
    assert second["cost"] == pytest.approx(3 * CALL)
    assert second["answer"] == first["answer"]
    assert second["latency_s"] == pytest.approx(first["latency_s"])
    assert len(panel.asked) == 3
    assert (tmp_path / ".moaql" / "bank.db").exists()
    assert "paid $0 now (3 from the bank)" in moaql("run", "p.moaql", "Q").err


def test_the_json_document(moaql: Any, panel: FaultServer) -> None:
    done = moaql("run", "p.moaql", "Q", "--json")
    document = json.loads(done.out)
    assert done.err == ""
    assert document["answer"] == "The merged answer."
    assert document["cost"] == document["paid"] == pytest.approx(3 * CALL)
    assert document["latency_s"] > 0
    assert document["calls"] == 3
    assert document["usage"] == {"prompt_tokens": 300, "completion_tokens": 30}
    kept = [{name: each[name] for name in ("node", "model", "sample", "text")} for each in document["candidates"]]
    assert kept == [
        {"node": "layer1/a", "model": "a", "sample": 0, "text": "one"},
        {"node": "layer1/b", "model": "b", "sample": 0, "text": "two"},
        {"node": "agg/c", "model": "c", "sample": 0, "text": "The merged answer."},
    ]
    assert [each["cost"] for each in document["candidates"]] == [pytest.approx(CALL)] * 3
    assert (document["lost"], document["simulated"]) == ([], False)


def test_quiet_says_what_is_missing_only(moaql: Any, write: Any) -> None:
    with FaultServer(a="one", b=Status(404), c="merged") as server:
        write("p.moaql", server.program(PANEL))
        done = moaql("run", "p.moaql", "Q", "--quiet")
    assert done.out == "merged\n"
    assert done.err.startswith("lost: layer1/b: there is nothing at 127.0.0.1")
    assert len(done.err.splitlines()) == 1


def test_a_question_from_standard_input(moaql: Any, panel: FaultServer) -> None:
    assert moaql("run", "p.moaql", "-", stdin="Zwei\nZeilen, größer als eine\n".encode()).code == 0
    assert panel.asked[0].question == "Zwei\nZeilen, größer als eine"
    for stdin, words in ((b"", "the question is empty"), (b"\xff\xfe", "standard input is not UTF-8 text")):
        done = moaql("run", "p.moaql", "-", stdin=stdin)
        assert done.code == 2
        assert words in done.err
    assert len(panel.asked) == 3


def test_a_system_message_and_fields(moaql: Any, write: Any) -> None:
    with FaultServer(a="one") as server:
        prompt = 'prompt p {\n system "Speak {field.language}."\n user "{question} ({field.place})" }\n'
        write("p.moaql", server.program(prompt + "topology t = layer [a] prompt=p"))
        done = moaql(
            "run", "p.moaql", "Q", "--system", "Be brief.", "--field", "language=Latin", "--field", "place=Rome = Roma"
        )
        assert done.code == 0, done.err
        messages = server.asked[0].body["messages"]
        for wrong in ("language", "=x"):
            assert moaql("run", "p.moaql", "Q", "--field", wrong).code == 2
        assert len(server.asked) == 1
    system = "\n".join(each["content"] for each in messages if each["role"] == "system")
    assert "Be brief." in system
    assert "Speak Latin." in system
    assert messages[-1] == {"role": "user", "content": "Q (Rome = Roma)"}


def test_a_streamed_answer(moaql: Any, panel: FaultServer) -> None:
    done = moaql("run", "p.moaql", "Q", "--stream")
    assert (done.code, done.out) == (0, "The merged answer.\n")
    assert panel.of("c")[0].body["stream"] is True
    assert "stream" not in panel.of("a")[0].body
    assert moaql("run", "p.moaql", "Q", "--stream").out == "The merged answer.\n"  # from the bank
    assert moaql("run", "p.moaql", "Q", "--stream", "--json").code == 2
    assert len(panel.asked) == 3


def test_a_stream_that_breaks_ends_with_an_error(moaql: Any, write: Any) -> None:
    with FaultServer(a=[Ends("The answer is "), "Another"]) as server:
        write("p.moaql", server.program("a"))
        done = moaql("run", "p.moaql", "Q", "--stream")
        assert len(server.asked) == 1
    assert done.code == 3
    assert done.out.strip() == "The answer is"
    assert "ends in the middle of the answer" in done.err


def test_a_trace_is_written(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    for _ in range(2):
        assert moaql("run", "p.moaql", "Q", "--trace", "t.jsonl").code == 0
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines].count("call") == 6
    assert [line["banked"] for line in lines if line["event"] == "call"] == [False] * 3 + [True] * 3
    done = moaql("run", "p.moaql", "Q", "--trace", "nowhere/t.jsonl")
    assert done.code == 2
    assert "cannot write the trace `nowhere/t.jsonl`" in done.err


def test_offline_answers_from_the_bank_alone(moaql: Any, panel: FaultServer) -> None:
    done = moaql("run", "p.moaql", "Q", "--offline", "--json")
    assert done.code == 3
    assert "the bank does not hold sample 0 of `openai/" in done.err
    assert "Run without `--offline` once" in done.err
    assert json.loads(done.out)["error"].startswith("offline, and the bank does not hold")
    assert panel.asked == []
    moaql("run", "p.moaql", "Q")
    assert moaql("run", "p.moaql", "Q", "--offline").out == "The merged answer.\n"
    assert len(panel.asked) == 3


def test_without_a_bank_nothing_is_kept(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    for _ in range(2):
        assert moaql("run", "p.moaql", "Q", "--no-bank").code == 0
    assert len(panel.asked) == 6
    assert not (tmp_path / ".moaql").exists()
    assert moaql("run", "p.moaql", "Q", "--bank", "other.db").code == 0
    assert (tmp_path / "other.db").exists()
    assert moaql("run", "p.moaql", "Q", "--bank", "other.db", "--no-bank").code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["p.moaql", "  "], "the question is empty"),
        (["p.moaql", "Q", "--budget", "0"], "a budget of 0 dollars makes no sense"),
        (["p.moaql", "Q", "--budget", "nan"], "a budget of nan dollars makes no sense"),
        (["p.moaql", "Q", "--budget", "lots"], "is no amount of dollars"),
        (["p.moaql::nothing", "Q"], "has no topology `nothing`"),
        (["missing.moaql", "Q"], "missing.moaql"),
        (["p.moaql", "Q", "--bank", "mysql://x:secret@y/z"], "a bank cannot be opened by `mysql://`"),
    ],
)
def test_wrong_usage(moaql: Any, panel: FaultServer, arguments: list[str], words: str) -> None:
    done = moaql("run", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "secret" not in done.err
    assert panel.asked == []


def test_a_program_with_mistakes_asks_nobody(moaql: Any, panel: FaultServer, write: Any) -> None:
    write("bad.moaql", panel.program("layer [a, lama] -> agg c"))
    done = moaql("run", "bad.moaql", "Q")
    assert (done.code, done.out) == (1, "")
    assert "error[E204]: unknown model `lama`" in done.err
    assert panel.asked == []


def test_a_key_that_is_missing_is_named(moaql: Any, write: Any) -> None:
    with FaultServer(a="one") as server:
        write("p.moaql", server.program("a", 'api_key_env="NO_SUCH_KEY_HERE"'))
        done = moaql("run", "p.moaql", "Q")
        assert done.code == 2
        assert "NO_SUCH_KEY_HERE is not set" in done.err
        assert server.asked == []
        write(".env", "NO_SUCH_KEY_HERE=from-the-file\n")
        assert moaql("run", "p.moaql", "Q").code == 0
        assert server.asked[0].headers["authorization"] == "Bearer from-the-file"


def test_a_key_that_is_refused(moaql: Any, write: Any) -> None:
    refusal = Status(401, {"error": {"message": "Incorrect API key: sk-secret-0123456789"}})
    with FaultServer(a=refusal) as server:
        write("p.moaql", server.program("a", 'api_key_env="MY_KEY"'))
        done = moaql("run", "p.moaql", "Q", "--json", environment={"MY_KEY": "sk-secret-0123456789"})
        assert len(server.asked) == 1
    assert done.code == 3
    assert "Check the key in MY_KEY." in done.err
    assert "sk-secret" not in done.out + done.err
    assert "has no answer" in json.loads(done.out)["error"]


def test_a_provider_that_fails(moaql: Any, write: Any) -> None:
    page = b"<html><title>502 Bad Gateway</title></html>"
    with FaultServer(a=Status(502, page, type="text/html")) as server:
        write("p.moaql", server.program("a"))
        done = moaql("run", "p.moaql", "Q", "--attempts", "2")
        assert len(server.asked) == 2
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[0] == "error: `main` has no answer: a call failed"
    assert "failed with status 502: 502 Bad Gateway" in done.err


def test_a_budget_that_is_reached(moaql: Any, panel: FaultServer) -> None:
    done = moaql("run", "p.moaql", "Q", "--budget", "$0.001")
    assert (done.code, done.out) == (4, "")
    assert "the budget of $0.001 is reached" in done.err
    assert "Raise the budget" in done.err
    assert panel.asked == []
    assert moaql("run", "p.moaql", "Q", "--budget", "$1.50").code == 0


def test_a_budget_needs_prices(moaql: Any, write: Any) -> None:
    with FaultServer(a="one") as server:
        write("p.moaql", server.program("a", "api_key_env=none"))
        done = moaql("run", "p.moaql", "Q", "--budget", "1")
        assert done.code == 2
        assert "`openai/a` has no known price" in done.err
        assert server.asked == []
        assert "1 call, unpriced" in moaql("run", "p.moaql", "Q").err


def test_a_bank_that_is_damaged_is_left_as_it_is(moaql: Any, panel: FaultServer, write: Any, tmp_path: Path) -> None:
    moaql("run", "p.moaql", "Q")
    bank = tmp_path / ".moaql" / "bank.db"
    healthy = bank.read_bytes()
    for damage in (b"not a bank at all", b"x" * 50 + healthy[50:], healthy[: len(healthy) // 2]):
        bank.write_bytes(damage)
        done = moaql("run", "p.moaql", "another question")
        assert done.code == 3
        assert "bank" in done.err.splitlines()[0]
        assert "left as it is" in done.err
        assert bank.read_bytes() == damage
    assert len(panel.asked) == 3


def test_what_no_output_can_hold_is_shown_all_the_same(moaql: Any, write: Any) -> None:
    with FaultServer(a=Says("half a pair: \ud800, and ü")) as server:
        write("p.moaql", server.program("a"))
        assert moaql("run", "p.moaql", "Q").out == "half a pair: ?, and ü\n"
        assert moaql("run", "p.moaql", "Q", "--stream").out == "half a pair: ?, and ü\n"
        assert json.loads(moaql("run", "p.moaql", "Q", "--json", "--trace", "t.jsonl").out)["answer"].endswith("and ü")


def test_all_proposers_lost_is_no_silent_single_call(moaql: Any, write: Any) -> None:
    with FaultServer(a=Status(404), b=Silent(), c="I saw nothing") as server:
        write("p.moaql", server.program("layer [a, b] timeout=300ms -> agg c"))
        done = moaql("run", "p.moaql", "Q")
        assert server.of("c") == []
    assert (done.code, done.out) == (3, "")
    assert "2 of its parts failed" in done.err
    assert "`b` did not answer within 0.3 s" in done.err
