"""`moaql search` as a user meets it: a space, an eval set, and the same program with its holes filled."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import moaql as package

MODELS = """
model weak = "sim/llama-3.1-8b" price_in=$0.1 price_out=$0.1
model strong = "sim/gpt-4o" price_in=$2.5 price_out=$10
model other = "sim/gpt-4o-mini" price_in=$0.15 price_out=$0.6
"""
SEARCH = """
# What we searched for.
search auto {
  topology layer ?(1..2 of [weak, strong, other]) x?(1..3) temperature=0.7 -> ?(vote by=number tie=first | agg strong)  # the space
  eval set
  maximize quality
  minimize cost
  budget = $2
  trials = 15
}
eval set = "set.jsonl" metric=number
"""


@pytest.fixture
def space(write: Callable[[str, str], Path], moaql: Any) -> None:
    """A program with a search over simulated models, and 60 questions that they answer."""
    questions = moaql("sim", "questions", "60", "--category", "arithmetic", "--seed", "3")
    write("set.jsonl", questions.out)
    write("p.moaql", MODELS + SEARCH)


def test_a_search_from_beginning_to_end(moaql: Any, space: None, tmp_path: Path) -> None:
    done = moaql("search", "p.moaql", "-o", "best.moaql", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    # The contract of the command line.
    assert {"best", "frontier", "baselines", "tied", "trials", "paid", "banked", "holdout", "stopped"} <= set(document)
    assert {"program", "score", "ci", "cost_per_item"} <= set(document["frontier"][0])
    assert document["simulated"] is True
    assert 0 < document["paid"] <= 2
    assert document["measured"] <= 15
    singles = {each["name"] for each in document["trials"] if each["baseline"] == "single"}
    assert singles == {"weak", "strong", "other"}
    costs = [each["cost_per_item"] for each in document["frontier"]]
    assert costs == sorted(costs, reverse=True)  # from the best quality down, each cheaper than the one before
    assert (
        document["eval"]["items"] == {"search": 36, "select": 12, "report": 12}
        or sum(document["eval"]["items"].values()) == 60
    )


def test_the_winner_is_the_users_program_with_its_holes_filled(moaql: Any, space: None, tmp_path: Path) -> None:
    assert moaql("search", "p.moaql", "-q").code == 0
    text = (tmp_path / "best.moaql").read_text(encoding="utf-8")
    assert "# What we searched for." in text
    assert "# the space" in text
    assert "search auto" not in text
    assert "# Searched on 20" in text
    assert "Simulated models." in text
    program = package.load(tmp_path / "best.moaql")
    assert list(program.topologies) == ["auto"]
    assert program.topology().graph.nodes


def test_a_second_run_pays_nothing_and_finds_the_same(moaql: Any, space: None) -> None:
    first = json.loads(moaql("search", "p.moaql", "--json").out)
    again = json.loads(moaql("search", "p.moaql", "--json").out)
    assert first["paid"] > 0
    assert again["best"] == first["best"]
    assert again["paid"] < first["paid"] / 4


def test_the_finding_is_told_in_words_first_of_all_whether_an_ensemble_won(moaql: Any, space: None) -> None:
    done = moaql("search", "p.moaql")
    last = done.out.rstrip().split("\n\n")[-2].splitlines()
    assert last[0].startswith(("No ensemble beat the best single model", "An ensemble beats", "A cheaper model beats"))
    assert "written to best.moaql" in done.out
    assert "simulated models" in done.err


def test_a_budget_is_never_exceeded(moaql: Any, space: None) -> None:
    document = json.loads(moaql("search", "p.moaql", "--budget", "0.05", "--json").out)
    assert document.get("paid", 0) <= 0.05


@pytest.mark.parametrize(
    ("edit", "code", "said"),
    [
        (
            lambda text: text.replace("?(1..2 of [weak, strong, other]) x?(1..3)", "[weak, other]").replace(
                "?(vote by=number tie=first | agg strong)", "vote tie=first"
            ),
            1,
            "no hole",
        ),
        (lambda text: text.replace("eval set\n", "eval sett\n"), 1, "unknown eval set `sett`"),
        (
            lambda text: text.replace("maximize quality\n  minimize cost", "maximize quality per dollar"),
            1,
            "quality per dollar",
        ),
    ],
    ids=["no hole", "no such eval set", "a bare ratio"],
)
def test_what_cannot_be_searched(
    moaql: Any, space: None, write: Callable[[str, str], Path], edit: Callable[[str], str], code: int, said: str
) -> None:
    write("p.moaql", edit(MODELS + SEARCH))
    done = moaql("search", "p.moaql")
    assert done.code == code
    assert said in done.err


def test_eight_items_choose_nothing(moaql: Any, space: None, write: Callable[[str, str], Path], tmp_path: Path) -> None:
    rows = (tmp_path / "set.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    write("set.jsonl", "".join(rows[:8]))
    done = moaql("search", "p.moaql")
    assert done.code == 2
    assert "an eval set of 8 items cannot choose between topologies" in done.err


def test_a_study_of_something_else_is_refused(moaql: Any, space: None, write: Callable[[str, str], Path]) -> None:
    assert moaql("search", "p.moaql", "--study", "mine", "-q").code == 0
    write("p.moaql", (MODELS + SEARCH).replace("x?(1..3)", "x?(1..4)"))
    done = moaql("search", "p.moaql", "--study", "mine")
    assert done.code == 2
    assert "made for another program or eval set" in done.err


def test_limits_that_nothing_meets_name_the_nearest(moaql: Any, space: None, write: Callable[[str, str], Path]) -> None:
    write("p.moaql", (MODELS + SEARCH).replace("minimize cost\n", "minimize cost\n  where cost <= $0.0000001\n"))
    done = moaql("search", "p.moaql")
    assert "No topology keeps the limits" in done.out
    assert "cost <= $1e-07" in done.out


def test_a_file_that_no_search_wrote_is_not_overwritten(
    moaql: Any, space: None, write: Callable[[str, str], Path]
) -> None:
    write("best.moaql", "layer [a] -> vote\n")
    done = moaql("search", "p.moaql")
    assert done.code == 2
    assert "was not written by a search" in done.err


def test_what_a_search_would_cost_at_most(moaql: Any, space: None) -> None:
    document = json.loads(moaql("plan", "p.moaql", "--json").out)
    assert (document["points"], document["invalid"], document["exact"]) == (36, 0, True)
    assert document["cost_high"] > 0
    assert "distinct" in moaql("plan", "p.moaql").out


def test_the_winner_can_be_used_in_another_folder_and_the_report_drawn(
    moaql: Any, space: None, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    write("programs/models.moaql", MODELS)
    write("programs/p.moaql", 'import "models.moaql"\n' + SEARCH.replace('"set.jsonl"', '"../set.jsonl"'))
    assert moaql("search", "programs/p.moaql", "-o", "best.moaql", "-q").code == 0
    assert 'import "programs/models.moaql"' in (tmp_path / "best.moaql").read_text(encoding="utf-8")
    assert moaql("eval", "best.moaql", "--limit", "3", "-q").code == 0
    [study] = (tmp_path / ".moaql" / "studies").iterdir()
    done = moaql("report", study.name, "-o", "report.html")
    assert done.code == 0, done.err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "simulated" in page
    assert "layer1.proposers" in page


SILENT = """
model silent = "openai/gone" base_url="http://127.0.0.1:9/v1" price_in=$1 price_out=$1
"""


def test_a_model_that_never_answers_is_left_out_and_named(
    moaql: Any, space: None, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    write("p.moaql", MODELS + SILENT + SEARCH.replace("[weak, strong, other]", "[weak, other, silent]"))
    document = json.loads(moaql("search", "p.moaql", "--attempts", "1", "--json").out)
    (note,) = [each for each in document["notes"] if "silent" in each]
    assert "`silent` is left out: it answered none of 36 items" in note
    assert "connection refused" in note
    asked = [each["name"] for each in document["trials"] if "silent" in each["name"]]
    assert asked == ["silent"]


def test_where_nobody_answers_there_is_no_finding(
    moaql: Any, space: None, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    unknown = MODELS.replace("llama-3.1-8b", "no-such").replace("gpt-4o-mini", "nor-this").replace("gpt-4o", "nor-that")
    write("p.moaql", unknown + SEARCH)
    done = moaql("search", "p.moaql")
    assert done.code == 3
    assert "nothing can be searched. `weak`: it answered none of 36 items" in done.err
    assert not (tmp_path / "best.moaql").exists()


def test_a_budget_below_one_screen_says_what_it_takes(moaql: Any, space: None) -> None:
    done = moaql("search", "p.moaql", "--budget", "0.0001")
    assert done.code == 4
    assert "the budget of $0.0001 is below one screen: every single model on 36 items costs about $0." in done.err
    assert "Give at least `--budget" in done.err


def test_where_nothing_keeps_the_limits_the_nearest_is_the_choice(
    moaql: Any, space: None, write: Callable[[str, str], Path]
) -> None:
    write("p.moaql", MODELS + SEARCH.replace("minimize cost", "minimize cost where cost <= $0.0000001"))
    done = moaql("search", "p.moaql")
    assert done.code == 0
    assert "No topology keeps the limits: the nearest is `weak`, which misses cost <= $1e-07." in done.out
    assert "The choice is `weak`" in done.out


def test_judged_answers_can_be_searched_too(moaql: Any, space: None, write: Callable[[str, str], Path]) -> None:
    write("p.moaql", MODELS + SEARCH.replace("metric=number", 'metric=judge judge="sim/gpt-4o"'))
    document = json.loads(moaql("search", "p.moaql", "--trials", "6", "--json").out)
    assert document["measured"] == 6
    assert document["best"]["score"] is not None


def test_intervals_are_as_sure_as_the_search_asks(moaql: Any, space: None, write: Callable[[str, str], Path]) -> None:
    widths = []
    for confidence in ("0.8", "0.99"):
        write("p.moaql", MODELS + SEARCH.replace("trials = 15", f"trials = 3\n  confidence = {confidence}"))
        done = moaql("search", "p.moaql", "--study", f"study-{confidence}")
        assert f"{100 * float(confidence):g} % interval" in done.out
        document = json.loads(moaql("search", "p.moaql", "--study", f"again-{confidence}", "--json").out)
        low, high = document["best"]["ci"]
        widths.append(high - low)
    assert widths[0] < 0.7 * widths[1]


def test_the_document_says_what_the_holes_became_and_how_the_frontier_grew(
    moaql: Any, space: None, tmp_path: Path
) -> None:
    document = json.loads(moaql("search", "p.moaql", "--json", "-o", "best.moaql").out)
    areas = [each["area"] for each in document["curve"]]
    assert all(0 <= each <= 1 for each in areas)
    assert areas[-1] > 0.3
    told = moaql("diff", "p.moaql", "best.moaql").out
    assert document["diff"] == told.strip() or not document["diff"]  # a baseline fills no holes
