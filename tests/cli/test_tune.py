"""`moaql tune` as a user meets it: an eval set, a prompt, and a better one where it certainly is one."""

import difflib
import json
from pathlib import Path
from typing import Any

import pytest
from tuning.examples import PROGRAM, load, write

import moaql as package

HELPFUL = {"check": 3.0, "doubt": 2.0, "work": 2.0, "majority": 2.0, "steps": 2.0}
"""A world in which nearly every thought helps, so that few calls find one that does."""
QUICK = ("--calls", "150", "--seed", "2")


def tune(moaql: Any, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = moaql("tune", "p.moaql", "-o", "out.moaql", "--json", *arguments)
    assert done.code == code, done.err
    return dict(json.loads(done.out))


def test_a_prompt_that_can_be_better_becomes_better(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=400, **HELPFUL)
    found = tune(moaql, *QUICK)
    assert {"before", "after", "difference", "ci", "accepted", "paid"} <= set(found)  # the contract
    assert found["accepted"] is True
    assert found["select"]["ci"][0] > 0
    assert found["measured_on"] == "report"
    assert found["difference"] == pytest.approx(found["after"] - found["before"])
    assert found["ci"][0] <= found["difference"] <= found["ci"][1]
    assert found["calls"]["optimizing"] <= 150
    assert found["calls"]["confirming"] == 2 * (found["select"]["items"] + found["report"]["items"])
    assert sum(found["items"].values()) == 400
    assert found["simulated"] is True
    changed = [
        line
        for line in difflib.ndiff(
            PROGRAM.splitlines(), (tmp_path / "out.moaql").read_text(encoding="utf-8").splitlines()
        )
        if line[0] in "+-"
    ]
    new, old = [line[2:] for line in changed if line[0] == "+"], [line[2:] for line in changed if line[0] == "-"]
    assert len(old) == 1  # the one line of the prompt
    assert [line[:1] for line in new] == ["#", "#", "#", " "]
    assert new[0].startswith("# Tuned by gepa on 20")
    assert found["eval"]["hash"] in new[0]
    assert "Simulated models." in new[2]
    program = package.load(tmp_path / "out.moaql")
    assert program.topology().graph.nodes["agg/d"].prompt.messages[0][1] == found["text_after"]


def test_the_same_command_again_pays_nothing_and_finds_the_same(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=200, **HELPFUL)
    first, again = tune(moaql, *QUICK, "--trace", "trace.jsonl"), tune(moaql, *QUICK)
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text(encoding="utf-8").splitlines()]
    rewriting = [line for line in lines if line["event"] == "call" and line["purpose"] == "rewrite"]
    assert len(rewriting) == first["calls"]["reflection"]
    assert "<instructions>\nBelow are {n} answers" in rewriting[0]["messages"][0]["content"]
    assert first["paid"] > 0
    assert again["paid"] == 0
    assert again["text_after"] == first["text_after"]
    assert again["calls"] == first["calls"]


def test_where_no_text_helps_the_program_stays_as_it_is(moaql: Any, tmp_path: Path) -> None:
    path = write(tmp_path, items=200)
    found = tune(moaql, *QUICK)
    assert found["accepted"] is False
    assert found["program"] is None
    assert found["report"] is None  # nobody has looked at those items
    assert not (tmp_path / "out.moaql").exists()
    assert path.read_text(encoding="utf-8") == PROGRAM
    told = moaql("tune", "p.moaql", "-o", "out.moaql", *QUICK)
    assert told.code == 0
    assert told.out.startswith(("No text did better", "Nothing was accepted"))


def test_a_budget_is_kept_and_its_end_is_told(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=200, **HELPFUL)
    found = tune(moaql, *QUICK, "--budget", "0.02", code=4)
    assert found["paid"] <= 0.02
    assert found["accepted"] is False
    assert "the budget of $0.02 is reached" in found["ended"]
    assert found["headline"].startswith("The budget ended before")
    assert not (tmp_path / "out.moaql").exists()
    told = moaql("tune", "p.moaql", "-o", "out.moaql", *QUICK, "--budget", "0.02")
    assert "What is done is in the bank" in told.err or "Raise the budget" in told.err


def test_the_end_of_the_money_is_kept_for_the_confirmation(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=200, **HELPFUL)
    found = tune(moaql, "--budget", "0.6", "--seed", "2")
    assert found["paid"] <= 0.6
    assert found["stopped"] == "what is left of the budget is kept to confirm what was found"
    assert found["ended"] is None


