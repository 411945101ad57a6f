"""`moaql eval` as a user meets it: a table, a document, thresholds for CI, and what happens when something is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers.faults import SETTINGS, Act, Asked, FaultServer, Status

CALL = 120e-6
PROGRAM = """
topology first = a
topology second = layer [a, b, c] -> vote by=number
eval set = "set.jsonl" metric=number
"""


def items(count: int, **fields: Any) -> str:
    return "".join(
        json.dumps({"id": f"q{number}", "question": f"How much is {number} + 0?", "target": str(number), **fields})
        + "\n"
        for number in range(count)
    )


def right(asked: Asked) -> Act:
    return f"The answer is {asked.question.split()[3]}."


def right_below(limit: int) -> Callable[[Asked], Act]:
    return lambda asked: right(asked) if int(asked.question.split()[3]) < limit else "The answer is -1."


@pytest.fixture
def panel(write: Callable[[str, str], Path]) -> Any:
    """`a` is right on 10 of 20 items, `b` and `c` on all."""
    with FaultServer(a=right_below(10), b=right, c=right) as server:
        write("p.moaql", server.program(PROGRAM))
        write("set.jsonl", items(20))
        yield server


def test_topologies_side_by_side(moaql: Any, panel: FaultServer) -> None:
    done = moaql("eval", "p.moaql", "--json")
    document = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert [document[name] for name in ("items", "metric", "eval", "missed")] == [20, "number", "set", []]
    first, second = document["topologies"]
    assert [first["name"], first["score"], first["calls_per_item"], first["failed"]] == ["first", 0.5, 1, 0]
    assert [second["name"], second["score"], second["calls_per_item"], second["failed"]] == ["second", 1.0, 3, 0]
    assert [first["cost_per_item"], second["cost_per_item"]] == pytest.approx([CALL, 3 * CALL])
    assert first["ci"] == pytest.approx([0.2993, 0.7007], abs=1e-4)  # Wilson, 10 of 20
    [pair] = document["pairs"]
    assert [pair[name] for name in ("a", "b", "difference", "wins", "losses", "ties")] == [
        "second",
        "first",
        0.5,
        10,
        0,
        10,
    ]
    assert pair["p"] == pytest.approx(0.5**10)  # McNemar's mid-p: twice half of the probability of 10 of 10
    # The call of `a` is the same in both, and paid once.
    assert document["paid"] == pytest.approx(60 * CALL)


def test_what_is_paid_for_is_not_paid_again(moaql: Any, panel: FaultServer) -> None:
    moaql("eval", "p.moaql", "--json")
    again = json.loads(moaql("eval", "p.moaql", "--json").out)
    assert (again["paid"], len(panel.asked)) == (0, 60)
    assert again["saved"] == pytest.approx(80 * CALL)


def test_the_table(moaql: Any, panel: FaultServer) -> None:
    done = moaql("eval", "p.moaql::first", "p.moaql::b")
    rows = [line.split() for line in done.out.splitlines() if line.startswith(("first", "b "))]
    assert [row[:2] for row in rows] == [["first", "50.0"], ["b", "100.0"]]
    assert "against first" in done.out
    assert "20 items of set, scored by number" in done.err
    assert "note: 20 items resolve a difference of" in done.err


def test_members_are_scored_alone_once(moaql: Any, panel: FaultServer) -> None:
    document = json.loads(moaql("eval", "p.moaql", "--members", "--json").out)
    # `first` is `a` alone already.
    assert [(each["name"], each["score"]) for each in document["topologies"]] == [
        ("first", 0.5),
        ("second", 1.0),
        ("b", 1.0),
        ("c", 1.0),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--min-score", "0.5"], 0, None),
        (["--min-score", "0.6"], 1, "first scores 50.0, and 60.0 is the least"),
        (["--no-worse-than", "second"], 1, "first is worse than second: the difference is -50.0"),
        (["--no-worse-than", "first"], 0, None),
        (["--no-worse-than", "b"], 1, "first is worse than b"),
        # `second` is better, but 20 items cannot say that for certain of `b` and `second`, which agree everywhere.
        (["--no-worse-than", "first", "--margin", "0.05"], 0, None),
    ],
)
def test_thresholds(moaql: Any, panel: FaultServer, arguments: list[str], code: int, said: str | None) -> None:
    done = moaql("eval", "p.moaql", *arguments)
    assert done.code == code
    assert said is None or f"missed: {said}" in done.err
    document = json.loads(moaql("eval", "p.moaql", *arguments, "--json").out)
    assert bool(document["missed"]) == bool(code)


def test_a_margin_must_be_shown_not_only_not_refuted(moaql: Any, panel: FaultServer) -> None:
    done = moaql("eval", "p.moaql::second", "--no-worse-than", "b", "--margin", "0.01")
    assert done.code == 1
    assert "second may be worse than b by more than 1 points" in done.err


def test_failed_items_count_as_wrong(moaql: Any, write: Callable[[str, str], Path]) -> None:
    def fails_late(asked: Asked) -> Act:
        return right(asked) if int(asked.question.split()[3]) < 15 else Status(400)

    with FaultServer(a=fails_late, b=right, c=right) as server:
        write("p.moaql", server.program(PROGRAM))
        write("set.jsonl", items(20))
        done = moaql("eval", "p.moaql::first", "--json")
        [row] = json.loads(done.out)["topologies"]
        assert (row["score"], row["failed"], row["items"]) == (0.75, 5, 20)
        assert row["failures"][0]["count"] == 5
        told = moaql("eval", "p.moaql").err
        assert "failed: first, 5 items: `first` has no answer" in told
        assert "lost: second: layer1/a is missing in 5 answers" in told


def test_a_budget_that_ends_leaves_the_same_items_for_all(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]
) -> None:
    write("p.moaql", panel.program(PROGRAM, settings=f"{SETTINGS} max_tokens=20"))
    done = moaql("eval", "p.moaql", "--budget", f"{30 * CALL}", "--at-once", "1", "--json")
    document = json.loads(done.out)
    assert done.code == 4
    assert 5 <= document["items"] < 20
    assert document["total"] == 20
    assert document["paid"] <= 30 * CALL
    assert "The budget ended after" in document["notes"][0]
    assert {each["items"] for each in document["topologies"]} == {document["items"]}
    # What was paid for is kept: the same command goes on.
    whole = json.loads(moaql("eval", "p.moaql", "--json").out)
    assert whole["items"] == 20
    assert whole["paid"] == pytest.approx(60 * CALL - document["paid"])


def test_every_answer_can_be_written(moaql: Any, panel: FaultServer, tmp_path: Path) -> None:
    moaql("eval", "p.moaql", "--items", "items.jsonl", "-q")
    rows = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 40
    wrong = next(row for row in rows if row["topology"] == "first" and row["id"] == "q15")
    assert (wrong["status"], wrong["score"], wrong["answer"]) == ("scored", 0, "The answer is -1.")
    assert wrong["feedback"] == "Expected `15`; `-1` was read."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: it holds no item"),
        (items(700).replace('"target": "699"', '"goal": "699"'), "set.jsonl:700: no field `target`"),
        (items(2).replace("q1", "q0"), "set.jsonl:2: the id `q0` is that of line 1 too"),
        (items(2).replace('"target": "1"', '"target": "one"'), "set.jsonl:2: item `q1` has the target 'one'"),
        (items(2).replace('"target": "1"', '"target": NaN'), "set.jsonl:2: the target in `target` is NaN"),
        ('{"question": "x"}\n', "set.jsonl:1: item `1` has no target"),
    ],
    ids=["empty", "a missing field in line 700", "two of one id", "no number", "NaN", "no targets"],
)
def test_a_set_that_cannot_be_used_is_refused_before_anything_is_paid(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path], text: str, said: str
) -> None:
    write("set.jsonl", text)
    done = moaql("eval", "p.moaql")
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert panel.asked == []


def test_one_item_is_a_wide_interval(moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]) -> None:
    write("set.jsonl", items(1))
    document = json.loads(moaql("eval", "p.moaql", "--json").out)
    assert document["topologies"][0]["ci"] == pytest.approx([0.2065, 1.0], abs=1e-3)
    assert document["pairs"][0]["p"] == 1
    assert document["pairs"][0]["resolvable"] is None
    assert any("1 item cannot resolve any difference" in note for note in document["notes"])


def test_where_all_agree_that_is_said(moaql: Any, panel: FaultServer) -> None:
    document = json.loads(moaql("eval", "p.moaql::b", "p.moaql::c", "--json").out)
    assert document["pairs"][0]["difference"] == 0
    assert document["pairs"][0]["p"] == 1
    assert any("cannot tell them apart" in note for note in document["notes"])


METRIC = """
def score(answer, target, item):
    if item.id == "q3":
        raise KeyError("no such thing")
    if item.id == "q4":
        return float("nan")
    return target in answer
