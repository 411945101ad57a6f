"""The whole diagnosis: against an independent count over recorded answers, and where something is missing."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from evaluation.diagnosis.made import diagnosis, program, questions
from evaluation.recorded import RECORDED, needs_recorded
from run.scripted import Failure, Script

import moaql
from moaql.errors import BudgetReached, UsageError
from moaql.evaluation.diagnosis.document import document

FIVE = ("Athene-70B", "Meta-Llama-3.1-8B-Instruct", "Mistral-Nemo-Instruct-2407", "claude-3-opus-20240229", "yi-large")


def recorded_five() -> Any:
    path, prices = RECORDED / "gsm8k.dev.jsonl.gz", RECORDED.parent / "prices.json"
    prices = prices if prices.exists() else RECORDED / "prices.json"
    models = [f'model m{at} = "recorded/{name}" file="{path}" prices="{prices}"' for at, name in enumerate(FIVE)]
    return moaql.parse("\n".join([*models, "layer [m0, m1, m2, m3, m4] -> vote number"])), str(path)


@needs_recorded
def test_figures_are_those_of_an_independent_count() -> None:
    loaded, path = recorded_five()
    found = diagnosis(loaded, path)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    said = [[row["responses"][name][0]["answer"] for name in FIVE] for row in rows]
    right = [[one == row["target"] for one in each] for each, row in zip(said, rows, strict=True)]
    count = len(rows)
    errs = found.diversity
    for one in range(5):
        assert found.members[one].right.value == pytest.approx(sum(each[one] for each in right) / count)
        for other in range(one):
            cells = Counter((each[one], each[other]) for each in right)
            both, none, first, second = (
                cells[key] for key in ((True, True), (False, False), (True, False), (False, True))
            )
            below = ((both + first) * (none + second) * (both + second) * (none + first)) ** 0.5
            assert errs.phi[one][other] == pytest.approx((both * none - first * second) / below)
            wrong = [each for each, good in zip(said, right, strict=True) if not good[one] and not good[other]]
            same = sum(each[one] == each[other] is not None for each in wrong)
            assert errs.same_wrong[one][other] == pytest.approx(same / len(wrong))
    assert errs.ceiling == pytest.approx(sum(map(any, right)) / count)
    assert errs.all_wrong == pytest.approx(1 - errs.ceiling)
    # A tie goes to the first of those who are level, as in `vote`.
    votes = [max(each, key=lambda one, each=each: (one is not None) * each.count(one)) for each in said]
    vote = sum(one == row["target"] for one, row in zip(votes, rows, strict=True)) / count
    assert found.score.score.value == pytest.approx(vote)
    assert found.leave_one_out[0].vote == pytest.approx(vote)
    # A pure selection is also run without each member, and agrees.
    assert [each.topology.difference for each in found.leave_one_out] == pytest.approx(
        [each.comparison.difference for each in found.leave_one_out]
    )
    assert not found.simulated


@needs_recorded
def test_recordings_are_attacked_without_a_call() -> None:
    loaded, path = recorded_five()
    found = diagnosis(loaded, path, limit=200, attack=True, session={"offline": True}).attack
    assert found.kind == "recorded"
    assert found.defences[0].damage.high < 0


def test_the_document_has_all_fields_and_is_json(tmp_path: Path) -> None:
    found = diagnosis(program("layer [a, b, c] -> agg f"), questions(tmp_path, 40))
    shown = json.loads(json.dumps(document(found), allow_nan=False))
    assert shown.keys() >= {
        "members", "phi", "agreement", "ceiling", "subsets", "leave_one_out", "same_wrong", "all_wrong", "aggregator", "lengths",
        "attack", "swap", "notes", "items", "topology", "simulated",
    }  # fmt: skip
    assert [each["name"] for each in shown["members"]] == shown["compared"] == ["a", "b", "c"]
    assert [len(row) for row in shown["phi"]] == [3, 3, 3]
    assert len(shown["subsets"]) == shown["subset_summary"]["count"] == 4
    assert (shown["items"], shown["simulated"], shown["attack"]) == (40, True, None)
    assert shown["aggregator"][0]["situations"].keys() == {"majority right", "minority right", "tie", "none right"}


def test_where_the_metric_reads_no_answers_there_is_no_agreement_and_no_vote(tmp_path: Path) -> None:
    found = diagnosis(program("layer [a, b, c] -> agg f"), questions(tmp_path, 40), metric="contains")
    shown = document(found)
    assert (shown["agreement"], shown["same_wrong"], shown["subsets"], shown["leave_one_out"]) == (
        None,
        None,
        None,
        None,
    )
    assert 0 < shown["ceiling"] <= 1
    assert any("`contains` reads no answer" in note for note in shown["notes"])


@pytest.mark.parametrize("text", ["a", "agg_only", "layer [a]"])
def test_with_one_member_there_is_nothing_to_compare(tmp_path: Path, text: str) -> None:
    loaded = program("topology agg_only = layer [a] -> agg b" if text == "agg_only" else text)
    with pytest.raises(UsageError, match="one member, `a`: there is nothing to compare"):
        diagnosis(loaded, questions(tmp_path, 3))


def test_an_unknown_attacker_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no member `z`") as error:
        diagnosis(program("layer [a, b]x2 -> agg f"), questions(tmp_path, 3), attack=True, attacker="z")
    assert error.value.next_step == "Its members are a#1, a#2, b#1, b#2."


def test_one_item_is_enough(tmp_path: Path) -> None:
    found = diagnosis(program("layer [a, b] -> agg f"), questions(tmp_path, 1), attack=True, swap=True)
    assert (found.items, found.diversity.phi[0][1], found.subsets.validated) == (1, None, None)
    assert any("1 item shows little" in note for note in found.notes)
    json.dumps(document(found), allow_nan=False)


def script_of(**says: Any) -> tuple[Script, Any, dict[str, Any]]:
    script = Script(**says)
    return (
        script,
        lambda text: moaql.parse(script.text(text)),
        {"attempts": 1, "transport": httpx.MockTransport(script._handle)},
    )


def items(folder: Path, count: int) -> str:
    path = folder / "q.jsonl"
    path.write_text(
        "".join(json.dumps({"question": f"Question {each}?", "target": "4"}) + "\n" for each in range(count))
    )
    return str(path)


def test_a_member_that_fails_on_some_items_is_lost_there(tmp_path: Path) -> None:
    def half(messages: Any) -> Any:
        return "The answer is 4." if "Question 0" in str(messages) else Failure(500)

    _, parse, session = script_of(a=half, b="The answer is 4.", c="The answer is 4.")
    found = diagnosis(parse("layer [a, b] -> agg c"), items(tmp_path, 2), session=session)
    assert [(each.asked, each.lost, each.right.value) for each in found.members] == [(2, 1, 0.5), (2, 0, 1.0)]
    assert found.diversity.phi[0][1] is None
    assert found.score.score.value == 1.0


def test_members_behind_a_gate_are_not_asked_unless_it_is_wanted(tmp_path: Path) -> None:
    script, parse, session = script_of(a="The answer is 4.", b="The answer is 5.", c="The answer is 4.")
    text = "when tokens > 1000 { layer [a, b] -> vote number } else { layer [a, c] -> vote number }"
    found = diagnosis(parse(text), items(tmp_path, 2), session=session)
    assert script.of("b") == []
    assert [(each.name, each.asked) for each in found.members] == [("a", 2), ("b", 0), ("c", 2)]
    assert found.panel.seldom == ("b",)
    assert any("--all-members" in note for note in found.notes)
    everyone = diagnosis(parse(text), items(tmp_path, 2), session=session, everyone=True)
    assert len(script.of("b")) == 2
    assert [(each.name, each.asked, each.right.value) for each in everyone.members] == [
        ("a", 2, 1.0),
        ("b", 2, 0.0),
        ("c", 2, 1.0),
    ]
    assert everyone.panel.seldom == ()


def test_a_budget_that_ends_leaves_what_is_done(tmp_path: Path) -> None:
    _, parse, session = script_of(a="The answer is 4.", b="The answer is 4.", c="The answer is 4.")
    loaded = parse("layer [a, b] max_tokens=50 -> agg c max_tokens=50")
    with pytest.raises(BudgetReached):
        diagnosis(loaded, items(tmp_path, 3), session={**session, "budget": 1e-6})


def test_a_metric_of_ones_own_that_fails_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def grade(answer, target, item):\n    return 0.7 if '4' in answer else 1 / 0\n")
    _, parse, session = script_of(a="The answer is 4.", b="The answer is 5.", c="The answer is 5.")
    metric = f"python:{tmp_path}/own.py:grade"
    found = diagnosis(parse("layer [a, b] -> agg c"), items(tmp_path, 2), metric=metric, session=session)
    assert [(each.right.value, each.score) for each in found.members] == [(1.0, pytest.approx(0.7)), (0.0, 0.0)]
    assert any(note.startswith("2 items failed, which counts as 0") for note in found.notes)
    assert any("the metric grades" in note for note in found.notes)


def test_the_best_of_those_that_are_compared_is_attacked(tmp_path: Path) -> None:
    """`a` is right on the only item that it was asked; `c` on more."""

    def by_item(right: str) -> Any:
        return lambda messages: (
            "The answer is 4." if any(each in str(messages) for each in right) else "The answer is 5."
        )

    path = tmp_path / "q.jsonl"
    rows = [
        {"question": f"Question {each}?", "target": "4", "kind": "rare" if each == 0 else "usual"} for each in range(4)
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    _, parse, session = script_of(a=by_item("0"), b=by_item("1"), c=by_item("12"))
    text = "route by=kind { case rare { layer [a, b] -> vote number } else { layer [b, c] -> vote number } }"
    found = diagnosis(parse(text), str(path), session=session, attack=True)
    assert next((each.name, each.asked, each.right.value) for each in found.members) == ("a", 1, 1.0)
    assert found.attack.member == "c"
