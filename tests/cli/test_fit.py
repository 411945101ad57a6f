"""`moaql tune --fit`: numbers are fitted, and the program with them is written where it is better."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tuning.numbers.worlds import CASCADE, MODELS, ROUTE, write_world

import moaql
from moaql.cli.tune import command
from moaql.errors import MoaqlError, UsageError


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fit a program in an empty folder; the document that is printed."""
    monkeypatch.chdir(tmp_path)

    def run(program: str, *arguments: str, world: dict[str, Any] | None = None) -> Any:
        write_world(tmp_path, **(world or {}))
        (tmp_path / "p.moaql").write_text(MODELS + program, encoding="utf-8")
        done = CliRunner().invoke(command, ["p.moaql", "--no-bank", "--json", *arguments])
        if done.exception is not None and isinstance(done.exception, MoaqlError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


def test_a_threshold_is_fitted_and_written(fit: Any, tmp_path: Path) -> None:
    text = "# The cascade.\n" + CASCADE.format("0")
    found = fit(text, "--fit", "thresholds", "-o", "best.moaql")
    assert found["before"] < 0.6
    assert found["after"] == 1.0
    assert found["accepted"]
    assert found["ci"][0] > 0
    assert found["cost_before"] < found["cost_after"]
    assert (found["paid"], found["written"], found["items"]) == (0, ["best.moaql"], 120)
    assert {each["name"] for each in found["others"]} == {"as it was", "always when=yes", "always when=no"}
    written = (tmp_path / "best.moaql").read_text(encoding="utf-8")
    assert "agreement by=number >= 0.8 {" in written
    assert "# The cascade.\n# Fitted on 2" in written
    # What is written does what was measured.
    again = moaql.evaluate(moaql.load(tmp_path / "best.moaql"), bank="none")
    assert again.row("t").score == 1.0
    assert again.row("t").cost_per_item == pytest.approx(found["cost_after"])


def test_a_second_fit_replaces_the_comment_of_the_first(fit: Any, tmp_path: Path) -> None:
    fit(CASCADE.format("0"), "--fit", "thresholds", "-o", "best.moaql")
    first = (tmp_path / "best.moaql").read_text(encoding="utf-8").replace(">= 0.8", ">= 0.2")
    fit(first.partition("metric=number\n")[2], "--fit", "thresholds", "-o", "best.moaql")
    assert (tmp_path / "best.moaql").read_text(encoding="utf-8").count("# Fitted on") == 1


def test_numbers_that_are_right_already_are_not_written(fit: Any, tmp_path: Path) -> None:
    found = fit(CASCADE.format("0.8"), "--fit", "thresholds", "-o", "best.moaql")
    assert (found["accepted"], found["difference"], found["written"]) == (False, 0.0, [])
    assert not (tmp_path / "best.moaql").exists()


def test_a_router_is_fitted_before_its_file_is_there(fit: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    found = fit(ROUTE, "--fit", "router", "-o", "out/best.moaql")
    assert found["after"] >= 0.97
    assert found["accepted"]
    assert found["cost_after"] < 0.7 * found["cost_before"]  # before: the best case alone
    assert found["written"] == ["out/best.moaql", "out/router.json"]
    assert 'with="router.json"' in (tmp_path / "out" / "best.moaql").read_text(encoding="utf-8")
    again = moaql.evaluate(moaql.load(tmp_path / "out" / "best.moaql"), bank="none")
    assert again.row("t").score >= 0.97
    assert again.row("t").cost_per_item == pytest.approx(found["cost_after"], rel=0.1)


def test_weights_are_fitted_and_written(fit: Any, tmp_path: Path) -> None:
    program = "topology t = layer [weak, other, strong] -> vote by=number tie=first weights=?\n"
    found = fit(program, "--fit", "weights", "-o", "best.moaql")
    assert (found["after"], found["accepted"]) == (1.0, True)
    written = (tmp_path / "best.moaql").read_text(encoding="utf-8")
    assert "weights={" in written
    assert "# Fitted on " in written
    assert moaql.evaluate(moaql.load(tmp_path / "best.moaql"), bank="none").row("t").score == 1.0


def test_the_table_says_what_it_is_compared_with(fit: Any, tmp_path: Path) -> None:
    fit(CASCADE.format("0"), "--fit", "thresholds")
    done = CliRunner().invoke(command, ["p.moaql", "--no-bank", "--fit", "thresholds"])
    assert done.exit_code == 0
    for part in ("fitted", "as it was", "always when=no", "→ 0.8", "120 items, cross-fitted"):
        assert part in done.output


def test_a_file_that_somebody_wrote_is_not_overwritten(fit: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.moaql").write_text("# mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match="was not written by a fit"):
        fit(CASCADE.format("0"), "--fit", "thresholds", "-o", "mine.moaql")
    assert fit(CASCADE.format("0"), "--fit", "thresholds", "-o", "mine.moaql", "--force")["written"] == ["mine.moaql"]


@pytest.mark.parametrize(
    ("program", "arguments", "world", "said"),
    [
        ("topology t = weak\n", ["thresholds"], {}, "there is no threshold to fit"),
        ("topology t = weak\n", ["router"], {}, "has no route of this file by a router"),
        ("topology t = weak\n", ["weights"], {}, "has no `weights=?` to fit"),
        (CASCADE.format("0"), ["thresholds"], {"items": 29}, "29 items of set are too few"),
        (ROUTE, ["router"], {"items": 29}, "29 items of set are too few"),
        (CASCADE.format("0"), ["thresholds"], {"learnable": False}, "there is nothing to learn"),
        (ROUTE, ["router"], {"learnable": False}, "there is nothing to learn"),
        (CASCADE.format("0"), ["thresholds", "--only", "score"], {}, "has no threshold `score`"),
        (CASCADE.format("0"), ["router", "--only", "agreement"], {}, "`--only` names thresholds"),
        (CASCADE.format("0"), ["thresholds", "--embedding", "m"], {}, "`--embedding` is for a router"),
    ],
)
def test_what_cannot_be_fitted_is_told(
    fit: Any, program: str, arguments: list[str], world: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        fit(program, "--fit", *arguments, world=world)
    assert said in caught.value.message
    assert caught.value.next_step


def test_an_embeddings_endpoint_that_is_down_is_told(fit: Any) -> None:
    with pytest.raises(moaql.ProviderError) as caught:
        fit(
            ROUTE,
            "--fit",
            "router",
            "--embedding",
            "small",
            "--embedding-url",
            "http://127.0.0.1:9/v1",
            "--attempts",
            "1",
        )
    assert caught.value.exit_code == 3