"""


def test_a_metric_that_fails_on_items_is_counted(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]
) -> None:
    write("mine.py", METRIC)
    done = moaql("eval", "p.moaql::b", "--metric", "python:mine.py:score", "--json")
    [row] = json.loads(done.out)["topologies"]
    assert (row["score"], row["failed"]) == (0.9, 2)
    reasons = " ".join(each["reason"] for each in row["failures"])
    assert "KeyError: 'no such thing'" in reasons
    assert "`q4`" in reasons
    assert "nan" in reasons.lower()


JUDGED = """
topology first = a
topology second = b
eval set = "set.jsonl" metric=judge judge=c
"""


def test_judgements_that_cannot_be_read_are_counted_not_guessed(moaql: Any, write: Callable[[str, str], Path]) -> None:
    def judge(asked: Asked) -> Act:
        number = int(asked.question.split()[3])
        return "Fine work, I like it." if number < 4 else "Good.\nScore: 8"

    with FaultServer(a=right, b=right, c=judge) as server:
        write("p.moaql", server.program(JUDGED))
        write("set.jsonl", items(10))
        document = json.loads(moaql("eval", "p.moaql", "--json").out)
        for row in document["topologies"]:
            assert (row["score"], row["items"], row["unreadable"]) == (pytest.approx(0.8), 6, 4)
        assert document["pairs"][0]["items"] == 6
        assert document["paid"] == pytest.approx(30 * CALL)  # equal answers are judged once


def test_a_judge_that_never_answers_as_asked_is_an_error(moaql: Any, write: Callable[[str, str], Path]) -> None:
    with FaultServer(a=right, b=right, c="I would rather not say.") as server:
        write("p.moaql", server.program(JUDGED))
        write("set.jsonl", items(5))
        done = moaql("eval", "p.moaql")
    assert done.code == 3
    assert "on none of 5 items can the judgement be read" in done.err
    assert "I would rather not say." in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["p.moaql", "--data", "sett"], "did you mean `set`?"),
        (["p.moaql", "--metric", "numbr"], "Did you mean `number`?"),
        (["p.moaql", "--metric", "judge"], "the metric `judge` needs a model that judges"),
        (["p.moaql::thrid"], "has no topology `thrid`"),
        (["p.moaql", "--margin", "0.1"], "`--margin` belongs to `--no-worse-than`"),
        (["p.moaql", "--no-worse-than", "nobody"], "has no topology `nobody`"),
    ],
)
def test_wrong_usage(moaql: Any, panel: FaultServer, arguments: list[str], said: str) -> None:
    done = moaql("eval", *arguments)
    assert done.code == 2
    assert said in done.err
    assert panel.asked == []


def test_files_are_told_apart_by_their_names(moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]) -> None:
    write("other.moaql", panel.program("layer [b, c] -> vote by=number tie=first"))
    write("another.moaql", panel.program("b"))
    document = json.loads(
        moaql("eval", "other.moaql", "another.moaql", "--data", "set.jsonl", "--metric", "number", "--json").out
    )
    assert [each["name"] for each in document["topologies"]] == ["other", "another"]


def test_what_a_metric_prints_is_no_part_of_the_document(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]
) -> None:
    write("mine.py", "print('loaded')\ndef score(answer, target, item):\n    print('scored')\n    return True\n")
    done = moaql("eval", "p.moaql::b", "--metric", "python:mine.py:score", "--json")
    assert json.loads(done.out)["topologies"][0]["score"] == 1
    assert "loaded" in done.err
    assert "scored" in done.err


def test_the_least_score_holds_for_what_was_asked_for(moaql: Any, panel: FaultServer) -> None:
    assert moaql("eval", "p.moaql::first", "--min-score", "0.9", "--no-worse-than", "first").code == 1
    # `a` is there to be compared with, and scores 50.
    assert moaql("eval", "p.moaql::second", "--min-score", "0.9", "--no-worse-than", "a").code == 0


def test_a_topology_that_never_answers_has_no_score(moaql: Any, write: Callable[[str, str], Path]) -> None:
    with FaultServer(a=Status(400), b=right, c=right) as server:
        write("p.moaql", server.program(PROGRAM))
        write("set.jsonl", items(20))
        done = moaql("eval", "p.moaql", "--json")
        document = json.loads(done.out)
        assert done.code == 3
        assert [each["score"] for each in document["topologies"]] == [None, 1.0]
        assert document["pairs"] == []
        assert "it answered none of 20 items" in document["topologies"][0]["unmeasured"]
        told = moaql("eval", "p.moaql")
        assert "not measured: first: it answered none of 20 items" in told.err
        alone = moaql("eval", "p.moaql::first")
    assert alone.code == 3
    assert "`first` cannot be scored: it answered none of 20 items" in alone.err


def test_a_metric_that_always_fails_has_measured_nothing(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]
) -> None:
    write("mine.py", "def score(answer, target, item):\n    raise ValueError('no')\n")
    done = moaql("eval", "p.moaql", "--metric", "python:mine.py:score")
    assert done.code == 3
    assert "the metric failed on all of 20 items" in done.err


def test_a_name_that_two_files_have_must_be_told_apart(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]
) -> None:
    for folder in ("one", "two"):
        write(f"{folder}/x.moaql", panel.program("topology t = b"))
    rest = ("--data", "set.jsonl", "--metric", "number")
    document = json.loads(moaql("eval", "one/x.moaql", "two/x.moaql", *rest, "--json").out)
    assert [each["name"] for each in document["topologies"]] == ["one/x.moaql::t", "two/x.moaql::t"]
    done = moaql("eval", "one/x.moaql", "two/x.moaql", *rest, "--no-worse-than", "t")
    assert done.code == 2
    assert "`t` could be `one/x.moaql::t` or `two/x.moaql::t`" in done.err


FITTED = """
topology fitted = layer [a, b, c] -> vote by={by} tie=first weights=?
topology rare = b -> when tokens > 1000 {{ layer [a, b, c] -> vote by=number tie=first weights=? }}
eval set = "set.jsonl" metric={metric}
"""


@pytest.mark.parametrize(
    ("by", "metric", "name", "count", "said"),
    [
        ("similarity", "number", "fitted", 20, "it votes by similarity, which reads no answers"),
        ("number", "judge judge=c", "fitted", 20, "cannot be fitted with the metric `judge`"),
        ("number", "number", "fitted", 9, "cannot be fitted to 9 items"),
    ],
)
def test_weights_that_cannot_be_fitted_cost_nothing(
    moaql: Any,
    panel: FaultServer,
    write: Callable[[str, str], Path],
    by: str,
    metric: str,
    name: str,
    count: int,
    said: str,
) -> None:
    write("p.moaql", panel.program(FITTED.format(by=by, metric=metric)))
    write("set.jsonl", items(count))
    done = moaql("eval", f"p.moaql::{name}")
    assert done.code == 2
    assert said in done.err
    assert panel.asked == []


def test_a_vote_that_few_items_reach_cannot_be_fitted(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]
) -> None:
    write("p.moaql", panel.program(FITTED.format(by="number", metric="number")))
    done = moaql("eval", "p.moaql::rare")
    assert done.code == 2
    assert "only 0 of 20 items reach" in done.err


def test_fitted_weights_outvote_the_weak_one_and_are_shown(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]
) -> None:
    write(
        "p.moaql",
        panel.program(
            "topology t = layer [a, (a -> a), b] -> vote by=number tie=first weights=?\n"
            + 'eval set = "set.jsonl" metric=number\n'
        ),
    )
    document = json.loads(moaql("eval", "p.moaql", "--json").out)
    [row] = document["topologies"]
    [fitted] = row["fitted"].values()
    # Two voters of `a` are wrong together on half of the items, and would outvote `b`: one weight for both, below half of `b`'s.
    assert row["score"] == 1.0
    assert 2 * fitted["weights"]["a"] < fitted["weights"]["b"] == 1


def test_run_says_who_fits_weights(moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]) -> None:
    write("p.moaql", panel.program(FITTED.format(by="number", metric="number")))
    done = moaql("run", "p.moaql::fitted", "How much is 1 + 0?")
    assert done.code == 1
    assert "`moaql eval` fits them" in done.err


def test_the_metric_of_a_promptfoo_file_is_that_of_its_asserts(
    moaql: Any, panel: FaultServer, write: Callable[[str, str], Path]
) -> None:
    test = "- vars: {{question: 'How much is {n} + 0?'}}\n  assert: [{{type: {kind}, value: '{n}'}}]\n"
    write("tests.yaml", "".join(test.format(n=n, kind="icontains") for n in range(12)))
    document = json.loads(moaql("eval", "p.moaql::b", "--data", "tests.yaml", "--json").out)
    assert document["metric"] == "contains"
    write("tests.yaml", test.format(n=1, kind="equals") + test.format(n=2, kind="regex"))
    done = moaql("eval", "p.moaql::b", "--data", "tests.yaml")
    assert done.code == 2
    assert "of several kinds: equals, regex" in done.err
