"""`moaql batch` as a user meets it: many questions, a file of answers, and going on where it was stopped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers.faults import Act, Asked, FaultServer, Reset, Says, Status

CALL = 120e-6
PANEL = "layer [a, b] -> agg c"


def questions(count: int, **fields: Any) -> str:
    return "".join(json.dumps({"input": f"question {number}", **fields}) + "\n" for number in range(count))


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def echo(asked: Asked) -> Act:
    return f"{asked.model} on {asked.question}"


@pytest.fixture
def panel(write: Callable[[str, str], Path]) -> Any:
    """A server of three models, a program that asks them, and five questions."""
    with FaultServer(a=echo, b=echo, c=echo) as server:
        write("p.moaql", server.program(PANEL))
        write("in.jsonl", questions(5))
        yield server


def test_every_question_is_answered_in_order(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--json")
    document = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert [document[name] for name in ("items", "done", "failed", "file")] == [5, 5, 0, "out.jsonl"]
    assert [document["cost"], document["paid"]] == pytest.approx([15 * CALL] * 2)
    answers = lines(tmp_path / "out.jsonl")
    assert [each["id"] for each in answers] == ["1", "2", "3", "4", "5"]
    assert [each["answer"] for each in answers] == [f"c on question {number}" for number in range(5)]
    assert {(each["calls"], each["topology"], each["simulated"]) for each in answers} == {(3, "main", False)}
    assert answers[0]["cost"] == answers[0]["paid"] == pytest.approx(3 * CALL)


def test_answers_that_are_there_are_not_asked_for_again(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    assert moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--limit", "2", "--no-bank").code == 0
    assert len(panel.asked) == 6
    first = lines(tmp_path / "out.jsonl")
    done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--no-bank")
    assert len(panel.asked) == 15
    assert lines(tmp_path / "out.jsonl")[:2] == first
    assert "5 of 5 questions answered in out.jsonl; they cost $0.0018; paid $0.00108" in done.err
    before = (tmp_path / "out.jsonl").read_bytes()
    again = json.loads(moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--no-bank", "--json").out)
    assert (again["done"], again["paid"]) == (5, 0)
    assert (tmp_path / "out.jsonl").read_bytes() == before
    assert len(panel.asked) == 15


def test_banked_answers_cost_nothing_in_another_file(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl")
    again = json.loads(moaql("batch", "p.moaql", "in.jsonl", "-o", "other.jsonl", "--offline", "--json").out)
    assert (again["done"], again["paid"]) == (5, 0)
    assert [again["saved"], again["cost"]] == pytest.approx([15 * CALL] * 2)
    assert [each["answer"] for each in lines(tmp_path / "other.jsonl")] == [
        each["answer"] for each in lines(tmp_path / "out.jsonl")
    ]
    assert len(panel.asked) == 15


def test_a_file_that_was_cut_off_in_a_line_goes_on_from_there(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl")
    out = tmp_path / "out.jsonl"
    whole = out.read_bytes()
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    for cut in (1, 7, ends[0] - 1, ends[1] + 40, ends[3]):
        out.write_bytes(whole[:cut])
        assert moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl").code == 0
        assert [each["id"] for each in lines(out)] == ["1", "2", "3", "4", "5"]
    assert len(panel.asked) == 15


def test_questions_that_fail_are_named_and_tried_again(moaql: Any, write: Any, tmp_path: Path) -> None:
    def second_fails(asked: Asked) -> Act:
        return Status(400, {"error": {"message": "no"}}) if asked.question == broken else echo(asked)

    broken = "question 1"
    with FaultServer(a=second_fails) as server:
        write("p.moaql", server.program("a"))
        write("in.jsonl", questions(3))
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--json")
        document = json.loads(done.out)
        assert done.code == 3
        assert [document[name] for name in ("items", "done", "failed")] == [3, 2, 1]
        assert document["failures"][0]["id"] == "2"
        assert "status 400: no" in document["failures"][0]["error"]
        assert [each["id"] for each in lines(tmp_path / "out.jsonl")] == ["1", "3"]
        told = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl")
        assert told.code == 3
        assert "failed: 2: `main` has no answer" in told.err
        assert "2 of 3 questions answered" in told.err
        broken = "nothing"
        assert moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl").code == 0
        assert [each["id"] for each in lines(tmp_path / "out.jsonl")] == ["1", "2", "3"]
        assert [each.question for each in server.asked].count("question 0") == 1


def test_members_that_were_lost_are_told(moaql: Any, write: Any) -> None:
    """The answers are there, but they are not those of the topology as it is written."""
    with FaultServer(a=echo, b=Status(401), c=echo) as server:
        write("p.moaql", server.program(PANEL))
        write("in.jsonl", questions(3))
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--quiet")
        assert done.code == 0
        assert done.err.startswith("lost: layer1/b: missing in 3 answers; the last time: `openai/b` failed with status")
        document = json.loads(moaql("batch", "p.moaql", "in.jsonl", "-o", "other.jsonl", "--json").out)
        assert document["lost"] == {"layer1/b": 3}


def test_two_batches_do_not_write_one_file(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")
    with open(tmp_path / "out.jsonl", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl")
    assert done.code == 2
    assert "another batch is writing `out.jsonl`" in done.err
    assert panel.asked == []
    assert moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl").code == 0


def test_a_file_that_cannot_be_written(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path, words in (("nowhere/out.jsonl", "no such file or directory"), ("folder", "is a directory")):
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", path)
        assert done.code == 2
        assert words in done.err
    assert panel.asked == []


def test_a_budget_that_is_reached_and_raised(moaql: Any, write: Any, tmp_path: Path) -> None:
    with FaultServer(a=echo, b=echo, c=echo) as server:
        write("p.moaql", server.program(PANEL, "api_key_env=none max_tokens=20 price_in=1 price_out=2"))
        write("in.jsonl", questions(20))
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--budget", "0.004", "--at-once", "4")
        assert done.code == 4
        assert "the budget of $0.004 is reached" in done.err
        assert server.charged() <= 0.004
        answered = len(lines(tmp_path / "out.jsonl"))
        assert 0 < answered < 20
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--budget", "1", "--json")
        assert done.code == 0
        assert len({each.key for each in server.asked}) == 60
        assert len(server.asked) == 60
        assert json.loads(done.out)["done"] == 20
    assert [each["id"] for each in lines(tmp_path / "out.jsonl")] == [str(number + 1) for number in range(20)]


@pytest.mark.parametrize(
    "foreign",
    [
        "my notes\n",
        '{"id": "1", "text": "an answer of another tool"}\n',
        '{"id": "1", "text": "the same without a line break"}',
        '{"my": "settings"}',
        '{"broken',
        "[]\n",
        "\n",
        "no line break",
    ],
)
def test_a_file_of_something_else_is_refused_and_left_alone(
    moaql: Any, panel: FaultServer, write: Any, foreign: str
) -> None:
    path = write("out.jsonl", foreign)
    done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl")
    assert done.code == 2
    assert "line 1 is no answer of a batch" in done.err
    assert path.read_text() == foreign
    assert panel.asked == []


def test_answers_of_another_topology_are_refused(moaql: Any, panel: FaultServer, write: Any, tmp_path: Path) -> None:
    moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl")
    before = (tmp_path / "out.jsonl").read_bytes()
    write("other.moaql", panel.program("topology other = layer [a, b] -> vote tie=first"))
    done = moaql("batch", "other.moaql", "in.jsonl", "-o", "out.jsonl")
    assert done.code == 2
    assert "holds answers of another topology (`main`)" in done.err
    assert (tmp_path / "out.jsonl").read_bytes() == before
    write("renamed.moaql", panel.program("topology panel = " + PANEL))  # the same under another name
    assert moaql("batch", "renamed.moaql", "in.jsonl", "-o", "out.jsonl").code == 0
    assert len(panel.asked) == 15


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("in.jsonl", '{"input": "x"}\nnot json\n', "in.jsonl:2: this line is not JSON"),
        ("in.jsonl", '{"input": "x"}\n{"input": " "}\n', "in.jsonl:2: the question is empty"),
        ("in.jsonl", '{"input": "x", "id": 7}\n{"input": "y", "id": "7"}\n', "the id `7` is that of line 1 too"),
        ("in.jsonl", '{"text": "x"}\n', "in.jsonl:1: no field `input`"),
        ("in.jsonl", "", "holds no question"),
        ("in.txt", "x", "has no ending that says how to read it"),
    ],
)
def test_questions_that_cannot_be_read(
    moaql: Any, panel: FaultServer, write: Any, tmp_path: Path, name: str, text: str, words: str
) -> None:
    write(name, text)
    done = moaql("batch", "p.moaql", name, "-o", "out.jsonl")
    assert done.code == 2
    assert words in done.err
    assert not (tmp_path / "out.jsonl").exists()
    assert panel.asked == []


def test_fields_ids_and_another_name_of_the_question(moaql: Any, write: Any, tmp_path: Path) -> None:
    with FaultServer(a=echo, b=echo) as server:
        write("p.moaql", server.program("route by=kind { case easy { a } else { b } }"))
        rows = [{"id": "x", "q": "one", "kind": "easy"}, {"id": "y", "q": "two", "kind": "hard"}]
        write("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--input", "q")
        assert done.code == 0, done.err
    assert [(each["id"], each["answer"]) for each in lines(tmp_path / "out.jsonl")] == [
        ("x", "a on one"),
        ("y", "b on two"),
    ]


def test_equal_questions_are_paid_once(moaql: Any, write: Any, tmp_path: Path) -> None:
    with FaultServer(a=echo) as server:
        write("p.moaql", server.program("a"))
        write("in.jsonl", '{"input": "same"}\n' * 6)
        document = json.loads(moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--json").out)
        assert len(server.asked) == 1
    assert document["paid"] == pytest.approx(CALL)
    assert document["cost"] == pytest.approx(6 * CALL)
    assert len(lines(tmp_path / "out.jsonl")) == 6


def test_a_missing_key_ends_it_at_once(moaql: Any, write: Any, tmp_path: Path) -> None:
    with FaultServer(a=echo) as server:
        write("p.moaql", server.program("a", 'api_key_env="NO_SUCH_KEY_HERE"'))
        write("in.jsonl", questions(3))
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl")
    assert done.code == 2
    assert done.err.count("NO_SUCH_KEY_HERE") == 2
    assert (tmp_path / "out.jsonl").read_text() == ""


def test_offline_ends_it_at_the_first_miss(moaql: Any, panel: FaultServer) -> None:
    moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--limit", "3")
    done = moaql("batch", "p.moaql", "in.jsonl", "-o", "other.jsonl", "--offline")
    assert done.code == 3
    assert "the bank does not hold sample 0" in done.err
    assert len(panel.asked) == 9


def test_what_broke_off_is_told_apart_from_what_was_paid(moaql: Any, write: Any) -> None:
    with FaultServer(a=[Reset(), "fine"]) as server:
        write("p.moaql", server.program("a", "api_key_env=none max_tokens=20 price_in=1 price_out=2"))
        write("in.jsonl", questions(1))
        done = moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl", "--budget", "1")
        assert len(server.asked) == 2
    assert done.code == 0
    assert "paid $0.000120 of $1.00, up to $0.000066 more for calls that broke off" in done.err


def test_any_text_makes_a_line(moaql: Any, write: Any, tmp_path: Path) -> None:
    with FaultServer(a=Says("line\r\nbreak\u2028 and \x00 and \ud800")) as server:
        write("p.moaql", server.program("a"))
        write("in.jsonl", questions(2))
        for _ in range(2):
            assert moaql("batch", "p.moaql", "in.jsonl", "-o", "out.jsonl").code == 0
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert [each["answer"] for each in answers] == ["line\r\nbreak\u2028 and \x00 and ?"] * 2


def test_questions_that_have_changed_are_not_taken_for_answered(moaql: Any, panel: FaultServer, write: Any) -> None:
    write("e.jsonl", '{"id": "a", "input": "What is 2+2?"}\n{"id": "b", "input": "What is 3+3?"}\n')
    assert moaql("batch", "p.moaql", "e.jsonl", "-o", "out.jsonl").code == 0
    write("e.jsonl", '{"id": "a", "input": "What is 2+2?"}\n{"id": "b", "input": "What is 30+3?"}\n')
    done = moaql("batch", "p.moaql", "e.jsonl", "-o", "out.jsonl")
    assert done.code == 2
    assert "holds the answer to another question of the id `b`" in done.err
    assert moaql("batch", "p.moaql", "e.jsonl", "-o", "out.jsonl", "--seed", "4").code == 2


def test_answers_go_to_a_file(moaql: Any, panel: FaultServer, write: Any) -> None:
    write("e.jsonl", '{"input": "What is 2+2?"}\n')
    done = moaql("batch", "p.moaql", "e.jsonl", "-o", "-")
    assert (done.code, "the answers go to a file" in done.err) == (2, True)