def test_a_reflection_model_that_writes_nonsense_is_told_of(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=200, **HELPFUL)
    found = tune(moaql, *QUICK, "--reflection", "broken")
    assert found["accepted"] is False
    assert found["stopped"] == "the reflection model wrote no usable text 3 times in a row"
    assert found["unreadable"] == 9
    assert any("In 9 of 9 replies of the reflection model no text could be found" in note for note in found["notes"])


def test_a_metric_without_feedback_works_and_is_told_of(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=120, **HELPFUL)
    (tmp_path / "own.py").write_text(
        "def right(answer, target, item):\n    return float(str(target) in answer)\n", encoding="utf-8"
    )
    found = tune(moaql, "--calls", "60", "--metric", "python:own.py:right")
    assert any("gives no feedback" in note for note in found["notes"])


def test_a_metric_that_fails_on_everything_is_no_score_of_0(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=120)
    (tmp_path / "own.py").write_text("def right(answer, target, item):\n    return answer.no\n", encoding="utf-8")
    done = moaql("tune", "p.moaql", "-o", "out.moaql", "--metric", "python:own.py:right")
    assert done.code == 3
    assert "`panel` cannot be scored: the metric failed on all" in done.err


@pytest.mark.parametrize(
    ("arguments", "items", "said"),
    [
        (("--limit", "20"), 120, "20 items cannot tune a prompt"),
        (("--prompt", "mergr"), 120, "did you mean `merge`"),
        (("--optimizer", "gepaa"), 120, "did you mean `gepa`"),
        (("--reflection", "nobody"), 120, "no model is called `nobody`"),
        (("--calls", "10"), 120, "Give at least `--calls"),
        (("--reflection", "openai/no-such-model", "--budget", "1"), 120, "no known price"),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_paid(
    moaql: Any, tmp_path: Path, arguments: tuple[str, ...], items: int, said: str
) -> None:
    write(tmp_path, items=items)
    done = moaql("tune", "p.moaql", "-o", "out.moaql", *arguments)
    assert done.code == 2
    assert said in done.err


def test_few_items_are_warned_of(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=60)
    found = tune(moaql, "--calls", "60")
    assert any("The eval set is small" in note for note in found["notes"])


def test_what_others_wrote_is_not_overwritten(moaql: Any, tmp_path: Path) -> None:
    write(tmp_path, items=60)
    (tmp_path / "out.moaql").write_text("mine", encoding="utf-8")
    done = moaql("tune", "p.moaql", "-o", "out.moaql")
    assert done.code == 2
    assert "was not written by `moaql tune`" in done.err


def test_only_items_that_reach_the_prompt_are_learned_from(moaql: Any, tmp_path: Path) -> None:
    cascade = PROGRAM.replace(
        "-> agg d prompt=merge",
        "-> when agreement by=number >= 2/3 { vote by=number tie=first } else { agg d prompt=merge }",
    )
    write(tmp_path, cascade, items=200, **HELPFUL)
    found = tune(moaql, "--calls", "100")
    assert found["calls"]["optimizing"] <= 100
    assert found["calls"]["confirming"] < 2 * (found["items"]["select"] + found["items"]["report"])


def test_the_proposers_are_asked_once_an_item(tmp_path: Path) -> None:
    from collections import Counter

    from moaql.run.events import CallFinished, Event

    program, sent = load(tmp_path, items=120, **HELPFUL), Counter[str]()

    def hear(event: Event) -> None:
        if isinstance(event, CallFinished) and event.attempts:
            sent[event.node.id] += 1

    found = package.tune(program, calls=100, bank="none", listeners=(hear,))
    items = sum(found.document["items"].values())
    assert max(sent[f"layer1/{name}"] for name in "abc") <= items
    assert sent["agg/d"] <= found.document["calls"]["optimizing"] + found.document["calls"]["confirming"]


@pytest.mark.parametrize("optimizer", ["copro", "miprov2"])
def test_dspys_optimizers_find_it_too(tmp_path: Path, optimizer: str) -> None:
    program = load(tmp_path, items=300, **HELPFUL)
    found = package.tune(program, optimizer=optimizer, calls=200, bank="none", reflection="a", seed=1)
    assert found.tuned.calls <= 200
    assert found.tuned.accepted, found.lines
    assert found.text is not None
    assert f"# Tuned by {optimizer} on" in found.text


@pytest.mark.parametrize("optimizer", ["copro", "miprov2"])
def test_a_budget_ends_dspys_optimizers_too(tmp_path: Path, optimizer: str) -> None:
    program = load(tmp_path, items=200)
    found = package.tune(program, optimizer=optimizer, bank="none", budget=0.01)
    assert found.document["paid"] <= 0.01
    assert found.tuned.ended is not None
    assert not found.tuned.accepted
