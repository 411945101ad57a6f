"""`moaql diagnose` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evaluation.recorded import RECORDED, needs_recorded

from moaql.simulation.questions import write_questions

MODELS = """model qwen = "sim/qwen1.5-72b-chat"
model llama = "sim/llama-3-70b-chat"
model dbrx = "sim/dbrx-instruct"
model gpt4o = "sim/gpt-4o"
"""


@pytest.fixture
def panel(write: Callable[[str, str], Path]) -> None:
    """A program of simulated models with an eval set of 30 items."""
    rows = "".join(json.dumps(each) + "\n" for each in write_questions(30, ("arithmetic",), 1))
    write("q.jsonl", rows)
    text = f'{MODELS}eval sums = "q.jsonl" metric=number\ntopology panel = layer [qwen, llama, dbrx] -> agg gpt4o\n'
    write("p.moaql", f"{text}topology single = qwen\n")


def test_tables_go_to_standard_output_and_the_bill_to_the_other(moaql: Any, panel: None) -> None:
    done = moaql("diagnose", "p.moaql::panel")
    assert done.code == 0
    for title in ("members", "together, on 30 items", "votes of subsets", "aggregator agg/gpt4o", "lengths of answers"):
        assert f"\n{title}" in done.out
    assert "panel on sums: 30 items, metric number" in done.out
    assert "simulated models: no real model was asked" in done.err
    assert "paid $" in done.err


def test_the_second_time_costs_nothing(moaql: Any, panel: None) -> None:
    first = json.loads(moaql("diagnose", "p.moaql::panel", "--json").out)
    again = moaql("diagnose", "p.moaql::panel", "--offline", "--json")
    second = json.loads(again.out)
    assert (again.code, again.err) == (0, "")
    assert first["paid"] > 0
    assert second["paid"] == 0
    assert second["saved"] == pytest.approx(first["paid"])
    assert {name: each for name, each in first.items() if name not in ("paid", "saved")} == {
        name: each for name, each in second.items() if name not in ("paid", "saved")
    }
    assert (second["topology"], second["eval"], second["metric"], second["items"]) == ("panel", "sums", "number", 30)
    assert [each["name"] for each in second["members"]] == ["qwen", "llama", "dbrx"]


def test_offline_without_answers_asks_nobody(moaql: Any, panel: None) -> None:
    done = moaql("diagnose", "p.moaql::panel", "--offline", "--json")
    assert done.code == 3
    assert "the bank does not hold" in json.loads(done.out)["error"]


def test_a_run_has_paid_for_the_diagnosis(moaql: Any, panel: None) -> None:
    assert moaql("batch", "p.moaql::panel", "q.jsonl", "-o", "out.jsonl").code == 0
    assert json.loads(moaql("diagnose", "p.moaql::panel", "--offline", "--json").out)["paid"] == 0


def test_an_attack_and_a_swap_are_shown(moaql: Any, panel: None) -> None:
    done = moaql("diagnose", "p.moaql::panel", "--attack", "--attacker", "dbrx", "--swap", "--limit", "10")
    assert "one deceptive member: dbrx" in done.out
    assert (
        "dbrx is right on 0.000 of the items as a deceiver: the simulation's deceptive model answers for it."
        in done.out
    )
    assert "gpt4o (now)" in done.out


def test_plots_are_written(moaql: Any, panel: None, tmp_path: Path) -> None:
    done = moaql("diagnose", "p.moaql::panel", "--plots", "plots", "--json")
    files = json.loads(done.out)["files"]
    assert "plots/phi.svg" in files
    assert all((tmp_path / each).stat().st_size > 1000 for each in files)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["p.moaql::single"], "has one member, `qwen`: there is nothing to compare"),
        (["p.moaql::panel", "--attacker", "qwen"], "Add `--attack`."),
        (["p.moaql::panel", "--attack", "--attacker", "nobody"], "Its members are qwen, llama, dbrx."),
        (
            ["p.moaql::panel", "--data", "none.jsonl"],
            "neither an eval set of the program nor a file is called `none.jsonl`",
        ),
        (["p.moaql::panel", "--metric", "nmber"], "Did you mean `number`?"),
        (["p.moaql"], "has several topologies"),
    ],
)
def test_wrong_usage_is_told(moaql: Any, panel: None, arguments: list[str], says: str) -> None:
    done = moaql("diagnose", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_a_budget_that_ends_at_once_says_so(moaql: Any, panel: None) -> None:
    done = moaql("diagnose", "p.moaql::panel", "--budget", "0.0000001", "--json")
    assert done.code == 4
    assert "budget" in json.loads(done.out)["error"]


@needs_recorded
def test_recorded_answers_are_diagnosed_for_nothing(moaql: Any, write: Callable[[str, str], Path]) -> None:
    path = RECORDED / "gsm8k.dev.jsonl.gz"
    names = (
        "Athene-70B",
        "Meta-Llama-3.1-8B-Instruct",
        "Mistral-Nemo-Instruct-2407",
        "claude-3-opus-20240229",
        "yi-large",
    )
    models = [
        f'model m{at} = "recorded/{name}" file="{path}" prices="{RECORDED}/prices.json"'
        for at, name in enumerate(names)
    ]
    write("r.moaql", "\n".join([*models, "layer [m0, m1, m2, m3, m4] -> vote number"]))
    done = moaql("diagnose", "r.moaql", "--data", str(path), "--metric", "number", "--json")
    found = json.loads(done.out)
    assert (done.code, found["paid"], found["simulated"], found["items"]) == (0, 0, False, 660)
    assert found["ceiling"] + found["all_wrong"] == pytest.approx(1)
    assert len(found["subsets"]) == 10 + 10 + 5 + 1
    assert all(each["cost"] > 0 for each in found["members"])
